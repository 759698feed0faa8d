// SPDX-License-Identifier: MIT-0

// Package f32 defines the float32 functions whose bits every engine of amctc shares. It depends on
// nothing but basic float64 operations, each rounded once, so that every architecture gives the
// same bits; Go's own math functions do not.
package f32

import "math"

const (
	log2e = 1.44269504088896338700e+00
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// expCoef are 1/k! for k = 11 down to 0.
var expCoef = [...]float64{
	1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
	1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1,
}

// Exp is e to the power x, the float64 value of a fixed polynomial rounded once: within 0.5 ulp
// plus one part in 2^20 of an ulp. Exp(NaN) is NaN, Exp(+Inf) is +Inf, Exp(-Inf) is +0; results
// beyond the range overflow to +Inf and underflow through the subnormals to +0.
func Exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > 89:
		return float32(math.Inf(1))
	case x < -104:
		return 0
	}
	v := float64(x)
	n := math.RoundToEven(float64(v * log2e))
	r := float64(v - float64(n*ln2Hi))
	r = float64(r - float64(n*ln2Lo))
	p := expCoef[0]
	for _, c := range expCoef[1:] {
		p = float64(float64(p*r) + c)
	}
	scale := math.Float64frombits(uint64(1023+int64(n)) << 52)
	return float32(float64(p * scale))
}
