package onnx

import (
	"math"

	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// foldBudget is how many elements folding may allocate beyond a small multiple of those that
// the file holds.
const foldBudget = 1 << 24

// charge takes n elements from the budget.
func (c *call) charge(n int) bool {
	if n > c.im.budget {
		c.errorf(codeTooLarge, "evaluating it needs a constant of %d elements, too many for a model of this size", n)
		return false
	}
	c.im.budget -= n
	return true
}

// chargeShape is charge for a shape that may be hostile.
func (c *call) chargeShape(shape []int) bool {
	n, ok := tensor.CheckedElems(shape, maxElems)
	if !ok {
		c.errorf(codeTooLarge, "shape %v is negative or too large", shape)
		return false
	}
	return c.charge(n)
}

// walk lists start + the strided offset of every index of shape, row-major.
func walk(shape []int, start int, strides []int) []int {
	n := tensor.Elems(shape)
	out := make([]int, n)
	idx := make([]int, len(shape))
	at := start
	for i := range n {
		out[i] = at
		for d := len(shape) - 1; d >= 0; d-- {
			idx[d]++
			at += strides[d]
			if idx[d] < shape[d] {
				break
			}
			at -= strides[d] * shape[d]
			idx[d] = 0
		}
	}
	return out
}

func buildConstant(c *call) {
	name := c.pb.Output[0]
	if len(c.pb.Attribute) != 1 {
		c.errorf(codeAttr, "it has %d attributes, want the one with its value", len(c.pb.Attribute))
		return
	}
	switch key := c.pb.Attribute[0].GetName(); key {
	case "value":
		a := c.attr(key, pb.AttributeProto_TENSOR)
		if a == nil {
			return
		}
		if a.T == nil {
			c.errorf(codeAttr, "attribute value holds no tensor")
			return
		}
		l, p := c.im.decode(a.T)
		if p != nil {
			c.errorf(p.code, "%s", p.text)
			return
		}
		c.fold(l)
	case "value_float":
		c.fold(floatLiteral(name, nil, []float32{c.floatAttr(key, 0)}))
	case "value_floats":
		if a := c.attr(key, pb.AttributeProto_FLOATS); a != nil {
			c.fold(floatLiteral(name, []int{len(a.Floats)}, a.Floats))
		}
	case "value_int":
		if a := c.attr(key, pb.AttributeProto_INT); a != nil {
			c.fold(intLiteral(name, nil, []int64{a.I}))
		}
	case "value_ints":
		if a := c.attr(key, pb.AttributeProto_INTS); a != nil {
			c.fold(intLiteral(name, []int{len(a.Ints)}, a.Ints))
		}
	default:
		c.errorf(codeForm, "constants given as %s are not supported; export dense numbers", key)
	}
}

func buildConstantOfShape(c *call) {
	shape, ok := c.intsOf(0, "shape")
	if !ok || !c.chargeShape(shape) {
		return
	}
	one := floatLiteral("", []int{1}, []float32{0})
	if a := c.attr("value", pb.AttributeProto_TENSOR); a != nil && a.T != nil {
		l, p := c.im.decode(a.T)
		if p != nil {
			c.errorf(p.code, "%s", p.text)
			return
		}
		if l.len() != 1 {
			c.errorf(codeAttr, "attribute value has shape %v, want one element", l.shape)
			return
		}
		one = l
	}
	if !c.failed {
		c.fold(one.pick(shape, make([]int, tensor.Elems(shape))))
	}
}

// rangeOfNumbers counts with floating-point numbers: start + i*delta.
func (c *call) rangeOfNumbers() {
	var v [3]float64
	for i, what := range []string{"start", "limit", "delta"} {
		l := c.lit(i, what)
		if l == nil {
			return
		}
		if l.len() != 1 || l.elem != c.in[0].lit.elem {
			c.errorf(codeShape, "its %s is no number of the type of its start", what)
			return
		}
		v[i] = l.tensor().Real(0)
	}
	n := math.Ceil(float64(v[1]-v[0]) / v[2])
	if !(n < maxTaps) {
		c.errorf(codeForm, "it counts from %v to %v by %v", v[0], v[1], v[2])
		return
	}
	c.made(c.in[0].lit.elem, []int{int(max(n, 0))}, func(i int) float64 { return v[0] + float64(float64(i)*v[2]) })
}

func buildRange(c *call) {
	if l := c.in[0].lit; l != nil && l.i == nil && l.len() == 1 {
		c.rangeOfNumbers()
		return
	}
	var v [3]int64
	for i, what := range []string{"start", "limit", "delta"} {
		n, ok := c.intsOf(i, what)
		if !ok {
			return
		}
		if len(n) != 1 {
			c.errorf(codeShape, "its %s has %d elements, want one", what, len(n))
			return
		}
		v[i] = int64(n[0])
	}
	const bound = math.MaxInt64 / 4
	if v[2] == 0 || max(v[0], v[1], v[2]) > bound || min(v[0], v[1], v[2]) < -bound {
		c.errorf(codeForm, "it counts from %d to %d by %d", v[0], v[1], v[2])
		return
	}
	span, step := v[1]-v[0], v[2]
	if step < 0 {
		span, step = -span, -step
	}
	n := int64(0)
	if span > 0 {
		n = (span-1)/step + 1
	}
	if !c.charge(int(n)) {
		return
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = v[0] + int64(i)*v[2]
	}
	l := intLiteral("", []int{len(out)}, out)
	l.elem = c.in[0].lit.elem
	c.fold(l)
}
