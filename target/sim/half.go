package sim

import (
	"math"
	"sync"
)

// halfTable is the float32 value of every half.
var halfTable = sync.OnceValue(func() *[65536]float32 {
	t := new([65536]float32)
	for i := range t {
		e, m := i>>10&31, float64(i&0x3ff)
		var v float64
		switch e {
		case 0:
			v = math.Ldexp(m, -24)
		case 31:
			v = math.Inf(1)
			if m != 0 {
				v = math.NaN()
			}
		default:
			v = math.Ldexp(1024+m, e-25)
		}
		if i&0x8000 != 0 {
			v = -v
		}
		t[i] = float32(v)
	}
	return t
})

const halfNaN = 0x7e00

// toHalf rounds to the nearest half, ties to even; overflow gives an infinity, NaN the quiet NaN 0x7e00.
func toHalf(f float32) uint16 {
	u := math.Float32bits(f)
	sign, a := uint16(u>>16)&0x8000, u&0x7fffffff
	switch {
	case a >= 0x477ff000: // 65520 and more, infinities, NaN
		if a > 0x7f800000 {
			return halfNaN
		}
		return sign | 0x7c00
	case a >= 0x38800000: // normal halves, from 2^-14
		a += 0xfff + a>>13&1
		return sign | uint16(a>>13-112<<10)
	case a < 0x33000000: // below 2^-25
		return sign
	}
	shift := 126 - a>>23 // 14..24 bits leave
	m := a&0x7fffff | 0x800000
	q, rest, mid := m>>shift, m&(1<<shift-1), uint32(1)<<(shift-1)
	if rest > mid || rest == mid && q&1 == 1 {
		q++
	}
	return sign | uint16(q)
}

// halfRound rounds a value to half with a rounding of real numbers to integers. A directed mode never passes the largest
// finite half towards the wrong side.
func halfRound(v float64, round func(float64) float64) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign = 0x8000
	}
	a := math.Abs(v)
	switch {
	case v != v:
		return halfNaN
	case math.IsInf(v, 0):
		return sign | 0x7c00
	case a == 0:
		return sign
	}
	_, e := math.Frexp(a) // a in [2^(e-1), 2^e)
	ulp := max(e-11, -24)
	q := math.Abs(round(math.Ldexp(v, -ulp))) // in units of the last place
	if q == 2048 {
		q, ulp = 1024, ulp+1
	}
	switch {
	case q == 0:
		return sign
	case q < 1024:
		return sign | uint16(q) // subnormal: ulp is -24
	case ulp > 5:
		return sign | 0x7c00
	}
	return sign | uint16(ulp+25)<<10 | uint16(q-1024)
}

func roundEven(v float64) float64 { return math.RoundToEven(v) }
func roundAway(v float64) float64 { return math.Round(v) }
