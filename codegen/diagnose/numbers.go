package diagnose

import (
	"math"
	"slices"
)

// median is the lower median; 0 of nothing.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Clone(x)
	slices.Sort(s)
	return s[(len(s)-1)/2]
}

// over is a/b; 1 when both are zero.
func over(a, b float64) float64 {
	switch {
	case b > 0:
		return a / b
	case a > 0:
		return math.Inf(1)
	}
	return 1
}

// db is a noise-to-signal ratio as signal over noise in dB.
func db(ratio float64) float64 {
	if ratio == 0 {
		return math.Inf(1)
	}
	return float64(-10 * math.Log10(ratio))
}

// gain is the dB by which a ratio falls from a to b; a ratio of nothing counts as one of 120 dB.
func gain(a, b float64) float64 {
	const nothing = 1e-12
	return db(max(b, nothing)) - db(max(a, nothing))
}

func pow10(x float64) float64 { return math.Pow(10, x) }

func nan() float64 { return math.NaN() }
