// SPDX-License-Identifier: MIT-0

package f32

import "math"

// Unary is the function of one number of that name, with up to two parameters; nil when there is none.
// Results are the float64 value of the definition rounded once, but for functions defined in float32 steps.
func Unary(name string) func(x, a, b float32) float32 { return functions[name] }

// functions are those of float32 steps, and those of float64 arithmetic rounded once.
var functions = func() map[string]func(x, a, b float32) float32 {
	all := make(map[string]func(x, a, b float32) float32)
	for name, f := range wide {
		all[name] = func(x, _, _ float32) float32 { return float32(f(float64(x))) }
	}
	for name, f := range unary {
		all[name] = f
	}
	return all
}()

// Wide is the function of that name on float64, within some units in the last place; nil when it is not
// defined by float64 arithmetic.
func Wide(name string) func(v float64) float64 { return wide[name] }

var wide = map[string]func(v float64) float64{
	"abs":        math.Abs,
	"acos":       acos,
	"acosh":      acosh,
	"asin":       asin,
	"asinh":      asinh,
	"atan":       atan64,
	"atanh":      atanh,
	"ceil":       math.Ceil,
	"cosh":       cosh,
	"erf":        erf64,
	"floor":      math.Floor,
	"log":        log64,
	"round":      math.RoundToEven,
	"sigmoid":    sigmoid,
	"sign":       sign,
	"sinh":       sinh,
	"softplus":   softplus,
	"sqrt":       math.Sqrt,
	"tanh":       tanh,
	"gelu":       func(v float64) float64 { return float64(float64(v*0.5) * float64(1+erf64(float64(v*(math.Sqrt2/2))))) },
	"gelu_tanh":  geluTanh,
	"mish":       mish,
	"hard_swish": func(v float64) float64 { return float64(v * min(1, max(0, float64(float64(v/6)+0.5)))) },
	"softsign":   func(v float64) float64 { return float64(v / float64(1+math.Abs(v))) },
	"exp":        exp64,
	"neg":        func(v float64) float64 { return -v },
	"reciprocal": func(v float64) float64 { return float64(1 / v) },
}

var unary = map[string]func(x, a, b float32) float32{
	"cos":  func(x, _, _ float32) float32 { return turned(x, 1) },
	"exp":  func(x, _, _ float32) float32 { return Exp(x) },
	"sin":  func(x, _, _ float32) float32 { return turned(x, 0) },
	"tan":  tan,
	"celu": func(x, a, _ float32) float32 { return rising(x, 1, func(v float64) float64 { return expm1(v, a) }) },
	"elu": func(x, a, _ float32) float32 {
		return rising(x, 1, func(v float64) float64 { return float64(float64(a) * expm1(v, 1)) })
	},
	"selu": selu,
	"swish": func(x, a, _ float32) float32 {
		return float32(float64(float64(x) * sigmoid(float64(float64(a)*float64(x)))))
	},
	"hard_sigmoid": func(x, a, b float32) float32 {
		return float32(min(1, max(0, float64(float64(float64(a)*float64(x))+float64(b)))))
	},
	"leaky_relu": func(x, a, _ float32) float32 {
		if x < 0 {
			return float32(a * x)
		}
		return x
	},
	"thresholded_relu": func(x, a, _ float32) float32 {
		if x <= a {
			return 0
		}
		return x
	},
	"shrink": func(x, a, b float32) float32 {
		switch {
		case x < -a:
			return float32(x + b)
		case x > a:
			return float32(x - b)
		case x != x:
			return x
		}
		return 0
	},
}

// rising is x where it is not negative, times scale, and f of it elsewhere.
func rising(x float32, scale float64, f func(float64) float64) float32 {
	if x >= 0 {
		return float32(float64(scale * float64(x)))
	}
	return float32(f(float64(x)))
}

// expm1 is a*(exp(v/a)-1), accurate near 0 too.
func expm1(v float64, a float32) float64 {
	s := float64(a)
	t := float64(v / s)
	if math.Abs(t) < 0.25 {
		return float64(s * float64(t*poly(t, expm1Coef[:])))
	}
	return float64(s * float64(exp64(t)-1))
}

// expm1Coef are 1/(k+1)! for k = 11 down to 0.
var expm1Coef = [...]float64{1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 0.5, 1}

func selu(x, alpha, gamma float32) float32 {
	g := float64(gamma)
	return rising(x, g, func(v float64) float64 { return float64(g * float64(float64(alpha)*expm1(v, 1))) })
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return v
}

func sigmoid(v float64) float64 { return float64(1 / float64(1+exp64(-v))) }

func softplus(v float64) float64 {
	if v > 40 {
		return v
	}
	return log1p64(exp64(v))
}

// mish is v*tanh(log(1+e^v)); with e = e^v the hyperbolic tangent is (e*e+2e)/(e*e+2e+2).
func mish(v float64) float64 {
	if v > 40 {
		return v
	}
	e := exp64(v)
	n := float64(e * float64(e+2))
	return float64(v * float64(n/float64(n+2)))
}

func geluTanh(v float64) float64 {
	u := float64(0.7978845608028654 * float64(v+float64(0.044715*float64(v*float64(v*v)))))
	return float64(float64(v*0.5) * float64(1+tanh(u)))
}

func tanh(v float64) float64 {
	a := math.Abs(v)
	switch {
	case a < 0.25:
		s := sinh(v)
		return float64(s / math.Sqrt(float64(1+float64(s*s))))
	case a > 40:
		return math.Copysign(1, v)
	}
	e := exp64(float64(-2 * a))
	return math.Copysign(float64(float64(1-e)/float64(1+e)), v)
}

func sinh(v float64) float64 {
	if math.Abs(v) < 0.5 {
		return float64(v * poly(float64(v*v), sinhCoef[:]))
	}
	return float64(float64(exp64(v)-exp64(-v)) / 2)
}

var sinhCoef = [...]float64{1. / 6227020800, 1. / 39916800, 1. / 362880, 1. / 5040, 1. / 120, 1. / 6, 1}

func cosh(v float64) float64 { return float64(float64(exp64(v)+exp64(-v)) / 2) }

func asinh(v float64) float64 {
	a := math.Abs(v)
	if a > 1e18 {
		return math.Copysign(float64(log64(a)+math.Ln2), v)
	}
	z := float64(a * a)
	return math.Copysign(log1p64(float64(a+float64(z/float64(1+math.Sqrt(float64(1+z)))))), v)
}

func acosh(v float64) float64 {
	switch {
	case v < 1:
		return math.NaN()
	case v > 1e18:
		return float64(log64(v) + math.Ln2)
	}
	t := float64(v - 1)
	return log1p64(float64(t + math.Sqrt(float64(t*float64(t+2)))))
}

func atanh(v float64) float64 {
	return float64(log1p64(float64(float64(2*v)/float64(1-v))) / 2)
}

func asin(v float64) float64 {
	return atan64(float64(v / math.Sqrt(float64(float64(1-v)*float64(1+v)))))
}

func acos(v float64) float64 {
	return float64(2 * atan64(math.Sqrt(float64(float64(1-v)/float64(1+v)))))
}

// turned is the sine of x and so many quarter turns.
func turned(x float32, quarters int) float32 {
	if x-x != 0 {
		return float32(math.NaN())
	}
	r, n := quarter(x)
	n += quarters
	v := sine64(r)
	if n&1 != 0 {
		v = cosine64(r)
	}
	if n&2 != 0 {
		v = -v
	}
	return float32(v)
}

func tan(x, _, _ float32) float32 {
	if x-x != 0 {
		return float32(math.NaN())
	}
	r, n := quarter(x)
	s, c := sine64(r), cosine64(r)
	if n&1 != 0 {
		return float32(float64(-c / s))
	}
	return float32(float64(s / c))
}
