package onnx

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/runtime/f32"
)

// The operators of this file make tensors out of known numbers.

// known makes output 0 a tensor of the given type from float64 numbers.
func (c *call) made(to pb.TensorProto_DataType, shape []int, f func(i int) float64) {
	d := dtype(to)
	if d == tensor.Invalid {
		c.errorf(codeElem, "it makes %s, which is no type of numbers", elemName(int32(to)))
		return
	}
	if c.failed || !c.chargeShape(shape) {
		return
	}
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		if v := f(i); d.IsFloat() {
			t.SetReal(i, v)
		} else {
			t.SetInt(i, int64(v))
		}
	}
	c.fold(literalOf(t))
}

func buildEyeLike(c *call) {
	s := c.in[0].shape()
	to := c.in[0].elem()
	if c.hasAttr("dtype") {
		to = pb.TensorProto_DataType(c.intAttr("dtype", 0))
	}
	if len(s) != 2 || s[0] == ir.Free {
		c.errorf(codeShape, "its operand is %s, want a fixed matrix", shapeText(s))
		return
	}
	k := c.intAttr("k", 0)
	c.made(to, s, func(i int) float64 {
		if i%s[1]-i/s[1] == k {
			return 1
		}
		return 0
	})
}

// windowOf makes the row of a cosine window: a0 - a1*cos(2*pi*n/N) + a2*cos(4*pi*n/N).
func windowOf(a0, a1, a2 float64) func(*call) {
	return func(c *call) {
		size, ok := c.intsOf(0, "size")
		if !ok {
			return
		}
		if len(size) != 1 {
			c.errorf(codeShape, "its size has %d elements, want one", len(size))
			return
		}
		n := size[0]
		if c.intAttr("periodic", 1) == 0 {
			n--
		}
		n = max(n, 1)
		c.made(pb.TensorProto_DataType(c.intAttr("output_datatype", 1)), size, func(i int) float64 {
			_, once := f32.Turn(i, n)
			_, twice := f32.Turn(2*i, n)
			return float64(a0-float64(a1*once)) + float64(a2*twice)
		})
	}
}

// buildOneHot compares indices with the numbers of the classes.
func buildOneHot(c *call) {
	depth := c.lit(1, "depth")
	if depth == nil {
		return
	}
	s := c.in[0].shape()
	axis, ok := c.axis(c.intAttr("axis", -1), len(s)+1)
	if !ok {
		return
	}
	if depth.len() != 1 {
		c.errorf(codeShape, "its depth has %d elements, want one", depth.len())
		return
	}
	n := depth.tensor().Real(0)
	x, values := c.casted(c.x(0), tensor.I64), c.x(2)
	if x == nil || values == nil || !c.fixed(x) {
		return
	}
	if !(n >= 1) || n > limit || values.Type.Elems() != 2 || len(values.Type.Shape) != 1 {
		c.errorf(codeShape, "%v classes with values of %s", n, values.Type)
		return
	}
	classes := make([]int64, int(n))
	for i := range classes {
		classes[i] = int64(i)
	}
	shape, row := []int{}, span(1, len(s)+1, 0)
	shape = append(append(append(shape, s[:axis]...), 1), s[axis:]...)
	row[axis] = len(classes)
	x = c.two("nn.mod", x, c.like(x, n)) // negative indices count from the end
	hot := c.two("nn.equal", c.reshaped(x, shape...), c.constInts("classes", classes, row...))
	off, on := c.take(values, 0, []int{0}), c.take(values, 0, []int{1})
	c.node("nn.where", []*ir.Value{hot, on, off})
}

// buildNonZero lists the places of known elements that are not zero.
func buildNonZero(c *call) {
	l := c.lit(0, "operand")
	if l == nil {
		return
	}
	t := l.tensor()
	var at []int
	for i := range t.Len() {
		if t.Real(i) != 0 {
			at = append(at, i)
		}
	}
	rank := len(l.shape)
	strides := tensor.Strides(l.shape)
	c.made(pb.TensorProto_INT64, []int{rank, len(at)}, func(i int) float64 {
		d := i / max(len(at), 1)
		return float64(at[i%len(at)] / strides[d] % l.shape[d])
	})
}
