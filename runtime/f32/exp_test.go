package f32

import (
	"math"
	"testing"
)

// TestExp holds Exp against the float64 exponential at every 1000th float32 of its range.
func TestExp(t *testing.T) {
	for b := uint32(0); b < 0x43000000; b += 997 {
		for _, x := range []float32{math.Float32frombits(b), -math.Float32frombits(b)} {
			got, want := Exp(x), float32(math.Exp(float64(x)))
			if got == want {
				continue
			}
			next := math.Nextafter32(want, got)
			if next != got {
				t.Fatalf("Exp(%v) = %v, want %v", x, got, want)
			}
		}
	}
}

func TestExpEdges(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct{ x, want float32 }{
		{0, 1}, {float32(math.Copysign(0, -1)), 1}, {inf, inf}, {-inf, 0}, {1000, inf}, {-1000, 0},
		{1, 2.7182817}, {88.72284, 3.4028235e38 * (1 - 1.5e-5)},
	} {
		got := Exp(c.x)
		if got != c.want && !(c.x == 88.72284 && got > 3.4e38) {
			t.Errorf("Exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if v := Exp(float32(math.NaN())); v == v {
		t.Errorf("Exp(NaN) = %v", v)
	}
}
