package f32

import (
	"math"
	"testing"
)

// TestTurn holds parts of a turn against the library, and the quarters, which are exact.
func TestTurn(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 7, 8, 12, 360, 512, 1 << 20} {
		for _, k := range []int{0, 1, 2, 3, n / 4, n / 3, n / 2, n - 1, n, 5*n + 1, -1, -n} {
			sin, cos := Turn(k, n)
			a := 2 * math.Pi * float64(k%n) / float64(n)
			if math.Abs(sin-math.Sin(a)) > 1e-15 || math.Abs(cos-math.Cos(a)) > 1e-15 {
				t.Errorf("%d of %d: %v, %v, want about %v, %v", k, n, sin, cos, math.Sin(a), math.Cos(a))
			}
			if 4*k%n == 0 && (sin != math.Round(sin) || cos != math.Round(cos)) {
				t.Errorf("%d of %d: %v, %v are not exact", k, n, sin, cos)
			}
		}
	}
}
