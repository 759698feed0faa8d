package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/pack"
	"github.com/amctc/amctc/runtime/rt"
)

// Layers of int16 codes sum the high and the low bytes of the codes one after the other, with the same
// packed weights, and differ from those of int8 in biases and zero points alone.

// wide says whether a layer reads int16 codes.
func wide(n *ir.Node) bool { return n.Operands[0].Type.DType == tensor.I16 }

// zeros are the stored bytes of the number 0 in the high and in the low plane.
func zeros(t ir.Type) (high, low int32) {
	h, l := op.SplitCode(t.Quant.Offset[0])
	return h + 128, l
}

// wideCodes is the way from float32 to codes of int16.
func wideCodes(q *ir.Quant) rt.QuantizeWideArgs {
	zero := q.Offset[0]
	return rt.QuantizeWideArgs{R: op.Reciprocal(q.Scale[0]), Lo: float32(q.Min - zero), Hi: float32(q.Max - zero), Zero: zero}
}

func (b *builder) quantizeWide(n *ir.Node, src Slot, o order) {
	shape, q := b.typ(n.Result()).Shape, n.Result().Type.Quant
	a := wideCodes(q)
	a.N, a.C, a.P = 1, 1, tensor.Elems(shape)
	if o == rows && len(shape) == 4 && !same(shape) {
		a.N, a.C, a.P = shape[0], shape[1], shape[2]*shape[3]
		o = pixel
	}
	b.step("QuantizeWide", &a, b.make(n.Result(), o), src)
}

// wideConv plans a convolution of int16 codes.
func (b *builder) wideConv(n *ir.Node, dst, src Slot) {
	x, w := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	weights, bias, _ := b.operandsOf(n)
	high, low := zeros(n.Operands[0].Type)
	kind := b.Kind(dst)
	switch {
	case depthwise(n):
		a := &rt.DepthwiseWideArgs{N: x[0], C: x[1], Window: window(n, x, w[2], w[3]), Weights: byTap(weights, w), Bias: bias, M: b.factors(n, x[1]), High: high, Low: low, Codes: accCodes(n)}
		b.step(typed(kind, "DepthwiseWide", "DepthwiseWideToF32"), a, dst, src)
	case grouped(n):
		a := &rt.ConvGroupsWideArgs{ConvGroupsArgs: *b.groupsArgs(n), LowZero: uint8(low)}
		pack := func(bias []int32, zero int32) rt.Packed {
			return pack.Groups(filters(weights, w), bias, b.factors(n, len(bias)), n.Int("group"), 1, tensor.Elems(w[1:]), zero)
		}
		a.Zero = uint8(high)
		a.Packed = pack(make([]int32, len(bias)), high)
		a.LowBias = pack(bias, low).Bias
		b.step(typed(kind, "ConvGroupsWide", "ConvGroupsWideToF32"), a, dst, src)
	default:
		a := b.convArgs(n)
		b.wideMatrix(n, a, filters(weights, w), a.KH, a.KW*a.C, dst, src)
	}
}

// wideMatrix plans a convolution of int16 codes in one group, or a matrix product, whose weights are
// [out][segs][seg].
func (b *builder) wideMatrix(n *ir.Node, c *rt.Conv, weights []int8, segs, seg int, dst, src Slot) {
	_, bias, _ := b.operandsOf(n)
	high, low := zeros(n.Operands[0].Type)
	m := b.factors(n, c.Out)
	a := &rt.ConvWideArgs{Conv: *c, LowZero: uint8(low)}
	a.Zero = uint8(high)
	a.Packed = pack.Matrix(weights, make([]int32, c.Out), m, segs, seg, high)
	a.LowBias = pack.Matrix(weights, bias, m, segs, seg, low).Bias
	pad := b.none(U8)
	if n := a.PadBytes(); n > 0 {
		pad = b.scratch(U8, n)
	}
	b.step(typed(b.Kind(dst), "ConvWide", "ConvWideToF32"), a, dst, src, pad)
}

// byTap puts weights (C, 1, kh, kw) in the order (kh, kw, C).
func byTap(w []int8, shape []int) []int8 {
	c, k := shape[0], shape[2]*shape[3]
	out := make([]int8, len(w))
	for i := range c {
		for t := range k {
			out[t*c+i] = w[i*k+t]
		}
	}
	return out
}
