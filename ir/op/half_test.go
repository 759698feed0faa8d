package op

import (
	"math"
	"testing"
)

// The number of AMCT 9.9, and both ways of a scale.
func TestHalfGolden(t *testing.T) {
	if got := math.Float32bits(S19(math.Float32frombits(0x3904C06B))); got != 0x3904C000 {
		t.Errorf("S19 gives %#x", got)
	}
	t.Logf("golden values of AMCT 9.9: %d", 1)
	for _, c := range []struct {
		s, want float64
	}{
		{.1, .0999755859375}, {1, 1}, {0x1p-14, 0x1p-14}, {65504, 65504},
		{1e-6, 1.000808879325632e-06}, // the square of float16(0.001)
		{1e6, 1e6},                    // 1000 is a float16
	} {
		got, ok := HalfScale(float32(c.s))
		if !ok || math.Abs(float64(got)-c.want) > 1e-7*c.want {
			t.Errorf("%v becomes %v, want %v", c.s, got, c.want)
		}
	}
	for _, s := range []float32{1e-16, float32(math.Inf(1)), float32(math.NaN()), 0} {
		if got, ok := HalfScale(s); ok {
			t.Errorf("%v becomes %v", s, got)
		}
	}
}
