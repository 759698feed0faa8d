package calib

import (
	"math"
	"testing"
)

func TestError(t *testing.T) {
	var e Error
	e.Add([]float32{3, 4}, []float32{3, 4})
	if e.SQNR() != math.Inf(1) || e.Cosine() != 1 || e.MSE() != 0 || e.MaxAbs != 0 {
		t.Errorf("equal: %v %v %v %v", e.SQNR(), e.Cosine(), e.MSE(), e.MaxAbs)
	}
	e.Add([]float32{0, 0}, []float32{.3, -.4})
	e.Add(nil, nil)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s %v, want %v", what, got, want)
		}
	}
	near("SQNR", e.SQNR(), 20)
	near("cosine", e.Cosine(), 25/math.Sqrt(25*25.25))
	near("MSE", e.MSE(), .0625)
	near("largest", e.MaxAbs, .4)

	var zero, half Error
	if zero.Cosine() != 1 || zero.MSE() != 0 {
		t.Error("no data")
	}
	half.Add([]float32{0}, []float32{1})
	if half.Cosine() != 0 || half.SQNR() != math.Inf(-1) {
		t.Errorf("no signal: %v %v", half.Cosine(), half.SQNR())
	}
}
