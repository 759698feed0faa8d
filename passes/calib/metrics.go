package calib

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// Error accumulates the difference between a reference and an approximation, in float64.
type Error struct {
	n                    int
	signal, noise        float64
	dot, refSq, approxSq float64
	MaxAbs               float64
	ref, approx          []float64
}

// Add sees the next elements.
func (e *Error) Add(ref, approx []float32) {
	e.ref, e.approx = widen(e.ref, ref), widen(e.approx, approx)
	e.n += len(ref)
	e.dot += floats.Dot(e.ref, e.approx)
	e.refSq += floats.Dot(e.ref, e.ref)
	e.approxSq += floats.Dot(e.approx, e.approx)
	d := floats.Distance(e.ref, e.approx, 2)
	e.noise += float64(d * d)
	if len(ref) > 0 {
		e.MaxAbs = max(e.MaxAbs, floats.Distance(e.ref, e.approx, math.Inf(1)))
	}
}

func widen(to []float64, x []float32) []float64 {
	to = to[:0]
	for _, v := range x {
		to = append(to, float64(v))
	}
	return to
}

// SQNR is 10*log10(signal/noise) in dB; +Inf without noise, -Inf without signal.
func (e *Error) SQNR() float64 {
	if e.noise == 0 {
		return math.Inf(1)
	}
	return float64(10 * math.Log10(e.refSq/e.noise))
}

// Cosine is the cosine of the angle between both; 1 when both are zero, 0 when one is.
func (e *Error) Cosine() float64 {
	switch {
	case e.refSq == 0 && e.approxSq == 0:
		return 1
	case e.refSq == 0 || e.approxSq == 0:
		return 0
	}
	return e.dot / math.Sqrt(e.refSq*e.approxSq)
}

// MSE is the mean squared difference.
func (e *Error) MSE() float64 {
	if e.n == 0 {
		return 0
	}
	return e.noise / float64(e.n)
}
