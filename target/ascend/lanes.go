package ascend

import "github.com/amctc/amctc/target"

// This file parts lanes of 16 bits by parity, which is how codes of int16 become bytes, and numbers codes, on parts without Fixpipe: they know no shift and no
// narrowing of int32. Transposing squares moves whole lanes anywhere.

// A group of lanes is what two squares of 16 rows of 16 lanes hold: 512 of them, 256 pairs.
const (
	groupPairs = 256
	groupBytes = 4 * groupPairs
)

// partRoom is the bytes of UB per pair that oneOfTwo works with, whatever the number of pairs above 127: the pairs and as much again, both in whole groups.
const partRoom = 16

// pairRoom is the bytes that n pairs take in whole groups.
func pairRoom(n int) int { return up(n, groupPairs) / groupPairs * groupBytes }

// definePairs zeroes the group of n pairs at a place that is not whole, before the pairs are written.
func (k *kernel) definePairs(c *code, n, at int) {
	if n%groupPairs != 0 {
		k.clear(c, at+pairRoom(n)-groupBytes, groupBytes)
	}
}

// oneOfTwo keeps of n pairs of 16-bit lanes at work the first ones, or the second ones if odd, side by side in their place. The room behind the pairs is used.
//
// Row r of the first square of a group is pairs 16r..16r+7, of the second one pairs 16r+8..16r+15. Transposed, the rows of both together are: the first lanes of
// pairs 0, 16, 32…, their second lanes, the first lanes of pairs 1, 17, 33…, and so on. Every other of these 32 rows is a square again, whose transposition has
// the pairs in order.
func (k *kernel) oneOfTwo(c *code, n, work int, odd bool) {
	size := pairRoom(n)
	groups, turned := size/groupBytes, work+size
	for i := range 2 {
		c.emit(&target.VTrans{Type: target.U16, Dst: target.V(turned+512*i).Strides(1, 32), A: target.V(work+32*i).Strides(2, 32), Repeat: groups})
	}
	if odd {
		turned += 32
	}
	c.emit(&target.VTrans{Type: target.U16, Dst: target.V(work).Strides(1, 16), A: target.V(turned).Strides(2, 32), Repeat: groups})
}

// partHalf writes one byte of each int16 of x to the symbol to: h of q = 256*h + l where high, l-128 otherwise.
func (k *kernel) partHalf(x tensorGM, to string, high bool) {
	k.elementwise(x.Elems(), []strip{x.strip()}, strip{target.In(to, 0), 1}, partRoom, func(c *code, n int, in []int, out, work int) {
		byteType := target.U8
		if high {
			byteType = target.S8
		}
		r, v := reps(n, 128), target.V(work)
		k.definePairs(c, n, work)
		c.emit(&target.VCast{To: target.F16, From: byteType, Dst: v, A: target.V(in[0]).Strides(1, 4), Rep: reps(2*n, 128)})
		k.oneOfTwo(c, n, work, high)
		if !high {
			c.emit(&target.VScalar{Op: target.VAdds, Type: target.F16, Dst: v, A: v, Imm: target.ImmF16(-128), Rep: r})
		}
		c.emit(&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: v, Rep: r})
	})
}

// quantizeParted takes float32 to codes of int16: the low lanes of int32 that are the codes, or of anchor plus them.
func (k *kernel) quantizeParted(x, y tensorGM, scale float32) {
	q, o := y.Quant, y.Offset()
	k.elementwise(x.Elems(), []strip{x.strip()}, y.strip(), partRoom, func(c *code, n int, in []int, out, work int) {
		r, f := reps(n, 64), target.V(work)
		k.definePairs(c, n, work)
		c.emit(&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: f, A: target.V(in[0]), Imm: target.ImmF32(scale), Rep: r})
		casts := k.desc.Cast(target.F32, target.S32) != nil
		if !casts { // a cast takes NaN to zero; without it, a choice does
			mask := target.At(target.UB, work+pairRoom(n))
			c.emit(
				&target.VCmp{Cond: target.EQ, Type: target.F32, Dst: mask, A: f, B: f, Rep: r},
				&target.VSel{Type: target.F32, Dst: f, Mask: mask, A: f, B: k.repeated(c, target.F32, 0), Rep: r})
		}
		k.least(c, target.F32, f, target.ImmF32(float32(q.Min-o)), r)
		k.most(c, target.F32, f, target.ImmF32(float32(q.Max-o)), r)
		switch {
		case !casts:
			c.emit(&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: f, A: f, Imm: target.ImmF32(anchor), Rep: r})
			if o != 0 {
				c.emit(&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: f, A: f, Imm: target.ImmF32(float32(o)), Rep: r})
			}
		default:
			c.emit(&target.VCast{To: target.S32, From: target.F32, Round: target.RoundRint, Dst: f, A: f, Rep: r})
			switch {
			case o == 0:
			case k.desc.VecOp("vadds", target.S32) != nil:
				c.emit(&target.VScalar{Op: target.VAdds, Type: target.S32, Dst: f, A: f, Imm: target.ImmInt(target.S32, int(o)), Rep: r})
			default:
				c.emit(&target.VBin{Op: target.VAdd, Type: target.S32, Dst: f, A: f, B: k.repeated(c, target.S32, target.ImmInt(target.S32, int(o))), Rep: r})
			}
		}
		k.oneOfTwo(c, n, work, false)
		c.emit(&target.VUn{Op: target.VCopy, Type: target.U16, Dst: target.V(out), A: target.V(work), Rep: reps(n, 128)})
	})
}

// addParts is joinSums for sums that were multiplied on the way out of L0C.
func (k *kernel) addParts(high, low, out string, elems int) {
	y := k.out()
	size := y.Type.Size()
	k.elementwise(elems, []strip{{target.In(high, 0), 4}, {target.In(low, 0), 4}}, strip{target.In(out, 0), size}, 6, func(c *code, n int, in []int, to, work int) {
		sum := work
		if size == 4 {
			sum = to
		}
		c.emit(&target.VBin{Op: target.VAdd, Type: target.F32, Dst: target.V(sum), A: target.V(in[0]), B: target.V(in[1]), Rep: reps(n, 64)})
		if size == 1 {
			k.fin(c, n, work, work+4*up(n, 64), to, y.Quant, k.node.Ints("clip"))
		}
	})
}
