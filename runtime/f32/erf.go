// SPDX-License-Identifier: MIT-0

package f32

import "math"

// erf64 is the error function: its power series near 0, elsewhere the Taylor polynomial around the middle of
// the interval of a quarter that the number lies in.
func erf64(v float64) float64 {
	a := math.Abs(v)
	switch {
	case v != v:
		return v
	case a >= 6:
		return math.Copysign(1, v)
	case a < 0.125:
		return float64(v * poly(-float64(v*v), erfSeries[:]))
	}
	i := int(4 * a)
	return math.Copysign(poly(float64(a-(float64(float64(i)*0.25)+0.125)), erfAround[i][:]), v)
}

const twoOverRootPi = 1.1283791670955126

// erfSeries are the coefficients 2/sqrt(pi)/(n!(2n+1)) for n = 6 down to 0.
var erfSeries = [...]float64{twoOverRootPi / 9360, twoOverRootPi / 1320, twoOverRootPi / 216, twoOverRootPi / 42, twoOverRootPi / 10, twoOverRootPi / 3, twoOverRootPi}

// erfAround are the polynomials of degree 13 of the 24 intervals of [0, 6).
var erfAround = erfPolynomials()

// erfPolynomials integrates the Taylor series of 2/sqrt(pi)*exp(-x*x), whose coefficients g satisfy
// (n+1)*g[n+1] = -2*(c*g[n] + g[n-1]) around c.
func erfPolynomials() (out [24][14]float64) {
	for i := range out {
		c := float64(float64(i)*0.25) + 0.125
		g := float64(twoOverRootPi * exp64(-float64(c*c)))
		// erf(c) = g * sum of (2c^2)^n c / (1*3*...*(2n+1)), all terms positive.
		sum, term := 0.0, c
		for n := 1; n < 200; n++ {
			sum = float64(sum + term)
			term = float64(float64(term*float64(2*float64(c*c))) / float64(2*n+1))
		}
		p, before := &out[i], 0.0
		p[13] = float64(g * sum)
		for n := range 13 {
			p[12-n] = float64(g / float64(n+1))
			g, before = float64(float64(-2*float64(float64(c*g)+before))/float64(n+1)), g
		}
	}
	return out
}
