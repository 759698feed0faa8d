package onnx

import (
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// ONNX Runtime joins the nodes of a layer that quantize_dynamic has written when it saves an optimized model. The
// operators of this file are those nodes, which dynamic.go knows.

// buildDynamicQuantizeMatMul is DynamicQuantizeLinear of A, MatMulInteger with B, and the product with both scales:
// inputs A, B, the scales and zero points of B, and a bias.
func buildDynamicQuantizeMatMul(c *call) {
	x := c.x(0)
	if x == nil {
		return
	}
	var codes, scale, zero *value
	if x.IsConst() || c.im.opt.Numbers {
		q, s, z := c.dynamicFactors(x)
		if q == nil || s == nil || z == nil {
			c.failed = true
			return
		}
		codes, scale, zero = c.im.valueOf(q), c.im.valueOf(s), c.im.valueOf(z)
	} else {
		codes = &value{node: x, dyn: &dynamic{src: x, part: dynamicCodes}}
		scale = &value{dyn: &dynamic{src: x, part: dynamicScale}}
		zero = &value{dyn: &dynamic{src: x, part: dynamicZero}}
	}
	in := c.pb.Input
	c.joined([]*value{codes, c.in[1], zero, c.optional(3)}, []string{in[0], in[1], in[0], c.inputName(3)}, scale, c.in[2], c.optional(4))
}

// buildMatMulIntegerToFloat is MatMulInteger of codes, and the product with both scales: inputs A, B, their scales,
// their zero points, and a bias.
func buildMatMulIntegerToFloat(c *call) {
	in := c.pb.Input
	c.joined([]*value{c.in[0], c.in[1], c.optional(4), c.optional(5)}, []string{in[0], in[1], c.inputName(4), c.inputName(5)}, c.in[2], c.in[3], c.optional(6))
}

func (c *call) optional(i int) *value {
	if c.has(i) {
		return c.in[i]
	}
	return nil
}

func (c *call) inputName(i int) string {
	if i < len(c.pb.Input) {
		return c.pb.Input[i]
	}
	return ""
}

// joined is MatMulInteger of in, whose names are names, the product with the scales of both operands, and a bias, which
// may be nil.
func (c *call) joined(in []*value, names []string, sa, sb, bias *value) {
	own, out := c.pb, c.out
	c.pb = &pb.NodeProto{OpType: own.OpType, Name: own.Name, Input: names, Output: own.Output}
	defer func() { c.pb = own }()
	step := func(build func(*call), in ...*value) *value {
		if c.failed {
			return nil
		}
		for len(in) > 2 && in[len(in)-1] == nil {
			in = in[:len(in)-1]
		}
		c.in, c.out = in, make([]*value, 1)
		build(c)
		c.failed = c.failed || c.out[0] == nil
		return c.out[0]
	}
	sum := step(buildMatMulInteger, in...)
	scales := step(inSteps(buildMul, "nn.mul"), sa, sb)
	if sum != nil && sum.acc == nil {
		sum = step(func(c *call) { c.finish(0, c.casted(c.x(0), tensor.F32)) }, sum)
	}
	y := step(inSteps(buildMul, "nn.mul"), sum, scales)
	if bias != nil {
		y = step(inSteps(buildAdd, "nn.add"), y, bias)
	}
	if c.out = out; y != nil {
		c.out[0] = y
	}
}

// inSteps is a handler of two operands whose node, when both are values of the graph, has a name of its own below
// that of the ONNX node.
func inSteps(build func(*call), opName string) func(*call) {
	return func(c *call) {
		a, b := c.in[0], c.in[1]
		if a == nil || b == nil || a.integral() || b.integral() || c.bothKnown() {
			build(c)
			return
		}
		c.finish(0, c.two(opName, c.valueIn(a), c.valueIn(b)))
	}
}
