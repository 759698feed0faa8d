// SPDX-License-Identifier: MIT-0

package f32

import "math"

// Binary is the function of two numbers of that name; nil when there is none.
func Binary(name string) func(x, y float32) float32 { return binary[name] }

var binary = map[string]func(x, y float32) float32{
	"add":  func(x, y float32) float32 { return float32(x + y) },
	"mul":  func(x, y float32) float32 { return float32(x * y) },
	"sub":  func(x, y float32) float32 { return float32(x - y) },
	"div":  func(x, y float32) float32 { return float32(x / y) },
	"max":  func(x, y float32) float32 { return pick(x, y, x > y) },
	"min":  func(x, y float32) float32 { return pick(x, y, x < y) },
	"pow":  func(x, y float32) float32 { return float32(Pow(float64(x), float64(y))) },
	"fmod": func(x, y float32) float32 { return float32(math.Mod(float64(x), float64(y))) },
	"prelu": func(x, y float32) float32 {
		if x < 0 {
			return float32(x * y)
		}
		return x
	},
}

// pick is x where first holds or x is NaN, else y: the first of equal numbers is y.
func pick(x, y float32, first bool) float32 {
	if first || x != x {
		return x
	}
	return y
}

// Pow is x to the power y, with the special cases of IEEE 754.
func Pow(x, y float64) float64 {
	whole := math.Floor(y) == y
	odd := whole && math.Abs(y) < 1<<53 && math.Mod(y, 2) != 0
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x || y != y:
		return math.NaN()
	case math.IsInf(y, 0):
		switch a := math.Abs(x); {
		case a == 1:
			return 1
		case (a > 1) == (y > 0):
			return math.Inf(1)
		}
		return 0
	case x < 0 && !whole && !math.IsInf(x, 0):
		return math.NaN()
	}
	if whole && math.Abs(y) <= 64 {
		r := 1.0
		for n, b := uint(math.Abs(y)), x; n > 0; n >>= 1 {
			if n&1 != 0 {
				r = float64(r * b)
			}
			b = float64(b * b)
		}
		if y < 0 {
			return float64(1 / r)
		}
		return r
	}
	r := exp64(float64(y * log64(math.Abs(x))))
	if odd {
		return math.Copysign(r, x)
	}
	return r
}
