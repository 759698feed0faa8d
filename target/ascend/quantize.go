package ascend

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// lowerQuantize takes float32 to codes; an image is turned into NC1HWC0 afterwards.
func lowerQuantize(k *kernel) {
	x, y := k.in(0), k.out()
	if y.Type == target.S16 {
		k.quantizeWide(x, y)
		return
	}
	sym := y.Sym
	if y.Layout == target.NC1HWC0 {
		sym = k.scratch("nd", target.S8, target.ND, y.Dims...)
	}
	k.elementwise(x.Elems(), []strip{x.strip()}, strip{target.In(sym, 0), 1}, 4, func(c *code, n int, in []int, out, work int) {
		r := reps(n, 64)
		c.emit(&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: target.V(work), A: target.V(in[0]), Imm: target.ImmF32(op.Reciprocal(y.Scale())), Rep: r})
		k.fin(c, n, work, in[0], out, y.Quant, nil)
	})
	if y.Layout == target.NC1HWC0 {
		k.phase()
		k.fromND(sym, y)
	}
}

// lowerDequantize takes codes to float32.
func lowerDequantize(k *kernel) {
	x, y := k.in(0), k.out()
	from := x.strip()
	if x.Layout == target.NC1HWC0 {
		sym := k.scratch("nd", target.S8, target.ND, x.Dims...)
		k.toND(x, sym)
		k.phase()
		from = strip{target.In(sym, 0), 1}
	}
	k.elementwise(x.Elems(), []strip{from}, y.strip(), 2, func(c *code, n int, in []int, out, work int) {
		k.centred(c, n, in[0], work, x.Offset())
		r := reps(n, 64)
		c.emit(
			&target.VCast{To: target.F32, From: target.F16, Dst: target.V(out), A: target.V(work).Strides(1, 4), Rep: r},
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: target.V(out), A: target.V(out), Imm: target.ImmF32(x.Scale()), Rep: r})
	})
}

// lowerRescale moves codes to another map.
func lowerRescale(k *kernel) {
	x, y := k.in(0), k.out()
	m := op.Ratio(x.Scale(), y.Scale())
	k.elementwise(x.length(), []strip{x.strip()}, y.strip(), 6, func(c *code, n int, in []int, out, work int) {
		half := work + 4*up(n, 64)
		k.centred(c, n, in[0], half, x.Offset())
		r := reps(n, 64)
		c.emit(
			&target.VCast{To: target.F32, From: target.F16, Dst: target.V(work), A: target.V(half).Strides(1, 4), Rep: r},
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: target.V(work), A: target.V(work), Imm: target.ImmF32(m), Rep: r})
		k.fin(c, n, work, half, out, y.Quant, k.node.Ints("clip"))
	})
}

// centred writes float16(q - offset) of n codes: at most 255 apart, so exact.
func (k *kernel) centred(c *code, n, codes, half int, offset int32) {
	r := reps(n, 128)
	c.emit(&target.VCast{To: target.F16, From: target.S8, Dst: target.V(half), A: target.V(codes).Strides(1, 4), Rep: r})
	if offset != 0 {
		c.emit(&target.VScalar{Op: target.VAdds, Type: target.F16, Dst: target.V(half), A: target.V(half), Imm: target.ImmF16(float32(-offset)), Rep: r})
	}
}

// fin takes n float32 at f to codes: clip to the codes' range less the offset, round half to even, add the offset, then clamp to the pair clip if there is one. NaN
// becomes the offset, because a cast makes it zero. f is overwritten, half is room for n 16-bit elements.
func (k *kernel) fin(c *code, n, f, half, out int, q *ir.Quant, clip []int) {
	lo, hi := q.Min, q.Max
	o := q.Offset[0]
	r, h := reps(n, 64), reps(n, 128)
	fv, hv := target.V(f), target.V(half)
	k.least(c, target.F32, fv, target.ImmF32(float32(lo-o)), r)
	k.most(c, target.F32, fv, target.ImmF32(float32(hi-o)), r)
	if k.desc.Cast(target.F32, target.S16) == nil {
		k.integral(c, n, f)
		c.emit(&target.VCast{To: target.F16, From: target.F32, Round: k.round(target.F32, target.F16), Dst: hv.Strides(1, 4), A: fv, Rep: r})
		if k.desc.Cast(target.F32, target.S32) == nil { // integral has left NaN
			c.emit(
				&target.VCast{To: target.S32, From: target.F16, Round: target.RoundRint, Dst: fv, A: hv.Strides(1, 4), Rep: r},
				&target.VCast{To: target.F16, From: target.S32, Deq: target.ImmF16(1), Dst: hv.Strides(1, 4), A: fv, Rep: r})
		}
		k.toCodes(c, n, half, out, q, clip)
		return
	}
	c.emit(&target.VCast{To: target.S16, From: target.F32, Round: target.RoundRint, Dst: hv.Strides(1, 4), A: fv, Rep: r})
	if o != 0 {
		c.emit(&target.VScalar{Op: target.VAdds, Type: target.S16, Dst: hv, A: hv, Imm: target.ImmInt(target.S16, int(o)), Rep: h})
	}
	if len(clip) == 2 && clip[0] > int(lo) {
		c.emit(&target.VScalar{Op: target.VMaxs, Type: target.S16, Dst: hv, A: hv, Imm: target.ImmInt(target.S16, clip[0]), Rep: h})
	}
	if len(clip) == 2 && clip[1] < int(hi) {
		c.emit(&target.VScalar{Op: target.VMins, Type: target.S16, Dst: hv, A: hv, Imm: target.ImmInt(target.S16, clip[1]), Rep: h})
	}
	k.narrow(c, n, half, out)
}

// narrow takes n codes in 16-bit elements at half, which is overwritten, to int8.
func (k *kernel) narrow(c *code, n, half, out int) {
	h, hv := reps(n, 128), target.V(half)
	c.emit(
		&target.VCast{To: target.F16, From: target.S16, Dst: hv, A: hv, Rep: h},
		&target.VCast{To: target.S8, From: target.F16, Round: target.RoundRint, Dst: target.V(out).Strides(1, 4), A: hv, Rep: h})
}

// toCodes takes n halves, integers in the codes' range less the offset, to codes clamped to the pair clip if there is one. They are overwritten.
func (k *kernel) toCodes(c *code, n, half, out int, q *ir.Quant, clip []int) {
	h, hv := reps(n, 128), target.V(half)
	if o := q.Offset[0]; o != 0 {
		c.emit(&target.VScalar{Op: target.VAdds, Type: target.F16, Dst: hv, A: hv, Imm: target.ImmF16(float32(o)), Rep: h})
	}
	if len(clip) == 2 && clip[0] > int(q.Min) {
		k.least(c, target.F16, hv, target.ImmF16(float32(clip[0])), h)
	}
	if len(clip) == 2 && clip[1] < int(q.Max) {
		k.most(c, target.F16, hv, target.ImmF16(float32(clip[1])), h)
	}
	c.emit(&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: hv, Rep: h})
}
