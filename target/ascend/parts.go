package ascend

import "github.com/amctc/amctc/target"

// This file is how vector code is written for parts that lack an instruction which others have. The numbers are the same on all of them.

// fixpipe says whether sums leave L0C through a Fixpipe that requantizes; otherwise the vector unit of a fused core does the same.
func (f *frame) fixpipe() bool { return f.desc.HasQuant(target.VREQ8) }

// round is the way in which the part rounds to nearest even in a conversion: rint, or none where it knows no other.
func (k *kernel) round(from, to target.Type) target.Round {
	if c := k.desc.Cast(from, to); c != nil {
		for _, m := range c.Modes {
			if m == target.RoundRint {
				return m
			}
		}
	}
	return target.RoundNone
}

// patternSize is the bytes of UB that hold one repeat of a constant.
const patternSize = 256

// needsPattern says that the part lacks an instruction with an immediate, so that constants come from UB.
func (k *kernel) needsPattern() bool { return k.desc.VecOp("vmaxs", target.F32) == nil }

// pattern reserves the room for constants where the part needs it, once. A kernel reserves it before it counts the room that is left.
func (k *kernel) pattern() {
	if k.needsPattern() && k.patternAt < 0 {
		k.patternAt = k.take(target.UB, patternSize)
	}
}

// repeated writes one repeat of an element to the pattern's room and gives it as an operand of every repeat. The next call replaces it.
func (k *kernel) repeated(c *code, t target.Type, imm target.Imm) target.VAddr {
	c.emit(&target.VDup{Type: t, Dst: target.V(k.patternAt), Imm: imm, Rep: target.Rep{Repeat: 1}})
	return target.V(k.patternAt).Strides(1, 0)
}

// most and least clamp: at = min(at, imm), at = max(at, imm).
func (k *kernel) most(c *code, t target.Type, at target.VAddr, imm target.Imm, r target.Rep) {
	if k.desc.VecOp("vmins", t) != nil {
		c.emit(&target.VScalar{Op: target.VMins, Type: t, Dst: at, A: at, Imm: imm, Rep: r})
		return
	}
	c.emit(&target.VBin{Op: target.VMin, Type: t, Dst: at, A: at, B: k.repeated(c, t, imm), Rep: r})
}

func (k *kernel) least(c *code, t target.Type, at target.VAddr, imm target.Imm, r target.Rep) {
	if k.desc.VecOp("vmaxs", t) != nil {
		c.emit(&target.VScalar{Op: target.VMaxs, Type: t, Dst: at, A: at, Imm: imm, Rep: r})
		return
	}
	c.emit(&target.VBin{Op: target.VMax, Type: t, Dst: at, A: at, B: k.repeated(c, t, imm), Rep: r})
}

// anchor is 1.5*2^23, whose units in the last place are ones: a float32 within 2^22 of it is it plus an integer, in its value as in its bits.
const anchor = 12582912

// exactRange is the largest int32 that becomes float32 by way of anchor; its negative does too.
const exactRange = 1 << 22

// integral rounds n float32 within exactRange to integers, half to even, in place. NaN becomes 0 where the part converts float32 to integers, and stays
// NaN where it doesn't.
func (k *kernel) integral(c *code, n, f int) {
	v, r := target.V(f), reps(n, 64)
	if k.desc.Cast(target.F32, target.S32) != nil && k.desc.Cast(target.S32, target.F32) != nil {
		c.emit(
			&target.VCast{To: target.S32, From: target.F32, Round: target.RoundRint, Dst: v, A: v, Rep: r},
			&target.VCast{To: target.F32, From: target.S32, Round: k.round(target.S32, target.F32), Dst: v, A: v, Rep: r})
		return
	}
	// The sum rounds to a whole number, because its neighbours are one apart.
	c.emit(
		&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: v, A: v, Imm: target.ImmF32(anchor), Rep: r},
		&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: v, A: v, Imm: target.ImmF32(-anchor), Rep: r})
}

// widenRoom is the bytes per element that floats needs of its own for int32 of at most so much.
func (k *kernel) widenRoom(bound int64) int {
	if k.desc.Cast(target.S32, target.F32) != nil || bound <= exactRange {
		return 0
	}
	return 8
}

// largestHigh is the middle between the two largest halves that are at most 2^15.
const largestHigh = 1<<15 - 8

// floats converts n int32 at src, none of which is larger than bound, to float32 at dst, rounded to nearest even. dst may be src; work is room for
// widenRoom bytes per element.
//
// Where the part has no such conversion, an integer within exactRange is added to the bits of anchor, which then is taken away as a float32. A larger one
// is first split: x = h*2^16 + l, h near x/2^16 by way of half, which has 11 bits, so that |l| stays within 2^20; h and l are converted as said, h*2^16 is
// exact, and the one addition rounds.
func (k *kernel) floats(c *code, n, dst, src int, bound int64, work int) {
	r := reps(n, 64)
	d, s := target.V(dst), target.V(src)
	if k.desc.Cast(target.S32, target.F32) != nil {
		c.emit(&target.VCast{To: target.F32, From: target.S32, Round: k.round(target.S32, target.F32), Dst: d, A: s, Rep: r})
		return
	}
	exact := func(to, from target.VAddr) {
		c.emit(&target.VBin{Op: target.VAdd, Type: target.S32, Dst: to, A: from, B: k.repeated(c, target.S32, target.ImmF32(anchor)), Rep: r},
			&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: to, A: to, Imm: target.ImmF32(-anchor), Rep: r})
	}
	if bound <= exactRange {
		exact(d, s)
		return
	}
	high, back := target.V(work), target.V(work+4*up(n, 8))
	c.emit(&target.VCast{To: target.F16, From: target.S32, Deq: target.ImmF16(0x1p-16), Dst: back.Strides(1, 4), A: s, Rep: r})
	if bound > largestHigh<<16 { // the half above would be 2^15, whose 2^16-fold no int32 is
		k.most(c, target.F16, back, target.ImmF16(largestHigh-8), reps(n, 128))
	}
	c.emit(
		&target.VCast{To: target.S32, From: target.F16, Round: target.RoundRint, Dst: high, A: back.Strides(1, 4), Rep: r},
		&target.VBin{Op: target.VMul, Type: target.S32, Dst: back, A: high, B: k.repeated(c, target.S32, target.ImmInt(target.S32, 1<<16)), Rep: r},
		&target.VBin{Op: target.VSub, Type: target.S32, Dst: d, A: s, B: back, Rep: r})
	exact(d, d)
	exact(high, high)
	c.emit(
		&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: high, A: high, Imm: target.ImmF32(1 << 16), Rep: r},
		&target.VBin{Op: target.VAdd, Type: target.F32, Dst: d, A: d, B: high, Rep: r})
}
