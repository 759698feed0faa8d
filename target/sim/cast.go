package sim

import (
	"math"
	"slices"
	"sync"

	"github.com/amctc/amctc/target"
)

// roundings maps a mode to a rounding of real numbers to integers.
var roundings = map[target.Round]func(float64) float64{
	target.RoundNone: roundEven, target.RoundRint: roundEven, target.RoundAway: roundAway,
	target.RoundFloor: math.Floor, target.RoundCeil: math.Ceil, target.RoundTrunc: math.Trunc,
}

// halfCodes gives, by whether the result is unsigned and by mode, the 8-bit result of every half.
var halfCodes = func() map[bool]map[target.Round]func() *[65536]byte {
	m := map[bool]map[target.Round]func() *[65536]byte{false: {}, true: {}}
	for unsigned, lo := range map[bool]float64{false: -128, true: 0} {
		for mode, round := range roundings {
			m[unsigned][mode] = sync.OnceValue(func() *[65536]byte {
				t := new([65536]byte)
				for i, v := range halfTable() {
					t[i] = byte(toInt(float64(v), round, lo, lo+255))
				}
				return t
			})
		}
	}
	return m
}()

// cast compiles a conversion.
func (r *resolver) cast(o *op, x *target.VCast) {
	c := r.m.desc.Cast(x.From, x.To)
	if c == nil {
		fail(o, BadType, "%s can't convert %v to %v", r.m.desc.Name, x.From, x.To)
	}
	if !slices.Contains(c.Modes, x.Round) {
		fail(o, NotOnSoC, "%s converts %v to %v with %v, not %v", r.m.desc.Name, x.From, x.To, c.Modes, x.Round)
	}
	o.assum = o.assum || c.Assumed
	from, to := x.From.Size(), x.To.Size()
	d, a := r.operand(o, x.Dst, to), r.operand(o, x.A, from)
	s := r.shape(o, x.Rep, max(from, to), d, a)
	k := castKernel(x)
	if k == nil {
		fail(o, BadType, "no conversion of %v to %v", x.From, x.To)
	}
	r.elementwise(o, s, cost{path: pathVector, head: int64(c.Head), work: int64(x.Repeat)}, k, d, a)
}

// castKernel is the loop of a conversion, nil if there is none. Conversions to integers saturate; NaN gives 0.
func castKernel(x *target.VCast) kernel {
	round := roundings[x.Round]
	type pair struct{ from, to target.Type }
	const s8, u8, s16, s32, f16, float = target.S8, target.U8, target.S16, target.S32, target.F16, target.F32
	switch (pair{x.From, x.To}) {
	case pair{s8, f16}, pair{u8, f16}:
		var codes [256]uint16
		for i := range codes {
			if codes[i] = toHalf(float32(i)); x.From == s8 {
				codes[i] = toHalf(float32(int8(i)))
			}
		}
		return func(d, a, _ []byte) {
			d = d[:2*len(a)]
			for i, v := range a {
				put16(d[2*i:], codes[v])
			}
		}
	case pair{f16, s8}, pair{f16, u8}:
		codes := halfCodes[x.To == u8][x.Round]()
		return func(d, a, _ []byte) {
			a = a[:2*len(d)]
			for i := range d {
				d[i] = codes[u16(a[2*i:])]
			}
		}
	case pair{f16, s16}:
		return each(2, 2, func(d, a []byte) { put16(d, uint16(toInt(float64(half(a)), round, math.MinInt16, math.MaxInt16))) })
	case pair{f16, s32}:
		return each(4, 2, func(d, a []byte) { put32(d, uint32(toInt(float64(half(a)), round, math.MinInt32, math.MaxInt32))) })
	case pair{f16, float}:
		return func(d, a, _ []byte) {
			for h := halfTable(); len(a) >= 2; d, a = d[4:], a[2:] {
				putF(d, h[u16(a)])
			}
		}
	case pair{s16, f16}:
		return each(2, 2, func(d, a []byte) { put16(d, halfRound(float64(int16(u16(a))), round)) })
	case pair{s16, float}:
		return each(4, 2, func(d, a []byte) { putF(d, float32(int16(u16(a)))) })
	case pair{float, f16}:
		if x.Round == target.RoundNone || x.Round == target.RoundRint {
			return func(d, a, _ []byte) {
				for ; len(a) >= 4; d, a = d[2:], a[4:] {
					putHalf(d, f32(a))
				}
			}
		}
		return each(2, 4, func(d, a []byte) { put16(d, halfRound(float64(f32(a)), round)) })
	case pair{float, s16}:
		return each(2, 4, func(d, a []byte) { put16(d, uint16(toInt(float64(f32(a)), round, math.MinInt16, math.MaxInt16))) })
	case pair{float, s32}:
		if x.Round == target.RoundRint {
			return func(d, a, _ []byte) {
				for ; len(a) >= 4; d, a = d[4:], a[4:] {
					put32(d, uint32(toInt(float64(f32(a)), math.RoundToEven, math.MinInt32, math.MaxInt32)))
				}
			}
		}
		return each(4, 4, func(d, a []byte) { put32(d, uint32(toInt(float64(f32(a)), round, math.MinInt32, math.MaxInt32))) })
	case pair{float, float}:
		return each(4, 4, func(d, a []byte) {
			if v := f32(a); v == v {
				putF(d, float32(round(float64(v))))
			} else {
				put32(d, 0x7fc00000)
			}
		})
	case pair{s32, float}:
		if x.Round == target.RoundNone || x.Round == target.RoundRint {
			return func(d, a, _ []byte) {
				for ; len(a) >= 4; d, a = d[4:], a[4:] {
					putF(d, float32(int32(u32(a))))
				}
			}
		}
		return each(4, 4, func(d, a []byte) { putF(d, intToFloat(int32(u32(a)), round)) })
	case pair{s32, s16}:
		return each(2, 4, func(d, a []byte) { put16(d, sat16(int32(u32(a)))) })
	case pair{s32, f16}:
		scale := halfTable()[uint16(x.Deq)]
		return each(2, 4, func(d, a []byte) { putHalf(d, float32(float32(int32(u32(a)))*scale)) })
	}
	return nil
}

func each(dn, an int, f func(d, a []byte)) kernel {
	return func(d, a, _ []byte) {
		for ; len(d) >= dn; d, a = d[dn:], a[an:] {
			f(d, a)
		}
	}
}

// toInt rounds and saturates; NaN gives 0. The value is clipped before it becomes an integer.
func toInt(v float64, round func(float64) float64, lo, hi float64) int32 {
	if v != v {
		return 0
	}
	return int32(min(max(round(v), lo), hi))
}

// intToFloat rounds an int32 to a float32 with a rounding of real numbers to integers.
func intToFloat(v int32, round func(float64) float64) float32 {
	x := float64(v)
	_, e := math.Frexp(x)
	if e <= 24 {
		return float32(x)
	}
	return float32(math.Ldexp(round(math.Ldexp(x, 24-e)), e-24))
}
