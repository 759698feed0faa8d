package amctc

import "testing"

func TestBound(t *testing.T) {
	for _, c := range []struct {
		name            string
		seconds, ofPeak float64
		macs, moved     int64
		threads         int
		want            string
	}{
		{"short, though at the peak", 0.5e-6, 0.9, 1e5, 1e3, 1, "call"},
		{"at the peak", 100e-6, 0.61, 1e7, 1e6, 1, "multiply-adds"},
		{"a matrix product of one row", 100e-6, 0.05, 1280 * 1000, 1290e3, 1, "memory"},
		{"a sum of codes", 10e-6, 0, 0, 150e3, 1, "L2"},
		{"a small sum of codes", 1.2e-6, 0, 0, 15e3, 1, "L1"},
		{"a small sum of two cores", 2e-6, 0, 0, 50e3, 2, "L1"},
		{"codes in another order, slowly", 100e-6, 0, 0, 150e3, 1, "kernel"},
		{"many multiply-adds, far from the peak", 100e-6, 0.4, 1e7, 200e3, 1, "kernel"},
		{"many multiply-adds, a lot moved", 100e-6, 0.4, 1e8, 1100e3, 1, "memory"},
		{"the same on two cores", 100e-6, 0.4, 1e8, 1100e3, 2, "kernel"},
		{"no peak known", 100e-6, 0, 1e7, 200e3, 1, "kernel"},
	} {
		if got := bound(c.seconds, c.ofPeak, c.macs, c.moved, c.threads); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
