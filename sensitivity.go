package amctc

import "math"

// Similarity is AMCT's sensitivity metric of a tensor and its quantized form: 0.5 + 0.5 cos, 1 when the
// original is zero everywhere, 0 when the quantized form is (AMCT 2.13).
func Similarity(original, quantized []float64) float64 {
	var dot, xx, yy float64
	for i, x := range original {
		y := quantized[i]
		dot += float64(x * y)
		xx += float64(x * x)
		yy += float64(y * y)
	}
	switch {
	case xx == 0:
		return 1
	case yy == 0:
		return 0
	}
	return 0.5 + float64(0.5*dot/math.Sqrt(float64(xx*yy)))
}
