package calib

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckWeights(t *testing.T) {
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(-1)), 2e9, -2e9} {
		if err := CheckWeights([]float32{0, v}, 8); err == nil || !strings.Contains(err.Error(), "element 1") {
			t.Errorf("%v: %v", v, err)
		}
	}
	if err := CheckWeights([]float32{0, 1e9, -1e-40}, 8); err != nil {
		t.Error(err)
	}
}

// TestARQHalfStep: a weight moves by at most half a step, or by one where the negative end dominates
// and the highest code saturates; and the extreme of a channel takes an extreme code.
func TestARQHalfStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 4).Draw(t, "channels")
		w := rapid.SliceOfN(rapid.Float32Range(-100, 100), 6*channels, 6*channels).Draw(t, "w")
		perChannel := rapid.Bool().Draw(t, "per channel")
		bits := rapid.SampledFrom([]int{4, 6, 7, 8}).Draw(t, "bits")
		scale, codes := ARQ(w, channels, perChannel, bits)
		lo, hi := CodeRange(bits)
		per := len(w) / len(scale)
		extreme := make([]bool, len(scale))
		for i, q := range codes {
			s := scale[i/per]
			steps := 0.5
			if int32(q) == hi {
				steps = 1
			}
			if e := math.Abs(float64(q)*float64(s) - float64(w[i])); e > float64(s)*(steps+1e-4) {
				t.Fatalf("%v became %d * %v", w[i], q, s)
			}
			extreme[i/per] = extreme[i/per] || int32(q) == lo || int32(q) == hi
		}
		for c := range extreme {
			if !extreme[c] && scale[c] != 1 {
				t.Fatalf("channel %d with scale %v has no extreme code: %v", c, scale[c], codes)
			}
		}
	})
}

// TestNearlyZeroChannels take scale 1.
func TestNearlyZeroChannels(t *testing.T) {
	w := []float32{0, 0, 1e-5, -1e-6, 1e-4, 0}
	scale, codes := ARQ(w, 3, true, 8)
	if scale[0] != 1 || scale[1] != 1 || scale[2] == 1 {
		t.Errorf("%v", scale)
	}
	if !slices.Equal(codes, []int8{0, 0, 0, 0, 127, 0}) {
		t.Errorf("%v", codes)
	}
}

func TestFakeQuantWeights(t *testing.T) {
	got := FakeQuantWeights([]float32{.26, -9, .5, 1}, []float32{.1, .5}, 8)
	if want := []float32{float32(3) * .1, float32(-90) * .1, .5, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestBias(t *testing.T) {
	got, err := Bias([]float32{.5, 1.5, -2.5}, 1, []float32{1})
	if err != nil || !slices.Equal(got, []int32{0, 2, -2}) {
		t.Errorf("%v %v", got, err)
	}
	_, err = Bias([]float32{0, 1000}, 0.5, []float32{1, 1e-7})
	if err == nil || !strings.Contains(err.Error(), "channel 1") || !strings.Contains(err.Error(), "smallest weight scale") {
		t.Fatal(err)
	}
	for _, b := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		if _, err := Bias([]float32{b}, 1, []float32{1}); err == nil {
			t.Errorf("bias %v was accepted", b)
		}
	}
}

// TestFloorScales: the cases that AMCT refuses.
func TestFloorScales(t *testing.T) {
	w := []float32{0, 0, .5, -.5, 1e-6, 0}
	b := []float32{3, .1, 4}
	s, _ := ARQ(w, 3, true, 8)
	floored, raised := FloorScales(s, w, b, 0.0235, 8)
	if len(raised) != 2 || raised[0].Channel != 0 || raised[1].Channel != 2 || floored[1] != s[1] {
		t.Fatalf("%v %v", floored, raised)
	}
	q, err := Bias(b, 0.0235, floored)
	if err != nil {
		t.Fatal(err)
	}
	for c := range b {
		if got := float64(q[c]) * float64(floored[c]) * 0.0235; math.Abs(got-float64(b[c])) > 1e-5*math.Abs(float64(b[c]))+1e-4 {
			t.Errorf("bias %v became %v", b[c], got)
		}
	}
	if again, r := FloorScales(floored, w, b, 0.0235, 8); len(r) != 0 || !slices.Equal(again, floored) {
		t.Errorf("not idempotent: %v", r)
	}
}

// TestFloorLaws: for any layer every bias fits afterwards with room and small error, applying
// the floor twice is applying it once, and scales of living channels whose bias fits do not move.
func TestFloorLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 4).Draw(t, "channels")
		value := rapid.OneOf(rapid.Float32Range(-1, 1), rapid.Just(float32(0)), rapid.Float32Range(-1e-5, 1e-5), rapid.Float32Range(-2e-9, 2e-9))
		w := rapid.SliceOfN(value, 3*channels, 3*channels).Draw(t, "w")
		b := rapid.SliceOfN(rapid.Float32Range(-100, 100), channels, channels).Draw(t, "b")
		scaleX := rapid.Float32Range(1e-4, 1).Draw(t, "scale of x")
		scale, _ := ARQ(w, channels, rapid.Bool().Draw(t, "per channel"), 8)
		floored, raised := FloorScales(scale, w, b, scaleX, 8)
		q, err := Bias(b, scaleX, floored)
		if err != nil {
			t.Fatal(err)
		}
		for c, q := range q {
			if q > 1<<28+32 || q < -1<<28-32 {
				t.Fatalf("b_q %d of channel %d has no room", q, c)
			}
		}
		if again, r := FloorScales(floored, w, b, scaleX, 8); len(r) > 0 || !slices.Equal(again, floored) {
			t.Fatalf("again: %v", r)
		}
		for _, r := range raised {
			if r.From != scale[r.Channel] || r.To != floored[r.Channel] || r.Bias == 0 {
				t.Fatalf("%+v", r)
			}
		}
		codes := QuantizeWeights(w, scale, 8)
		for c := range floored {
			per := len(w) / len(scale)
			alive := slices.ContainsFunc(codes[c*per:(c+1)*per], func(q int8) bool { return q != 0 })
			largest := slices.MaxFunc(b[c*len(b)/len(scale):(c+1)*len(b)/len(scale)], func(x, y float32) int {
				return int(math.Copysign(1, float64(abs(x)-abs(y))))
			})
			if fits := float64(abs(largest)) <= float64(scaleX)*float64(scale[c])*(1<<28); alive && fits && floored[c] != scale[c] {
				t.Fatalf("channel %d moved from %v to %v", c, scale[c], floored[c])
			}
		}
	})
}
