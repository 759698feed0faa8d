package calib

import "math"

// minBalance and maxBalance bound a balance factor: AMCT wants it in (Eps, 1/Eps) (AMCT 2.5).
const (
	minBalance = 0x1p-22
	maxBalance = 0x1p22
)

// BalanceRange says whether f may be a balance factor.
func BalanceRange(f float32) bool { return f > Eps && f < 1/Eps }

// DMQ gives the factors of AMCT's DMQ balancer (AMCT 2.5): act and weight are the greatest absolute
// values of each input channel of a layer, strength is the migration strength in [0.2, 0.8]. The
// activation is divided by its factor and the weights are multiplied by it:
//
//	f = act^m / weight^(1-m)
//
// A channel without weights gets act/A, A the greatest act/f of channels with both; one without
// activations W/weight, W the greatest weight*f; one with neither 1. Where no channel has both, every
// factor is 1. Factors are computed in float64, rounded once, and kept within [2^-22, 2^22].
func DMQ(act, weight []float32, strength float64) []float32 {
	const eps = Eps
	f := make([]float64, len(act))
	var actOut, weightOut float64
	for i := range f {
		a, w := float64(act[i]), float64(weight[i])
		if a < eps || w < eps {
			continue
		}
		f[i] = math.Pow(a, strength) / math.Pow(w, 1-strength)
		if f[i] >= eps {
			actOut, weightOut = max(actOut, a/f[i]), max(weightOut, float64(w*f[i]))
		}
	}
	out := make([]float32, len(act))
	for i := range f {
		a, w := float64(act[i]), float64(weight[i])
		switch {
		case f[i] >= eps:
		case a >= eps && w < eps && actOut > 0:
			f[i] = a / actOut
		case a < eps && w >= eps && weightOut > 0:
			f[i] = weightOut / w
		default:
			f[i] = 1
		}
		out[i] = balanceFactor(f[i])
	}
	return out
}

// Smooth gives SmoothQuant's factors (AMCT 2.12): f = act^s / weight^(1-s) for each input channel, 1 where
// that is not finite or below Eps. Arguments, use and rounding are those of DMQ; strength lies in (0, 1).
func Smooth(act, weight []float32, strength float64) []float32 {
	out := make([]float32, len(act))
	for i := range out {
		f := math.Pow(float64(act[i]), strength) / math.Pow(float64(weight[i]), 1-strength)
		if !(f >= Eps) || math.IsInf(f, 0) {
			f = 1
		}
		out[i] = balanceFactor(f)
	}
	return out
}

// Equalizing is the factor that gives a channel the same range on both sides (Nagel 2019): before is the
// greatest absolute weight that makes the channel, after that of the weights that read it. The channel is
// divided by sqrt(before*after)/after. A channel that nothing makes or nothing reads keeps its range: 1.
func Equalizing(before, after float64) float64 {
	if before < Eps || after < Eps {
		return 1
	}
	return math.Sqrt(float64(before*after)) / after
}

// Product is the factor of two balances after each other.
func Product(f, g float32) float32 { return balanceFactor(float64(float64(f) * float64(g))) }

func balanceFactor(f float64) float32 { return float32(min(max(f, minBalance), maxBalance)) }
