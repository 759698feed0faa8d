// SPDX-License-Identifier: MIT-0

package f32

import (
	"math"
	"math/bits"
)

// The functions of this file take and give float64 and are accurate far beyond float32. Every product and
// sum is rounded on its own.

// exp64 is e to the power v, for |v| up to 700.
func exp64(v float64) float64 {
	switch {
	case v != v:
		return v
	case v > 700:
		return math.Inf(1)
	case v < -700:
		return 0
	}
	n := math.RoundToEven(float64(v * log2e))
	r := float64(v - float64(n*ln2Hi))
	r = float64(r - float64(n*ln2Lo))
	return float64(poly(r, expCoef[:]) * math.Float64frombits(uint64(1023+int64(n))<<52))
}

// poly is a polynomial in x, the highest coefficient first.
func poly(x float64, c []float64) float64 {
	p := c[0]
	for _, v := range c[1:] {
		p = float64(float64(p*x) + v)
	}
	return p
}

// atanhSum is 2*atanh(s) for |s| <= 0.18.
func atanhSum(s float64) float64 {
	z := float64(s * s)
	return float64(2 * float64(s*poly(z, oddCoef[:])))
}

// oddCoef are 1/k for k = 21, 19 down to 1.
var oddCoef = [...]float64{1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3, 1}

// log64 is the natural logarithm.
func log64(v float64) float64 {
	switch {
	case v != v || v > math.MaxFloat64:
		return v
	case v < 0:
		return math.NaN()
	case v == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(v)
	if m < math.Sqrt2/2 {
		m, e = float64(2*m), e-1
	}
	n := float64(e)
	s := float64(float64(m-1) / float64(m+1))
	return float64(float64(n*ln2Hi) + float64(float64(n*ln2Lo)+atanhSum(s)))
}

// log1p64 is log(1+y), accurate near 0 too.
func log1p64(y float64) float64 {
	if y > -0.29 && y < 0.41 {
		return atanhSum(float64(y / float64(2+y)))
	}
	return log64(float64(1 + y))
}

// atan64 is the arc tangent.
func atan64(v float64) float64 {
	t := math.Abs(v)
	base, back := 0.0, t > 1
	if back {
		t = float64(1 / t)
	}
	if t > 0.2679491924311227 { // tan(pi/12)
		t = float64(float64(float64(t*sqrt3)-1) / float64(t+sqrt3))
		base = math.Pi / 6
	}
	z := float64(t * t)
	r := float64(base + float64(t*poly(-z, atanCoef[:])))
	if back {
		r = float64(math.Pi/2 - r)
	}
	return math.Copysign(r, v)
}

const sqrt3 = 1.7320508075688772

// atanCoef are 1/k for k = 25, 23 down to 1, the signs in the argument.
var atanCoef = [...]float64{1. / 25, 1. / 23, 1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3, 1}

// pi/2 in three parts, the first two of 28 bits, so that their products with numbers below 2^25 are exact.
const (
	halfPi1 = 1.570796325802803
	halfPi2 = 9.920935739593517e-10
	halfPi3 = 5.721188726109832e-18
)

// twoOverPi are the leading bits of 2/pi.
var twoOverPi = [...]uint64{0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561}

// quarter reduces a finite float32 to r in [-pi/4, pi/4] and the number n of quarter turns taken away, of
// which the low two bits count.
func quarter(x float32) (r float64, n int) {
	v := float64(x)
	if math.Abs(v) < 1<<25 {
		q := math.RoundToEven(float64(v * (2 / math.Pi)))
		r = float64(v - float64(q*halfPi1))
		r = float64(r - float64(q*halfPi2))
		return float64(r - float64(q*halfPi3)), int(q)
	}
	// x = m*2^e with m of 24 bits, e at least 2. Bits of 2/pi whose products with x are multiples of 4 do not
	// count: the product with the 128 bits behind them, taken modulo 2^128, is x*(2/pi) modulo 4.
	b := math.Float32bits(x)
	m, at := uint64(b&0x7fffff|0x800000), int(b>>23&0xff)-152
	high, low := bits.Mul64(m, window(at+64))
	high += m * window(at)
	turns := int(high >> 62)
	fraction := int64(high<<2 | low>>62) // of a quarter turn, 2^64 is one
	if fraction < 0 {
		turns++
	}
	r = float64(float64(float64(fraction)*0x1p-64) * (math.Pi / 2))
	if x < 0 {
		return -r, -turns
	}
	return r, turns
}

// window is 64 bits of 2/pi behind the first at.
func window(at int) uint64 {
	i, s := at/64, uint(at%64)
	return twoOverPi[i]<<s | twoOverPi[i+1]>>(64-s)
}

// sine64 and cosine64 are for |r| <= pi/4.
func sine64(r float64) float64   { z := float64(r * r); return float64(r * poly(z, sinCoef[:])) }
func cosine64(r float64) float64 { return poly(float64(r*r), cosCoef[:]) }

var sinCoef = [...]float64{1. / 355687428096000, -1. / 1307674368000, 1. / 6227020800, -1. / 39916800, 1. / 362880, -1. / 5040, 1. / 120, -1. / 6, 1}
var cosCoef = [...]float64{-1. / 6402373705728000, 1. / 20922789888000, -1. / 87178291200, 1. / 479001600, -1. / 3628800, 1. / 40320, -1. / 720, 1. / 24, -0.5, 1}
