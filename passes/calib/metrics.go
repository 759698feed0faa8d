package calib

import "math"

// Error accumulates the difference between a reference and an approximation, in float64. Sums have the order of the
// elements, so that a report is the same bytes on every machine.
type Error struct {
	n                    int
	noise                float64
	dot, refSq, approxSq float64
	MaxAbs               float64
}

// Add sees the next elements.
func (e *Error) Add(ref, approx []float32) {
	e.n += len(ref)
	for i, v := range ref {
		a, b := float64(v), float64(approx[i])
		d := a - b
		e.dot += float64(a * b)
		e.refSq += float64(a * a)
		e.approxSq += float64(b * b)
		e.noise += float64(d * d)
		e.MaxAbs = max(e.MaxAbs, math.Abs(d))
	}
}

// SQNR is 10*log10(signal/noise) in dB, to nine digits behind the point, in which logarithms of all machines agree; +Inf without
// noise, -Inf without signal.
func (e *Error) SQNR() float64 {
	if e.noise == 0 {
		return math.Inf(1)
	}
	if e.refSq == 0 {
		return math.Inf(-1)
	}
	return math.Round(10*math.Log10(e.refSq/e.noise)*1e9) / 1e9
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
