package sim

import (
	"encoding/binary"
	"math"

	"github.com/amctc/amctc/target"
)

func u16(b []byte) uint16         { return binary.LittleEndian.Uint16(b) }
func u32(b []byte) uint32         { return binary.LittleEndian.Uint32(b) }
func f32(b []byte) float32        { return math.Float32frombits(u32(b)) }
func put16(b []byte, v uint16)    { binary.LittleEndian.PutUint16(b, v) }
func put32(b []byte, v uint32)    { binary.LittleEndian.PutUint32(b, v) }
func sat16(v int32) uint16        { return uint16(int16(min(max(v, math.MinInt16), math.MaxInt16))) }
func sat32(v int64) uint32        { return uint32(int32(min(max(v, math.MinInt32), math.MaxInt32))) }
func half(b []byte) float32       { return halfTable()[u16(b)] }
func putHalf(b []byte, v float32) { put16(b, toHalf(v)) }

// putF writes a float32; every NaN is the quiet NaN 0x7fc00000, so that results don't depend on the machine the simulator runs on.
func putF(b []byte, v float32) {
	u := math.Float32bits(v)
	if v != v {
		u = 0x7fc00000
	}
	put32(b, u)
}

// binKernel is the loop of a two-operand operation on a type. Sums and products of halves are rounded to float32 first, which changes no half.
func binKernel(o *op, f target.BinOp, t target.Type) kernel {
	switch t {
	case target.F32:
		switch f {
		case target.VAdd:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					putF(d, f32(a)+f32(b))
				}
			}
		case target.VSub:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					putF(d, f32(a)-f32(b))
				}
			}
		case target.VMul:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					putF(d, float32(f32(a)*f32(b)))
				}
			}
		case target.VMax:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					putF(d, max(f32(a), f32(b)))
				}
			}
		case target.VMin:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					putF(d, min(f32(a), f32(b)))
				}
			}
		}
	case target.S32:
		switch f {
		case target.VAdd:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					put32(d, sat32(int64(int32(u32(a)))+int64(int32(u32(b)))))
				}
			}
		case target.VSub:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					put32(d, sat32(int64(int32(u32(a)))-int64(int32(u32(b)))))
				}
			}
		case target.VMul:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					put32(d, sat32(int64(int32(u32(a)))*int64(int32(u32(b)))))
				}
			}
		case target.VMax:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					put32(d, uint32(max(int32(u32(a)), int32(u32(b)))))
				}
			}
		case target.VMin:
			return func(d, a, b []byte) {
				for ; len(d) >= 4; d, a, b = d[4:], a[4:], b[4:] {
					put32(d, uint32(min(int32(u32(a)), int32(u32(b)))))
				}
			}
		}
	case target.F16:
		switch f {
		case target.VAdd:
			return func(d, a, b []byte) {
				for h := halfTable(); len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					putHalf(d, h[u16(a)]+h[u16(b)])
				}
			}
		case target.VSub:
			return func(d, a, b []byte) {
				for h := halfTable(); len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					putHalf(d, h[u16(a)]-h[u16(b)])
				}
			}
		case target.VMul:
			return func(d, a, b []byte) {
				for h := halfTable(); len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					putHalf(d, float32(h[u16(a)]*h[u16(b)]))
				}
			}
		case target.VMax:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, halfMax(u16(a), u16(b)))
				}
			}
		case target.VMin:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, halfMin(u16(a), u16(b)))
				}
			}
		}
	case target.S16, target.U16:
		switch f {
		case target.VAdd:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, sat16(int32(int16(u16(a)))+int32(int16(u16(b)))))
				}
			}
		case target.VSub:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, sat16(int32(int16(u16(a)))-int32(int16(u16(b)))))
				}
			}
		case target.VMul:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, sat16(int32(int16(u16(a)))*int32(int16(u16(b)))))
				}
			}
		case target.VMax:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, uint16(max(int16(u16(a)), int16(u16(b)))))
				}
			}
		case target.VMin:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, uint16(min(int16(u16(a)), int16(u16(b)))))
				}
			}
		case target.VAnd:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, u16(a)&u16(b))
				}
			}
		case target.VOr:
			return func(d, a, b []byte) {
				for ; len(d) >= 2; d, a, b = d[2:], a[2:], b[2:] {
					put16(d, u16(a)|u16(b))
				}
			}
		}
	}
	fail(o, BadType, "no %s of %v", o.in.Mnemonic(), t)
	return nil
}

// halfKey orders halves as their values; both zeros are 0.
func halfKey(h uint16) int32 {
	if h&0x8000 != 0 {
		return -int32(h & 0x7fff)
	}
	return int32(h)
}

// halfMax is the larger half, +0 of the two zeros, NaN if either is.
func halfMax(a, b uint16) uint16 {
	x, y := halfKey(a), halfKey(b)
	switch {
	case max(a&0x7fff, b&0x7fff) > 0x7c00:
		return halfNaN
	case x > y:
		return a
	case x < y:
		return b
	}
	return a & b
}

// halfMin is the smaller half, -0 of the two zeros, NaN if either is.
func halfMin(a, b uint16) uint16 {
	x, y := halfKey(a), halfKey(b)
	switch {
	case max(a&0x7fff, b&0x7fff) > 0x7c00:
		return halfNaN
	case x < y:
		return a
	case x > y:
		return b
	}
	return a | b
}

// scalarKernel is the loop of an operation with an immediate.
func scalarKernel(o *op, f target.ScalarOp, t target.Type, imm target.Imm) kernel {
	n := t.Size()
	if f == target.VShl || f == target.VShr {
		if int64(imm) >= int64(8*n) {
			fail(o, FieldRange, "shift by %d bits of %v", imm, t)
		}
		k, left := uint(imm), f == target.VShl
		var g func(uint32) uint32
		switch {
		case left:
			g = func(v uint32) uint32 { return v << k }
		case t == target.S16:
			g = func(v uint32) uint32 { return uint32(int32(int16(v)) >> k) }
		case t == target.S32:
			g = func(v uint32) uint32 { return uint32(int32(v) >> k) }
		default:
			g = func(v uint32) uint32 { return v >> k }
		}
		return mapKernel(n, g)
	}
	// The immediate stands as an operand of the two-operand loop, a repeat at a time.
	two := map[target.ScalarOp]target.BinOp{target.VAdds: target.VAdd, target.VMuls: target.VMul, target.VMaxs: target.VMax, target.VMins: target.VMin}
	k := binKernel(o, two[f], t)
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(imm >> (8 * (i % n)))
	}
	return func(d, a, _ []byte) {
		for ; len(d) > len(b); d, a = d[len(b):], a[len(b):] {
			k(d[:len(b)], a[:len(b)], b)
		}
		k(d, a, b)
	}
}

// mapKernel applies g to every 16- or 32-bit element.
func mapKernel(n int, g func(uint32) uint32) kernel {
	if n == 2 {
		return func(d, a, _ []byte) {
			for ; len(d) >= 2; d, a = d[2:], a[2:] {
				put16(d, uint16(g(uint32(u16(a)))))
			}
		}
	}
	return func(d, a, _ []byte) {
		for ; len(d) >= 4; d, a = d[4:], a[4:] {
			put32(d, g(u32(a)))
		}
	}
}

// unKernel is the loop of a one-operand operation.
func unKernel(o *op, f target.UnOp, t target.Type) kernel {
	n := t.Size()
	switch {
	case f == target.VCopy && (n == 2 || n == 4):
		return func(d, a, _ []byte) { copy(d, a) }
	case f == target.VNot && n == 2:
		return mapKernel(2, func(v uint32) uint32 { return ^v })
	case f == target.VAbs && t == target.F32:
		return mapKernel(4, func(v uint32) uint32 { return v &^ (1 << 31) })
	case f == target.VAbs && t == target.F16:
		return mapKernel(2, func(v uint32) uint32 { return v &^ (1 << 15) })
	case f == target.VRelu && t == target.F32:
		return mapKernel(4, func(v uint32) uint32 { return math.Float32bits(max(math.Float32frombits(v), 0)) })
	case f == target.VRelu && t == target.F16:
		return mapKernel(2, func(v uint32) uint32 { return uint32(toHalf(max(halfTable()[uint16(v)], 0))) })
	case f == target.VRelu && t == target.S32:
		return mapKernel(4, func(v uint32) uint32 { return uint32(max(int32(v), 0)) })
	}
	fail(o, BadType, "no %s of %v", o.in.Mnemonic(), t)
	return nil
}
