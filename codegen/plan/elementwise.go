package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// unary plans a kernel that treats every element alike, in the order in which they are.
func (b *builder) unary(n *ir.Node, kernel string, args any) {
	src, o := b.any(n.Operands[0])
	b.step(kernel, args, b.make(n.Result(), o), src)
}

func (b *builder) relu(n *ir.Node) { b.unary(n, "ReluF32", &rt.ReluF32Args{}) }

func (b *builder) clip(n *ir.Node) {
	b.unary(n, "ClipF32", &rt.ClipF32Args{Lo: n.Float("min"), Hi: n.Float("max")})
}

func (b *builder) qclip(n *ir.Node) {
	c := n.Ints("clip")
	b.unary(n, "ClipCodes", &rt.ClipCodesArgs{Lo: uint8(c[0] + 128), Hi: uint8(c[1] + 128)})
}

func (b *builder) batchNorm(n *ir.Node) {
	var p [4][]float32
	for i := range p {
		p[i] = b.known(n.Operands[i+1]).F32
	}
	a := &rt.BatchNormF32Args{Inner: 1}
	a.A, a.B = op.BatchNormAffine(p[0], p[1], p[2], p[3], n.Float("eps"))
	if _, o := b.any(n.Operands[0]); o == rows {
		a.Inner = tensor.Elems(b.typ(n.Operands[0]).Shape[2:])
	}
	b.unary(n, "BatchNormF32", a)
}

// binary is the walk over both operands of an element-wise operator, in the order best for the
// result, with that order. Dimensions that both operands pass without a jump are joined.
func (b *builder) binary(n *ir.Node) (s rt.Strided, x, y Slot, o order) {
	shape := b.typ(n.Result()).Shape
	x, ox := b.any(n.Operands[0])
	y, oy := b.any(n.Operands[1])
	o = best(len(shape))
	if len(n.Operands[0].Type.Shape) == len(shape) && len(n.Operands[1].Type.Shape) == len(shape) && ox == oy {
		o = ox
	}
	sa, sb := spread(b.typ(n.Operands[0]).Shape, ox, len(shape)), spread(b.typ(n.Operands[1]).Shape, oy, len(shape))
	for _, a := range o.axes(len(shape)) {
		d := shape[a]
		if d == 1 {
			continue
		}
		if k := len(s.Dims) - 1; k >= 0 && s.A[k] == d*sa[a] && s.B[k] == d*sb[a] {
			s.Dims[k], s.A[k], s.B[k] = s.Dims[k]*d, sa[a], sb[a]
			continue
		}
		s.Dims, s.A, s.B = append(s.Dims, d), append(s.A, sa[a]), append(s.B, sb[a])
	}
	if len(s.Dims) == 0 {
		s = rt.Strided{Dims: []int{1}, A: []int{1}, B: []int{1}}
	}
	return s, x, y, o
}

// spread are the distances along the axes of a result of the given rank; 0 where shape is repeated.
func spread(shape []int, o order, rank int) []int {
	out := make([]int, rank)
	for i, s := range o.strides(shape) {
		if shape[i] != 1 {
			out[rank-len(shape)+i] = s
		}
	}
	return out
}

func (b *builder) add2(n *ir.Node) {
	s, x, y, o := b.binary(n)
	b.step("AddF32", &s, b.make(n.Result(), o), x, y)
}

func (b *builder) mul2(n *ir.Node) {
	s, x, y, o := b.binary(n)
	b.step("MulF32", &s, b.make(n.Result(), o), x, y)
}

func (b *builder) qadd(n *ir.Node) {
	for i, v := range n.Operands {
		if v.Def != nil && b.fused[v.Def] == n {
			b.residual(n, v.Def, n.Operands[1-i])
			return
		}
	}
	s, x, y, o := b.binary(n)
	p, q, r := n.Operands[0].Type, n.Operands[1].Type, n.Result().Type
	b.step("AddCodes", &rt.AddCodesArgs{Strided: s, Sum: sum(p, q, r, n)}, b.make(n.Result(), o), x, y)
}

func (b *builder) qsub(n *ir.Node) {
	s, x, y, o := b.binary(n)
	a := &rt.AddCodesArgs{Strided: s, Sum: sum(n.Operands[0].Type, n.Operands[1].Type, n.Result().Type, n)}
	a.MB = -a.MB
	b.step("AddCodes", a, b.make(n.Result(), o), x, y)
}

// sum is how codes of two types become those of a third in the sum n.
func sum(p, q, r ir.Type, n *ir.Node) rt.Sum {
	return rt.Sum{OA: zero(p), OB: zero(q), Codes: codes(r, n.Ints("clip")),
		MA: op.Ratio(p.Quant.Scale[0], r.Quant.Scale[0]), MB: op.Ratio(q.Quant.Scale[0], r.Quant.Scale[0])}
}

func (b *builder) qmul(n *ir.Node) {
	s, x, y, o := b.binary(n)
	p, q, r := n.Operands[0].Type, n.Operands[1].Type, n.Result().Type
	a := &rt.MulCodesArgs{Strided: s, OA: zero(p), OB: zero(q), Codes: codes(r, n.Ints("clip")),
		M: op.MulScale(p.Quant.Scale[0], q.Quant.Scale[0], r.Quant.Scale[0])}
	b.step("MulCodes", a, b.make(n.Result(), o), x, y)
}

func (b *builder) table(n *ir.Node) {
	codes := b.known(n.Operands[1]).I8
	table := make([]uint8, len(codes))
	for i, q := range codes {
		table[i] = uint8(int(q) + 128)
	}
	if len(table) == 256 {
		b.unary(n, "Table", &rt.TableArgs{Table: table})
		return
	}
	a := &rt.TablesArgs{Channels: len(table) / 256, Inner: 1, Table: table}
	if _, o := b.any(n.Operands[0]); o == rows {
		a.Inner = tensor.Elems(b.typ(n.Operands[0]).Shape[2:])
	}
	b.unary(n, "Tables", a)
}

func (b *builder) observe(n *ir.Node) {
	slot, o := b.any(n.Operands[0])
	b.put(n.Result(), slot, o)
}

func (b *builder) fake(n *ir.Node) {
	q := op.FakeQuant(n)
	if q.Storage() == tensor.I16 {
		b.unary(n, "FakeQuantizeWide", &rt.FakeQuantizeWideArgs{QuantizeWideArgs: wideCodes(q), S: q.Scale[0]})
		return
	}
	a := &rt.FakeQuantizeArgs{Inner: 1, S: q.Scale}
	for i, s := range q.Scale {
		lo, hi, o := q.Min, q.Max, q.Offset[i]
		a.R = append(a.R, op.Reciprocal(s))
		a.Q = append(a.Q, rt.Codes{Lo: float32(lo - o), Hi: float32(hi - o), Zero: o + 128, NaN: uint8(o + 128)})
	}
	if q.Axis < 0 {
		b.unary(n, "FakeQuantize", a)
		return
	}
	a.Inner = tensor.Elems(b.typ(n.Operands[0]).Shape[q.Axis+1:])
	b.step("FakeQuantize", a, b.make(n.Result(), rows), b.in(n.Operands[0], rows))
}

func (b *builder) quantize(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	shape := b.typ(n.Operands[0]).Shape
	q := n.Result().Type.Quant
	if n.Result().Type.DType == tensor.I16 {
		b.quantizeWide(n, src, o)
		return
	}
	a := &rt.QuantizeArgs{N: 1, C: 1, P: tensor.Elems(shape), R: op.Reciprocal(q.Scale[0]), Codes: codes(n.Result().Type, anyCode)}
	if o == rows && len(shape) == 4 && !same(shape) {
		a.N, a.C, a.P = shape[0], shape[1], shape[2]*shape[3]
		o = pixel
	}
	b.step("Quantize", a, b.make(n.Result(), o), src)
}

func (b *builder) dequantize(n *ir.Node) {
	q := n.Operands[0].Type.Quant
	b.unary(n, "Dequantize", &rt.DequantizeArgs{Zero: q.Offset[0] + 128, S: q.Scale[0]})
}

func (b *builder) rescale(n *ir.Node) {
	x, y := n.Operands[0].Type, n.Result().Type
	b.unary(n, "Rescale", &rt.RescaleArgs{In: zero(x), M: op.Ratio(x.Quant.Scale[0], y.Quant.Scale[0]), Codes: codes(y, n.Ints("clip"))})
}
