package calib

import (
	"math"
	"testing"
)

// rows are the greatest absolute values of n rows of x.
func rows(x []float32, n int) []float32 {
	out := make([]float32, n)
	per := len(x) / n
	for i, v := range x {
		out[i/per] = max(out[i/per], abs(v))
	}
	return out
}

// TestDMQGolden holds the factors against those that AMCT gives.
func TestDMQGolden(t *testing.T) {
	act := rows([]float32{1, -2, 3, 0, 0, 0, 8, 4, -16, 0, 0, 0}, 4)
	weight := rows([]float32{.5, -.25, .125, .5, 0, 0, 0, 0}, 4)
	for _, c := range []struct {
		strength float64
		want     []float32
	}{
		{0.5, []float32{2.44948983, 2.44948983, 13.0639458, 1}},
		{0.8, []float32{2.76632357, 2.76632357, 14.753726, 1}},
	} {
		for i, f := range DMQ(act, weight, c.strength) {
			if !near(f, c.want[i], 2e-7) {
				t.Errorf("strength %v, channel %d: %v, want %v", c.strength, i, f, c.want[i])
			}
		}
	}
	t.Logf("golden values of AMCT 9.4: %d", 2*4)
}

// TestDMQNothing holds that channels without activations, without weights and without either get factors in
// range, also where no channel has both.
func TestDMQNothing(t *testing.T) {
	for _, c := range []struct{ act, weight, want []float32 }{
		{[]float32{0, 0}, []float32{1, 2}, []float32{1, 1}},
		{[]float32{3, 0}, []float32{0, 0}, []float32{1, 1}},
		{[]float32{3, 0}, []float32{0, 4}, []float32{1, 1}},
		{[]float32{0, 0}, []float32{0, 0}, []float32{1, 1}},
		{[]float32{4, 0}, []float32{1, 0}, []float32{2, 1}},
		{[]float32{1e30, 1}, []float32{1e-6, 1}, []float32{maxBalance, 1}},
	} {
		for i, f := range DMQ(c.act, c.weight, .5) {
			if f != c.want[i] || !BalanceRange(f) {
				t.Errorf("act %v, weight %v: channel %d has %v, want %v", c.act, c.weight, i, f, c.want[i])
			}
		}
	}
}

// TestSmoothGolden holds factors and the scales of the smoothed layer against those that AMCT gives.
func TestSmoothGolden(t *testing.T) {
	x, w := g(48, 33), g(32, 31) // 6 rows of activations and 4 of weights, 8 channels
	for i := range x {
		x[i] /= 8
		if i%8 == 2 {
			x[i] *= 8
		}
	}
	for i := range w {
		w[i] /= 16
	}
	columns := func(x []float32) []float32 {
		out := make([]float32, 8)
		for i, v := range x {
			out[i%8] = max(out[i%8], abs(v))
		}
		return out
	}
	f := Smooth(columns(x), columns(w), .5)
	want := []float32{1.54541159, 1.26150513, 6.71604919, 1.53360617, 1.26417613, 1.44282925, 1.08496213, 1.26524162}
	for i := range f {
		if !near(f[i], want[i], 2e-7) {
			t.Errorf("channel %d: %v, want %v", i, f[i], want[i])
		}
	}
	o := NewMinMax(true, 8)
	o.Begin(0)
	for i := range x {
		x[i] = float32(x[i] / f[i%8])
	}
	for i := range w {
		w[i] = float32(w[i] * f[i%8])
	}
	if err := o.Add(x); err != nil {
		t.Fatal(err)
	}
	if _, err := o.End(); err != nil {
		t.Fatal(err)
	}
	p, err := o.Result()
	if err != nil || !near(p.Scale, 0.0106904153, 2e-7) || p.Offset != 14 {
		t.Errorf("scale_d %v, offset %d, %v", p.Scale, p.Offset, err)
	}
	scale, _ := ARQ(w, 4, true, 8)
	for i, s := range []float32{0.00860355329, 0.0117653403, 0.00939097442, 0.0118188858} {
		if !near(scale[i], s, 2e-7) {
			t.Errorf("scale_w %d: %v, want %v", i, scale[i], s)
		}
	}
	t.Logf("golden values of AMCT 9.6: %d", 8+2+4)
}

func TestEqualizing(t *testing.T) {
	for _, c := range []struct{ before, after, want float64 }{{4, 1, 2}, {1, 4, .5}, {0, 3, 1}, {3, 0, 1}, {2, 2, 1}} {
		if s := Equalizing(c.before, c.after); s != c.want || c.before > 0 && c.after > 0 && c.before/s != c.after*s {
			t.Errorf("%v and %v: %v, want %v", c.before, c.after, s, c.want)
		}
	}
}

func near(a, b float32, relative float64) bool {
	return math.Abs(float64(a)-float64(b)) <= relative*math.Abs(float64(b))
}
