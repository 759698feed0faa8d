package calib

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestRoundingStart: soft weights begin as the weights are, limited to the codes, and rounded at once they
// are the nearest codes.
func TestRoundingStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		w := rapid.SliceOfN(rapid.Float32Range(-4, 4), 4*channels, 4*channels).Draw(t, "w")
		bits := rapid.IntRange(2, 8).Draw(t, "bits")
		scale := MSEScales(w, channels, rapid.Bool().Draw(t, "per channel"), bits)
		v := NewRounding(w, scale, bits, DefaultAdaRound())
		soft := make([]float32, len(w))
		v.Weights(soft)
		lo, hi := CodeRange(bits)
		near := QuantizeWeights(w, scale, bits)
		for i, q := range v.Codes() {
			s := float64(v.scaleAt(i))
			x := float64(w[i]) / s
			if want := min(max(x, float64(lo)), float64(hi)) * s; math.Abs(float64(soft[i])-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("weight %d is %v at the start, want %v", i, soft[i], want)
			}
			if q != near[i] && math.Abs(math.Abs(x-math.Floor(x))-.5) > 1e-4 {
				t.Fatalf("weight %v of scale %v is rounded to %d, nearest is %d", w[i], s, q, near[i])
			}
		}
	})
}

// TestRoundingLaws: whatever is learned, a code is the one below or above its weight, within the range.
func TestRoundingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SliceOfN(rapid.Float32Range(-4, 4), 8, 8).Draw(t, "w")
		v := NewRounding(w, []float32{.5}, 4, DefaultAdaRound())
		copy(v.A, rapid.SliceOfN(rapid.Float32Range(-9, 9), 8, 8).Draw(t, "a"))
		for i, q := range v.Codes() {
			below := math.Floor(float64(w[i]) / .5)
			if x := float64(q); x != min(max(below, -8), 7) && x != min(max(below+1, -8), 7) {
				t.Fatalf("%v became %d", w[i], q)
			}
		}
	})
}

// TestRoundingGradient holds the gradient against differences of the loss: a linear reconstruction error and
// the term that drives to the ends.
func TestRoundingGradient(t *testing.T) {
	cfg := AdaRoundConfig{Iterations: 100, Reg: .3, BetaStart: 6, BetaEnd: 2, WarmStart: .2}
	w := g(40, 9)
	dw := g(40, 10)
	scale := []float32{.7, 1.9}
	v := NewRounding(w, scale, 4, cfg)
	soft := make([]float32, len(w))
	for _, iteration := range []int{5, 20, 50, 99} {
		beta, drive := cfg.Beta(iteration)
		loss := func(i int) float64 {
			v.Weights(soft)
			l := 2 * float64(dw[i]) * float64(soft[i])
			if drive {
				l += cfg.Reg * (1 - math.Pow(math.Abs(2*float64(v.h[i])-1), float64(beta)))
			}
			return l
		}
		v.Weights(soft)
		v.Learn(dw, 2, iteration)
		grad := append([]float32(nil), v.Gradient...)
		compared := 0
		for i := range w {
			if v.h[i] < .02 || v.h[i] > .98 || v.floor[i] < -8 || v.floor[i] >= 7 {
				continue
			}
			const d = .02
			a := v.A[i]
			v.A[i] = a + d
			up := loss(i)
			v.A[i] = a - d
			down := loss(i)
			v.A[i] = a
			if want := (up - down) / (2 * d); math.Abs(want-float64(grad[i])) > 2e-3*(1+math.Abs(want)) {
				t.Errorf("iteration %d, weight %d: gradient %v, difference %v", iteration, i, grad[i], want)
			}
			compared++
		}
		if compared < 10 {
			t.Errorf("%d weights lie within the codes, too few", compared)
		}
	}
}

// TestBeta: no term during the warm start, then from the first exponent down to the last.
func TestBeta(t *testing.T) {
	c := DefaultAdaRound()
	if _, counts := c.Beta(1999); counts {
		t.Error("the term counts during the warm start")
	}
	last := 20
	for i := 2000; i < c.Iterations; i++ {
		beta, counts := c.Beta(i)
		if !counts || beta > last || i == 2000 && beta != 20 || i == c.Iterations-1 && beta != 2 {
			t.Fatalf("iteration %d: exponent %d after %d", i, beta, last)
		}
		last = beta
	}
}
