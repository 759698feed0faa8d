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
	for _, v := range []*value{sa, sb, bias} {
		if v != nil && v.integral() && (v.dyn == nil || v == bias) {
			c.errorf(codeQuant, "its scales and its bias are float32 numbers, but %q holds codes", v.name)
			return
		}
	}
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

// buildDynamicQuantizeLSTM is an LSTM whose two matrices are codes, turned over, and which quantizes its input and its
// state anew in each step: inputs as LSTM, then a scale and a zero point of each matrix, one for each direction, or
// one for each column of each direction. It becomes the LSTM with the numbers that the codes stand for.
func buildDynamicQuantizeLSTM(c *call) {
	if c.im.opt.Numbers {
		c.errorf(codeQuant, "it quantizes its state in each step, which is not evaluated; compile the model, or evaluate the float model that it was made from")
		return
	}
	if !c.has(8) || !c.has(9) || !c.has(10) || !c.has(11) {
		c.errorf(codeArity, "it has no scale or no zero point for one of its matrices, inputs 8 to 11")
		return
	}
	w, r := c.recurrentWeights(1, 8, 9), c.recurrentWeights(2, 10, 11)
	if w == nil || r == nil {
		return
	}
	own, node := c.in, c.pb
	c.pb = &pb.NodeProto{OpType: "LSTM", Name: node.Name, Input: node.Input, Output: node.Output, Attribute: node.Attribute}
	c.in = append([]*value{own[0], {lit: w}, {lit: r}}, own[3:8]...)
	for len(c.in) > 3 && c.in[len(c.in)-1] == nil {
		c.in = c.in[:len(c.in)-1]
	}
	c.im.dynamicDropped(c)
	buildRecurrent(4, []string{"Sigmoid", "Tanh", "Tanh"}, stepLSTM)(c)
	c.in, c.pb = own, node
}

// recurrentWeights are the numbers of the codes in input i, (directions, inputs, gates), as (directions, gates,
// inputs), with the scales in input s and the zero points in input z; nil after a problem.
func (c *call) recurrentWeights(i, s, z int) *literal {
	l, scale, zero := c.lit(i, "weights"), c.floats(s, "scale"), c.lit(z, "zero point")
	if l == nil || scale == nil || zero == nil || !c.codesAt(i) {
		return nil
	}
	if len(l.shape) != 3 || l.len() == 0 || zero.elem != l.elem {
		c.errorf(codeShape, "its weights are codes of shape %v with a zero point of %s, want rank 3 and the type of the codes", l.shape, elemName(int32(zero.elem)))
		return nil
	}
	dirs, inputs, gates := l.shape[0], l.shape[1], l.shape[2]
	for _, f := range []*literal{scale, zero} {
		if n := f.len(); n != dirs && n != dirs*gates {
			c.errorf(codeFactor, "its weights have shape %v and a factor of shape %v, want one for each direction, or one for each column of each", l.shape, f.shape)
			return nil
		}
	}
	for k, v := range scale.f {
		if !normal(v) {
			c.errorf(codeFactor, "scale %d, %v, is not positive and finite", k, v)
			return nil
		}
	}
	if !c.charge(l.len()) {
		return nil
	}
	out := floatLiteral(l.name, []int{dirs, gates, inputs}, make([]float32, l.len()))
	for k, q := range l.i {
		dir, in, gate := k/(inputs*gates), k/gates%inputs, k%gates
		column := dir*gates + gate
		at := func(n int) int { return column / (dirs * gates / n) }
		out.f[(dir*gates+gate)*inputs+in] = float32(float32(q-zero.i[at(zero.len())]) * scale.f[at(scale.len())])
	}
	return out
}
