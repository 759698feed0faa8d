package calib

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestGoldenShift holds AMCT 9.9.
func TestGoldenShift(t *testing.T) {
	s := NewShiftSearch(1)
	if err := s.Add(0, []float32{123456, -98765, 4000000, 70000}, 1); err != nil {
		t.Fatal(err)
	}
	n, e, err := s.Result()
	if err != nil || !slices.Equal(n, []int{7}) || e[0] != 19241 {
		t.Errorf("shift %v, error %v, %v; want 7, 19241", n, e, err)
	}
	t.Logf("golden values of AMCT 9.9: %d", 2)
}

// TestShift holds the search against its definition, in any parts and for channels of their own.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), 1, 20).Draw(t, "x")
		scale := rapid.Float32Range(1e-3, 10).Draw(t, "scale")
		cut := rapid.IntRange(0, len(x)).Draw(t, "cut")
		s := NewShiftSearch(2)
		for _, part := range [][]float32{x[:cut], x[cut:]} {
			if err := s.Add(1, part, scale); err != nil {
				t.Fatal(err)
			}
		}
		n, e, err := s.Result()
		if err != nil || n[0] != 1 || e[0] != 0 {
			t.Fatalf("%v %v %v", n, e, err)
		}
		for try := 1; try <= 16; try++ {
			var sum float64
			for _, v := range x {
				acc := math.RoundToEven(float64(v / scale))
				p := math.Pow(2, float64(try))
				d := min(max(math.Floor(acc/p), -32768), 32767)*p - acc
				sum += d * d
			}
			if try == n[1] && math.Abs(sum-e[1]) > 1e-9*sum || sum < e[1]*(1-1e-9) {
				t.Fatalf("shift %d errs by %v; found %d with %v", try, sum, n[1], e[1])
			}
		}
	})
	if _, _, err := NewShiftSearch(1).Result(); err == nil {
		t.Error("no error without data")
	}
	for _, v := range []float32{float32(math.NaN()), 1e30} {
		if NewShiftSearch(1).Add(0, []float32{v}, 1) == nil {
			t.Errorf("%v was taken", v)
		}
	}
}
