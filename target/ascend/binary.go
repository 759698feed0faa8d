package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// lowerAdd is the sum of codes, or their difference: each less its offset times its factor, added in float32.
func lowerAdd(k *kernel) {
	a, b, y := k.in(0), k.in(1), k.out()
	ma, mb := op.Ratio(a.Scale(), y.Scale()), op.Ratio(b.Scale(), y.Scale())
	if k.node.Op.Name == "q.sub" {
		mb = -mb
	}
	k.binary(10, func(c *code, n int, in []int, out, work int) {
		f, g, half := work, work+4*up(n, 64), work+8*up(n, 64)
		r := reps(n, 64)
		wide := func(codes, at int, offset int32, m float32) {
			k.centred(c, n, codes, half, offset)
			c.emit(
				&target.VCast{To: target.F32, From: target.F16, Dst: target.V(at), A: target.V(half).Strides(1, 4), Rep: r},
				&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: target.V(at), A: target.V(at), Imm: target.ImmF32(m), Rep: r})
		}
		wide(in[0], f, a.Offset(), ma)
		wide(in[1], g, b.Offset(), mb)
		c.emit(&target.VBin{Op: target.VAdd, Type: target.F32, Dst: target.V(f), A: target.V(f), B: target.V(g), Rep: r})
		k.fin(c, n, f, half, out, y.Quant, k.node.Ints("clip"))
	})
}

// lowerMul is the product of codes: both less their offsets, whose product is exact in float32, times one factor.
func lowerMul(k *kernel) {
	a, b, y := k.in(0), k.in(1), k.out()
	m := op.MulScale(a.Scale(), b.Scale(), y.Scale())
	k.binary(10, func(c *code, n int, in []int, out, work int) {
		f, g, half := work, work+4*up(n, 64), work+8*up(n, 64)
		r := reps(n, 64)
		wide := func(codes, at int, offset int32) {
			k.centred(c, n, codes, half, offset)
			c.emit(&target.VCast{To: target.F32, From: target.F16, Dst: target.V(at), A: target.V(half).Strides(1, 4), Rep: r})
		}
		wide(in[0], f, a.Offset())
		wide(in[1], g, b.Offset())
		c.emit(
			&target.VBin{Op: target.VMul, Type: target.F32, Dst: target.V(f), A: target.V(f), B: target.V(g), Rep: r},
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: target.V(f), A: target.V(f), Imm: target.ImmF32(m), Rep: r})
		k.fin(c, n, f, half, out, y.Quant, k.node.Ints("clip"))
	})
}

// binary walks both operands and the result together; compute has work bytes per element.
func (k *kernel) binary(work int, compute func(c *code, n int, in []int, out, work int)) {
	y := k.out()
	a, b := k.expanded(0), k.expanded(1)
	k.elementwise(y.length(), []strip{a.strip(), b.strip()}, y.strip(), work, compute)
}

// expanded is operand i with the result's shape: the vector unit does not broadcast. A constant is expanded when the program is made, what is computed by
// the moves that bring it into its place.
func (k *kernel) expanded(i int) tensorGM {
	v, y := k.node.Operands[i], k.out()
	t := tensorGM{Type: target.S8, Layout: y.Layout, Dims: y.Dims, Quant: v.Type.Quant}
	if v.Const != nil && !slices.Equal(v.Type.Shape, y.Dims) {
		t.Sym = k.data("operand", t.Type, t.Layout, t.Dims, image(t, expand(v, y.Dims)))
		return t
	}
	x := k.in(i)
	if slices.Equal(x.Dims, y.Dims) {
		return x
	}
	t.Sym = k.scratch("operand"+string(rune('a'+i)), t.Type, t.Layout, t.Dims...)
	if y.Layout == target.NC1HWC0 && x.Layout == y.Layout && x.Dims[1] == y.Dims[1] {
		k.spread(t.Sym, t.imageDims(), x.Sym, x.imageDims())
		k.phase()
		return t
	}
	src, sym := k.rowMajor(x, "part"+string(rune('a'+i))), t.Sym
	if y.Layout == target.NC1HWC0 {
		sym = k.scratch("wide"+string(rune('a'+i)), t.Type, target.ND, t.Dims...)
	}
	k.spread(sym, y.Dims, src, x.Dims)
	k.phase()
	if y.Layout == target.NC1HWC0 {
		k.fromND(sym, t)
		k.phase()
	}
	return t
}

// spread copies src to dst, repeated along the dimensions that src has one of. Those are walked outside, so that runs stay as long as they are.
func (k *kernel) spread(dst string, dims []int, src string, of []int) {
	of = slices.Concat(slices.Repeat([]int{1}, len(dims)-len(of)), of)
	to, from := tensor.Strides(dims), tensor.Strides(of)
	var d, t, f []int
	for pass := range 2 {
		for i, n := range dims {
			repeated := of[i] < n
			switch {
			case repeated && pass == 0:
				d, t, f = append(d, n), append(t, to[i]), append(f, 0)
			case !repeated && pass == 1:
				d, t, f = append(d, n), append(t, to[i]), append(f, from[i])
			}
		}
	}
	k.move(box{dst, 0, t}, box{src, 0, f}, d)
}

// expand is a constant of codes broadcast to a shape.
func expand(v *ir.Value, shape []int) *tensor.Tensor {
	out := tensor.New(tensor.I8, shape...)
	from := v.Const.Data
	strides := tensor.Strides(from.Shape)
	for i := range out.I8 {
		at, rest := 0, i
		for d := len(shape) - 1; d >= 0; d-- {
			pos := rest % shape[d]
			rest /= shape[d]
			if e := d - (len(shape) - len(from.Shape)); e >= 0 && from.Shape[e] > 1 {
				at += pos * strides[e]
			}
		}
		out.I8[i] = from.I8[at]
	}
	return out
}
