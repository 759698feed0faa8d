package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
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
		b.Consts = append(b.Consts, Const{Name: "none", Kind: F32, F32: []float32{}})
		return Slot{Constant, len(b.Consts) - 1}
	}
	return b.in(n.Operands[2], rows)
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
		if y.IsFloat() {
			m[c] = op.AccScale(sx, sw)
		} else {
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
	x, w, y := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result())
	win := window(n, x, w[2], w[3])
	out := y.Shape[1]
	weights, bias := b.known(n.Operands[1]).I8, b.known(n.Operands[2]).I32
	offset := n.Operands[0].Type.Quant.Offset[0]
	src := b.in(n.Operands[0], pixel)
	dst := b.make(n.Result(), pixel)
	kind := b.Kind(dst)
	if depthwise(n) {
		a := &rt.DepthwiseArgs{N: x[0], C: x[1], Window: win, Weights: weights, Bias: bias, Offset: offset, M: b.factors(n, out), Codes: accCodes(n)}
		b.step(typed(kind, "Depthwise", "DepthwiseToF32"), a, dst, src, b.scratch(I32, out))
		return
	}
	a := b.convArgs(n)
	patch, acc := a.Scratch()
	b.step(typed(kind, "Conv2D", "Conv2DToF32"), a, dst, src, b.scratch(I64, patch), b.scratch(I32, acc))
}

// convArgs are those of a convolution of codes.
func (b *builder) convArgs(n *ir.Node) *rt.Conv {
	x, w, y := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result())
	return &rt.Conv{N: x[0], C: x[1], Out: y.Shape[1], Group: n.Int("group"), Window: window(n, x, w[2], w[3]),
		Weights: filters(b.known(n.Operands[1]).I8, w), Bias: b.known(n.Operands[2]).I32, Offset: n.Operands[0].Type.Quant.Offset[0],
		M: b.factors(n, y.Shape[1]), Codes: accCodes(n)}
}

func (b *builder) qdense(n *ir.Node) {
	x, w := b.typ(n.Operands[0]), b.typ(n.Operands[1]).Shape
	a := &rt.DenseArgs{Rows: elems(x) / w[1], K: w[1], Out: w[0], Weights: b.known(n.Operands[1]).I8, Bias: b.known(n.Operands[2]).I32,
		Offset: n.Operands[0].Type.Quant.Offset[0], M: b.factors(n, w[0]), Codes: accCodes(n)}
	src := b.in(n.Operands[0], rows)
	dst := b.make(n.Result(), rows)
	patch, acc := a.Scratch()
	b.step(typed(b.Kind(dst), "Dense", "DenseToF32"), a, dst, src, b.scratch(I64, patch), b.scratch(I32, acc))
}
