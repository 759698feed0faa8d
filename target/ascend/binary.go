package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// lowerAdd is the sum of codes: each less its offset times its factor, added in float32.
func lowerAdd(k *kernel) {
	a, b, y := k.in(0), k.in(1), k.out()
	ma, mb := op.Ratio(a.Scale(), y.Scale()), op.Ratio(b.Scale(), y.Scale())
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

// expanded is operand i with the result's shape. A constant that is broadcast is expanded when the program is made; a computed operand that is broadcast
// has no lowering, because the quantizer leaves such nodes float.
func (k *kernel) expanded(i int) tensorGM {
	v, y := k.node.Operands[i], k.out()
	if v.Const == nil || slices.Equal(v.Type.Shape, y.Dims) {
		x := k.in(i)
		if !slices.Equal(x.Dims, y.Dims) {
			k.fail(codeOperator, "operand %d has shape %v and is broadcast to %v; broadcast constants or leave the node float", i, x.Dims, y.Dims)
		}
		return x
	}
	t := tensorGM{Type: target.S8, Layout: y.Layout, Dims: y.Dims, Quant: v.Type.Quant}
	data := expand(v, y.Dims)
	t.Sym = k.data("operand", t.Type, t.Layout, t.Dims, image(t, data))
	return t
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
