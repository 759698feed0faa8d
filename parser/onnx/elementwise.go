package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

func buildAdd(c *call) {
	c.plainRounds()
	switch {
	case c.in[0].acc != nil || c.in[1].acc != nil:
		c.addBias()
		return
	case c.in[0].chain != nil || c.in[1].chain != nil:
		c.chainAdd()
		return
	}
	if c.bothKnown() {
		c.foldBinary(arith{f: func(a, b float32) float32 { return a + b }, d: func(a, b float64) float64 { return a + b },
			i: func(a, b int64) int64 { return a + b }, neutral: 0, commutes: true})
		return
	}
	c.node("nn.add", []*ir.Value{c.operand(0), c.operand(1)})
}

// buildSub turns x - c into x + (-c), which is the same number.
func buildSub(c *call) {
	c.plainRounds()
	if c.in[0].chain != nil || c.in[1].chain != nil {
		c.chainSub()
		return
	}
	if c.bothKnown() {
		c.foldBinary(arith{f: func(a, b float32) float32 { return a - b }, d: func(a, b float64) float64 { return a - b },
			i: func(a, b int64) int64 { return a - b }, neutral: 0})
		return
	}
	if c.in[1].lit == nil || c.in[1].lit.elem != pb.TensorProto_FLOAT {
		c.node("nn.sub", []*ir.Value{c.x(0), c.x(1)})
		return
	}
	if l := c.floats(1, "subtrahend"); l != nil {
		c.node("nn.add", []*ir.Value{c.x(0), c.konst(scaled(l, -1))})
	}
}

func buildMul(c *call) {
	if c.in[0].acc != nil || c.in[1].acc != nil {
		c.scaleAccumulator()
		return
	}
	if c.in[0].dyn != nil || c.in[1].dyn != nil {
		c.scaleDynamic()
		return
	}
	if c.bothKnown() {
		c.foldBinary(arith{f: func(a, b float32) float32 { return float32(a * b) }, d: func(a, b float64) float64 { return float64(a * b) },
			i: func(a, b int64) int64 { return a * b }, neutral: 1, commutes: true})
		return
	}
	if c.foldDequant() {
		return
	}
	c.node("nn.mul", []*ir.Value{c.operand(0), c.operand(1)})
}

// buildDiv turns x / c into x * (1/c): the same number where c is a power of two, otherwise
// within a unit in the last place.
func buildDiv(c *call) {
	if c.bothKnown() {
		if l := c.in[1].lit; l.i != nil {
			for i, v := range l.i {
				if v == 0 && (l.free == nil || !l.free[i]) {
					c.errorf(codeForm, "it divides integers by zero")
					return
				}
			}
		}
		c.foldBinary(arith{f: func(a, b float32) float32 { return a / b }, d: func(a, b float64) float64 { return a / b },
			i: func(a, b int64) int64 { return a / b }, neutral: 1})
		return
	}
	if l := c.in[1].lit; l == nil || l.elem != pb.TensorProto_FLOAT || slices.Contains(l.f, 0) {
		c.node("nn.div", []*ir.Value{c.x(0), c.x(1)})
		return
	}
	l := c.floats(1, "divisor")
	if l == nil {
		return
	}
	r := floatLiteral(l.name, l.shape, make([]float32, len(l.f)))
	for i, v := range l.f {
		r.f[i] = 1 / v
	}
	c.node("nn.mul", []*ir.Value{c.x(0), c.konst(r)})
}

func (c *call) bothKnown() bool { return c.in[0].lit != nil && c.in[1].lit != nil }

// arith is an operator on two known tensors.
type arith struct {
	f        func(a, b float32) float32
	d        func(a, b float64) float64
	i        func(a, b int64) int64
	neutral  int64 // second operand that changes nothing
	commutes bool
}

// foldBinary evaluates an operator on two known tensors with numpy broadcasting.
func (c *call) foldBinary(op arith) {
	a, b := c.in[0].lit, c.in[1].lit
	if a.elem != b.elem {
		c.errorf(codeElem, "its operands hold %s and %s, want the same type", elemName(int32(a.elem)), elemName(int32(b.elem)))
		return
	}
	shape, ok := broadcastShape(a.shape, b.shape)
	if !ok {
		c.errorf(codeShape, "shapes %v and %v do not broadcast", a.shape, b.shape)
		return
	}
	if !c.chargeShape(shape) {
		return
	}
	ia, ib := broadcastIndex(a.shape, shape), broadcastIndex(b.shape, shape)
	out := &literal{elem: a.elem, shape: shape}
	switch {
	case a.elem == pb.TensorProto_FLOAT:
		out.f = make([]float32, len(ia))
		for k := range ia {
			out.f[k] = op.f(a.f[ia[k]], b.f[ib[k]])
		}
	case a.elem == pb.TensorProto_DOUBLE:
		out.d = make([]float64, len(ia))
		for k := range ia {
			out.d[k] = op.d(a.d[ia[k]], b.d[ib[k]])
		}
	case a.i != nil && b.i != nil && a.elem != pb.TensorProto_BOOL:
		out.i = make([]int64, len(ia))
		for k := range ia {
			fa, fb := a.free != nil && a.free[ia[k]], b.free != nil && b.free[ib[k]]
			if fa || fb {
				// The batch survives only what leaves it alone.
				alone := fa && !fb && b.i[ib[k]] == op.neutral || op.commutes && fb && !fa && a.i[ia[k]] == op.neutral
				if !alone {
					c.errorf(codeBatch, "it computes with the free batch; fix the batch with --input-shape")
					return
				}
				if out.free == nil {
					out.free = make([]bool, len(ia))
				}
				out.free[k] = true
				continue
			}
			out.i[k] = narrowInt(op.i(a.i[ia[k]], b.i[ib[k]]), a.elem)
		}
	default:
		c.errorf(codeElem, "%s of constants of type %s is not supported; export the network in float32", c.pb.OpType, elemName(int32(a.elem)))
		return
	}
	c.fold(out)
}

// broadcastShape is the numpy result shape of two known shapes.
func broadcastShape(a, b []int) ([]int, bool) {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range n {
		x, y := 1, 1
		if k := i - (n - len(a)); k >= 0 {
			x = a[k]
		}
		if k := i - (n - len(b)); k >= 0 {
			y = b[k]
		}
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, false
		}
	}
	return out, true
}

// broadcastIndex gives, for every element of out, the flat index of its element in shape.
func broadcastIndex(shape, out []int) []int {
	strides := make([]int, len(out))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 {
			strides[len(out)-len(shape)+i] = n
		}
		n *= shape[i]
	}
	return walk(out, 0, strides)
}
