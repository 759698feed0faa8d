package onnx

import "github.com/amctc/amctc/ir"

// ONNX Runtime writes the networks that it has optimized with quantized operators of its own domain,
// com.microsoft. These here have a form in operators of the default domain.

// operandNumbers is input i with factors s and z as numbers: computed, or known ones that keep their
// map.
func (c *call) operandNumbers(i, s, z int) *value {
	if c.in[i].lit != nil {
		return c.weightValue(i, s, z, 0)
	}
	return c.dequantized(i, s, z)
}

// stored makes the codes of y with factors s and z output 0.
func (c *call) stored(build func(*call), s, z int, in ...*value) {
	for _, v := range in {
		if v == nil {
			return
		}
	}
	if y := c.part(build, in...); y != nil {
		if q, ok := c.one(s, z); ok {
			c.store(y, q)
		}
	}
}

// channelsFirst refuses images in (N, H, W, C).
func (c *call) channelsFirst() bool {
	if c.intAttr("channels_last", 0) != 0 {
		c.errorf(codeForm, "channels_last=1 is not supported; optimize the model without layout transformations")
	}
	return !c.failed
}

func buildQLinearAdd(c *call) {
	c.stored(buildAdd, 6, 7, c.operandNumbers(0, 1, 2), c.operandNumbers(3, 4, 5))
}

// skipped is the sum of inputs 0 and 1, and of the bias where there is that input.
func (c *call) skipped(bias int) *ir.Value {
	sum := c.two("nn.add", c.x(0), c.x(1))
	if c.has(bias) {
		sum = c.two("nn.add", sum, c.x(bias))
	}
	return sum
}

// buildSkipRMSNorm normalizes the sum of two tensors, and perhaps a bias; the sum is output 3.
func buildSkipRMSNorm(c *call) {
	sum := c.skipped(3)
	if sum == nil {
		return
	}
	c.byRoot(sum, c.x(2), len(sum.Type.Shape)-1, 2)
	if c.wants(3) {
		c.finish(3, sum)
	}
	if c.wants(1) {
		c.errorf(codeOutput, "its output 1 is used, which it does not define")
	}
}

func buildQLinearMul(c *call) {
	c.stored(buildMul, 6, 7, c.operandNumbers(0, 1, 2), c.operandNumbers(3, 4, 5))
}

func buildQLinearAveragePool(c *call) {
	if c.channelsFirst() {
		c.stored(buildAveragePool, 3, 4, c.dequantized(0, 1, 2))
	}
}

func buildQLinearGlobalAveragePool(c *call) {
	if c.channelsFirst() {
		c.stored(func(c *call) { buildGlobalPool(c, "nn.avg_pool2d") }, 3, 4, c.dequantized(0, 1, 2))
	}
}

// buildQLinearConcat joins tensors, each with its factors behind it.
func buildQLinearConcat(c *call) {
	if len(c.in)%3 != 2 {
		c.errorf(codeArity, "it has %d inputs, want the two factors of the result and three for each tensor", len(c.in))
		return
	}
	var in []*value
	for i := 2; i < len(c.in); i += 3 {
		in = append(in, c.operandNumbers(i, i+1, i+2))
	}
	c.stored(buildConcat, 0, 1, in...)
}

// buildQGemm is a Gemm whose bias is int32 with the scale of input times weights. Without factors of
// the result it delivers float32.
func buildQGemm(c *call) {
	axis := 1
	if c.intAttr("transB", 0) != 0 {
		axis = 0
	}
	x, w := c.dequantized(0, 1, 2), (*value)(nil)
	if x != nil {
		w = c.weightValue(3, 4, 5, axis)
	}
	if w == nil {
		return
	}
	if c.floatAttr("alpha", 1) != 1 {
		c.errorf(codeForm, "alpha=%v is not supported, only 1", c.floatAttr("alpha", 1))
		return
	}
	in := []*value{x, w}
	if c.has(6) && len(w.shape()) == 2 {
		b, ok := c.biasLiteral(6, w.shape()[axis])
		if !ok {
			return
		}
		in = append(in, biasNumbers(c.name+"_bias", b, c.in[0].codes.scale, w.lit.quant.scale))
	}
	if !c.has(7) {
		c.part(buildGemm, in...)
		return
	}
	c.stored(buildGemm, 7, 8, in...)
}
