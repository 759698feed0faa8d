package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// unary imports an operator that takes input 0 alone.
func (c *call) unary(opName string) { c.node(opName, []*ir.Value{c.x(0)}) }

func buildClip(c *call) {
	if e := c.in[0].elem(); e != pb.TensorProto_FLOAT && e != pb.TensorProto_UNDEFINED && c.im.opset >= 11 && (c.in[0].lit != nil || c.im.opt.Numbers) {
		c.clipNumbers()
		return
	}
	lo, hi := float32(-math.MaxFloat32), float32(math.MaxFloat32)
	bounded := false
	if c.im.opset < 11 {
		if len(c.in) > 1 {
			c.errorf(codeArity, "its bounds are inputs only from opset 11 on")
			return
		}
		bounded = c.hasAttr("min") || c.hasAttr("max")
		lo, hi = c.floatAttr("min", lo), c.floatAttr("max", hi)
	} else {
		bound := func(i int, what string, to *float32) {
			if !c.has(i) {
				return
			}
			l := c.floats(i, what)
			if l == nil {
				return
			}
			if l.len() != 1 {
				c.errorf(codeShape, "its %s has shape %v, want one number", what, l.shape)
				return
			}
			bounded = true
			*to = l.f[0]
		}
		bound(1, "lower bound", &lo)
		bound(2, "upper bound", &hi)
	}
	if c.failed {
		return
	}
	if lo != lo || hi != hi {
		c.errorf(codeAttr, "a bound is not a number")
		return
	}
	if k := c.in[0].chain; k != nil && k.rounded != nil && (lo != -128 || hi != 127) {
		c.in[0] = &value{name: c.in[0].name, node: k.rounded}
	}
	if c.in[0].chain != nil {
		c.chainClip(lo, hi)
		return
	}
	if !bounded {
		c.alias(0)
		return
	}
	lo, hi = max(lo, -math.MaxFloat32), min(hi, math.MaxFloat32)
	c.node("nn.clip", []*ir.Value{c.x(0)}, "min", lo, "max", hi)
}

// clipNumbers is Clip of numbers of any type, whose bounds have the same type.
func (c *call) clipNumbers() {
	v := c.x(0)
	for i, name := range []string{1: "nn.max", 2: "nn.min"} {
		if name == "" || !c.has(i) {
			continue
		}
		if s := c.in[i].shape(); len(s) > 1 || c.in[i].lit != nil && c.in[i].lit.len() != 1 {
			c.errorf(codeShape, "its bound %q has shape %v, want one number", c.pb.Input[i], s)
			return
		}
		v = c.two(name, v, c.x(i))
	}
	c.finish(0, v)
}

func buildBatchNorm(c *call) {
	training := c.intAttr("training_mode", 0) != 0
	if training && !c.im.opt.Numbers {
		c.errorf(codeForm, "training_mode=1 is not supported; export the network in evaluation mode")
		return
	}
	if c.im.opset < 9 && c.intAttr("spatial", 1) == 0 {
		c.errorf(codeForm, "spatial=0 (statistics for each position) is not supported")
		return
	}
	if training || c.in[1].lit == nil && c.im.opt.Numbers {
		c.computedBatchNorm(training)
		return
	}
	if c.wants(1) || c.wants(2) {
		c.errorf(codeOutput, "its running statistics are used but not supported; only the first output is")
		return
	}
	operands := []*ir.Value{c.x(0)}
	for i, what := range []string{"scale", "bias", "mean", "variance"} {
		l := c.floats(i+1, what)
		if l == nil {
			return
		}
		operands = append(operands, c.konst(l))
	}
	c.node("nn.batch_norm", operands, "eps", c.floatAttr("epsilon", 1e-5))
}

// buildDropout leaves numbers as they are, as evaluation does, and so does training that drops none. The mask says
// that all are kept.
func buildDropout(c *call) {
	training := false
	if c.has(2) {
		l := c.lit(2, "training mode")
		if l == nil {
			return
		}
		training = len(l.i) != 1 || l.i[0] != 0
	}
	ratio := c.floatAttr("ratio", 0.5)
	if c.has(1) {
		l := c.floats(1, "ratio")
		if l == nil {
			return
		}
		if len(l.f) != 1 {
			c.errorf(codeForm, "ratio has %d elements, want one", len(l.f))
			return
		}
		ratio = l.f[0]
	}
	if training && ratio != 0 {
		c.errorf(codeForm, "training mode is not supported; export the network in evaluation mode")
		return
	}
	if c.wants(1) {
		shape := c.in[0].shape()
		if slices.Contains(shape, ir.Free) {
			c.errorf(codeBatch, "its mask has the free batch; fix the batch with --input-shape")
			return
		}
		if !c.chargeShape(shape) {
			return
		}
		kept := pb.TensorProto_BOOL
		if c.im.opset < 10 {
			kept = pb.TensorProto_FLOAT
		}
		c.made(kept, shape, func(int) float64 { return 1 })
		c.out[1] = c.out[0]
	}
	c.node("nn.dropout", []*ir.Value{c.x(0)}, "ratio", ratio)
}

// buildSoftmax handles both meanings: along one axis from opset 13 on, before that over all
// axes from the given one.
func buildSoftmax(c *call) {
	s := c.in[0].shape()
	x := c.x(0)
	if c.im.opset >= 13 {
		if a, ok := c.axis(c.intAttr("axis", -1), len(s)); ok {
			c.node("nn.softmax", []*ir.Value{x}, "axis", a)
		}
		return
	}
	a, ok := c.axis(c.intAttr("axis", 1), len(s))
	if !ok {
		return
	}
	if a == len(s)-1 {
		c.node("nn.softmax", []*ir.Value{x}, "axis", a)
		return
	}
	if s[a] == ir.Free {
		c.errorf(codeBatch, "softmax over all axes from %d includes the free batch; fix the batch with --input-shape", a)
		return
	}
	flat := append([]int{}, s[:a]...)
	n := 1
	for _, d := range s[a:] {
		n *= d
	}
	y := c.emit("nn.reshape", c.label("_flat"), []*ir.Value{x}, "shape", append(flat, n))
	if y == nil {
		return
	}
	y = c.emit("nn.softmax", c.label("_softmax"), []*ir.Value{y}, "axis", a)
	if y == nil {
		return
	}
	c.node("nn.reshape", []*ir.Value{y}, "shape", append([]int{}, s...))
}
