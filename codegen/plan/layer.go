package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/pack"
	"github.com/amctc/amctc/runtime/rt"
)

// window is the kernel's form of a node's window over images of a shape.
func window(n *ir.Node, in []int, kh, kw int) rt.Window {
	w, problem := op.WindowOf(n, in, kh, kw)
	if problem != "" {
		panic(n.Subject() + ": " + problem)
	}
	return rt.Window{H: w.H, W: w.W, KH: w.KH, KW: w.KW, SH: w.SH, SW: w.SW, DH: w.DH, DW: w.DW, Top: w.Top, Left: w.Left, OutH: w.OutH, OutW: w.OutW}
}

// filters puts weights (O, C, kh, kw) in the order (O, kh, kw, C).
func filters[T int8 | float32](w []T, shape []int) []T {
	c, k := shape[1], shape[2]*shape[3]
	out := make([]T, len(w))
	for o := range shape[0] {
		for i := range c {
			for t := range k {
				out[(o*k+t)*c+i] = w[(o*c+i)*k+t]
			}
		}
	}
	return out
}

// bias is the constant optional third operand, and whether it can be used as a constant.
func (b *builder) bias(n *ir.Node) ([]float32, bool) {
	if len(n.Operands) < 3 {
		return nil, true
	}
	if t := b.known(n.Operands[2]); t != nil {
		return t.F32, true
	}
	return nil, false
}

// biasSlot is the optional third operand as a slice; an absent one is empty.
func (b *builder) biasSlot(n *ir.Node) Slot {
	if len(n.Operands) < 3 {
		return b.none(F32)
	}
	return b.in(n.Operands[2], rows)
}

// none is an empty slice.
func (b *builder) none(k Kind) Slot {
	b.Consts = append(b.Consts, Const{Name: "none", Kind: k})
	return Slot{Constant, len(b.Consts) - 1}
}

func (b *builder) conv(n *ir.Node) {
	x, w, y := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result()).Shape
	win := window(n, x, w[2], w[3])
	group := n.Int("group")
	src := b.in(n.Operands[0], pixel)
	weights, bias, known := b.known(n.Operands[1]), []float32(nil), false
	if weights != nil {
		bias, known = b.bias(n)
	}
	switch {
	case !known && b.training():
		ws, bs := b.in(n.Operands[1], pixel), b.biasSlot(n)
		b.packedConv(rt.ConvPackedF32Args{N: x[0], C: x[1], Out: y[1], Group: group, Window: win}, b.make(n.Result(), pixel), src, ws, bs)
	case !known:
		ws, bs := b.in(n.Operands[1], pixel), b.biasSlot(n)
		b.step("ConvComputedF32", &rt.ConvComputedF32Args{N: x[0], C: x[1], Out: y[1], Group: group, Window: win}, b.make(n.Result(), pixel), src, ws, bs)
	case group == x[1] && group == y[1]:
		b.step("DepthwiseF32", &rt.DepthwiseF32Args{N: x[0], C: x[1], Window: win, Weights: weights.F32, Bias: bias}, b.make(n.Result(), pixel), src)
	default:
		b.step("ConvF32", &rt.ConvF32Args{N: x[0], C: x[1], Out: y[1], Group: group, Window: win, Weights: filters(weights.F32, w), Bias: bias}, b.make(n.Result(), pixel), src)
	}
}

func (b *builder) dense(n *ir.Node) {
	x, w := b.typ(n.Operands[0]), b.typ(n.Operands[1]).Shape
	rowsOf := elems(x) / w[1]
	src := b.in(n.Operands[0], rows)
	if weights := b.known(n.Operands[1]); weights != nil {
		if bias, ok := b.bias(n); ok {
			b.step("DenseF32", &rt.DenseF32Args{Rows: rowsOf, K: w[1], Out: w[0], Weights: weights.F32, Bias: bias}, b.make(n.Result(), rows), src)
			return
		}
	}
	if b.training() {
		b.packedDense(n, rt.DensePackedF32Args{Rows: rowsOf, K: w[1], Out: w[0]})
		return
	}
	ws, bs := b.in(n.Operands[1], rows), b.biasSlot(n)
	b.step("DenseComputedF32", &rt.DenseComputedF32Args{Rows: rowsOf, K: w[1], Out: w[0]}, b.make(n.Result(), rows), src, ws, bs)
}

// factors are the multipliers of the accumulators: to codes, or to float32 numbers.
func (b *builder) factors(n *ir.Node, channels int) []float32 {
	sx, _ := n.Operands[0].Type.Quant.At(0)
	wq, y := n.Operands[1].Type.Quant, n.Result().Type
	m := make([]float32, channels)
	for c := range m {
		sw, _ := wq.At(c)
		switch {
		case y.IsFloat():
			m[c] = op.DequantScale(n, sx, sw)
		case wide(n):
			m[c] = op.WideMultiplier(sx, sw, y.Quant.Scale[0])
		default:
			m[c] = op.Multiplier(sx, sw, y.Quant.Scale[0])
		}
	}
	return m
}

// accCodes is the end of a layer whose result are codes; unused for a float32 result.
func accCodes(n *ir.Node) rt.Codes {
	if n.Result().Type.IsFloat() {
		return rt.Codes{}
	}
	return codes(n.Result().Type, n.Ints("clip"))
}

func (b *builder) qconv(n *ir.Node) {
	src := b.in(n.Operands[0], pixel)
	dst := b.make(n.Result(), pixel)
	kind := b.Kind(dst)
	switch {
	case wide(n):
		b.wideConv(n, dst, src)
	case op.Shifts(n) && (depthwise(n) || grouped(n)):
		b.step(typed(kind, "ConvGroupsShifted", "ConvGroupsShiftedToF32"), &rt.ConvGroupsShiftedArgs{ConvGroupsArgs: *b.groupsArgs(n), Shift: shifts(n)}, dst, src)
	case op.Shifts(n):
		a := b.convArgs(n)
		b.step(typed(kind, "ConvShifted", "ConvShiftedToF32"), &rt.ConvShiftedArgs{Conv: *a, Shift: shifts(n)}, dst, src, b.padSlot(a))
	case depthwise(n):
		b.step(typed(kind, "Depthwise", "DepthwiseToF32"), b.depthwiseArgs(n), dst, src)
	case grouped(n):
		b.step(typed(kind, "ConvGroups", "ConvGroupsToF32"), b.groupsArgs(n), dst, src)
	default:
		a := b.convArgs(n)
		b.step(typed(kind, "Conv2D", "Conv2DToF32"), a, dst, src, b.padSlot(a))
	}
}

// unfused says whether a layer's kernel computes nothing but the layer: its accumulators have two parts or are
// shifted.
func unfused(n *ir.Node) bool { return wide(n) || op.Shifts(n) }

// shifts are those of a layer's accumulators, one for each channel.
func shifts(n *ir.Node) []uint8 {
	out := make([]uint8, n.Operands[1].Type.Shape[0])
	for c := range out {
		out[c] = uint8(op.Shift(n, c))
	}
	return out
}

// depthwise says whether a convolution has one filter for each channel.
func depthwise(n *ir.Node) bool {
	g := n.Int("group")
	return g == n.Operands[0].Type.Shape[1] && g == n.Operands[1].Type.Shape[0]
}

// grouped says whether a convolution's windows must be gathered: it has groups, or holes between the
// columns of a window.
func grouped(n *ir.Node) bool {
	return n.Int("group") > 1 || n.Ints("dilation")[1] > 1
}

// operandsOf are the constants of a layer.
func (b *builder) operandsOf(n *ir.Node) (weights []int8, bias []int32, zeroCode int32) {
	return b.known(n.Operands[1]).I8, b.known(n.Operands[2]).I32, zero(n.Operands[0].Type)
}

// convArgs are those of a convolution of codes in one group.
func (b *builder) convArgs(n *ir.Node) *rt.Conv {
	x, w, out := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result()).Shape[1]
	weights, bias, z := b.operandsOf(n)
	a := &rt.Conv{N: x[0], C: x[1], Out: out, Window: window(n, x, w[2], w[3]), Zero: uint8(z), Codes: accCodes(n)}
	a.Packed = pack.Matrix(filters(weights, w), bias, b.factors(n, out), a.KH, a.KW*a.C, z)
	a.Padded = padded(a)
	return a
}

// padSlot is the memory of padded images, an empty slice when there are none.
func (b *builder) padSlot(a *rt.Conv) Slot {
	if n := a.PadBytes(); n > 0 {
		return b.scratch(U8, n)
	}
	return b.none(U8)
}

// padded says whether windows reach outside, or the rows of windows are no whole groups of four
// codes, so that the source can't be read in place.
func padded(a *rt.Conv) bool {
	below, right := (a.OutH-1)*a.SH-a.Top+(a.KH-1)*a.DH, (a.OutW-1)*a.SW-a.Left+(a.KW-1)*a.DW
	return a.Top > 0 || a.Left > 0 || below >= a.H || right >= a.W || a.KW*a.C%4 != 0
}

func (b *builder) groupsArgs(n *ir.Node) *rt.ConvGroupsArgs {
	x, w, out := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result()).Shape[1]
	weights, bias, z := b.operandsOf(n)
	group := n.Int("group")
	return &rt.ConvGroupsArgs{N: x[0], C: x[1], Out: out, Group: group, Window: window(n, x, w[2], w[3]), Zero: uint8(z), Codes: accCodes(n),
		Packed: pack.Groups(filters(weights, w), bias, b.factors(n, out), group, 1, tensor.Elems(w[1:]), z)}
}

func (b *builder) depthwiseArgs(n *ir.Node) *rt.DepthwiseArgs {
	x, w := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	weights, bias, z := b.operandsOf(n)
	return &rt.DepthwiseArgs{N: x[0], C: x[1], Window: window(n, x, w[2], w[3]), Zero: uint8(z), Codes: accCodes(n),
		Packed: pack.Depthwise(weights, bias, b.factors(n, x[1]), w[2], w[3], z)}
}

// qdense is a convolution of images of one position.
func (b *builder) qdense(n *ir.Node) {
	x, w := b.typ(n.Operands[0]), b.typ(n.Operands[1]).Shape
	weights, bias, z := b.operandsOf(n)
	one := rt.Window{H: 1, W: 1, KH: 1, KW: 1, SH: 1, SW: 1, DH: 1, DW: 1, OutH: 1, OutW: 1}
	a := &rt.Conv{N: elems(x) / w[1], C: w[1], Out: w[0], Window: one, Zero: uint8(z), Codes: accCodes(n)}
	a.Packed = pack.Matrix(weights, bias, b.factors(n, w[0]), 1, w[1], z)
	a.Padded = padded(a)
	src := b.in(n.Operands[0], rows)
	dst := b.make(n.Result(), rows)
	switch {
	case wide(n):
		b.wideMatrix(n, a, weights, 1, w[1], dst, src)
		return
	case op.Shifts(n):
		b.step(typed(b.Kind(dst), "ConvShifted", "ConvShiftedToF32"), &rt.ConvShiftedArgs{Conv: *a, Shift: shifts(n)}, dst, src, b.padSlot(a))
		return
	}
	b.step(typed(b.Kind(dst), "Conv2D", "Conv2DToF32"), a, dst, src, b.padSlot(a))
}
