package onnx

import (
	"github.com/amctc/amctc/ir"
)

// ONNX Runtime joins operators of float networks to these, of its own domain, when it writes the network that it has optimized.

// buildBiasGelu is gelu of a sum, or in its fast form, with the hyperbolic tangent, of one number or a sum.
func buildBiasGelu(name string) func(*call) {
	return func(c *call) {
		x := c.x(0)
		if c.has(1) {
			x = c.two("nn.add", x, c.x(1))
		}
		if x != nil {
			c.node(name, []*ir.Value{x})
		}
	}
}

// buildQuickGelu is x*sigmoid(alpha*x).
func buildQuickGelu(c *call) { c.swish(c.floatAttr("alpha", 1.702)) }

// buildSkipLayerNorm normalizes the sum of two tensors, and perhaps a bias; the sum is output 3.
func buildSkipLayerNorm(c *call) {
	sum := c.skipped(4)
	if sum == nil {
		return
	}
	var bias *ir.Value
	if c.has(3) {
		bias = c.x(3)
	}
	c.finish(0, c.scaledBy(c.one1("nn.normalize", sum, "axis", len(sum.Type.Shape)-1, "eps", c.floatAttr("epsilon", 1e-12)), c.x(2), bias))
	if c.wants(1) || c.wants(2) {
		c.errorf(codeOutput, "its mean or deviation is used but not supported; only its first output and the sum are")
	}
	if c.wants(3) {
		c.finish(3, sum)
	}
}

// buildFusedMatMul is a product of matrices that may be transposed, times alpha.
func buildFusedMatMul(c *call) {
	if c.intAttr("transBatchA", 0) != 0 || c.intAttr("transBatchB", 0) != 0 {
		c.errorf(codeForm, "transBatchA and transBatchB are not supported; optimize the model without this fusion")
		return
	}
	in := []*value{c.in[0], c.in[1]}
	for i, attr := range []string{"transA", "transB"} {
		rank := len(in[i].shape())
		if c.intAttr(attr, 0) == 0 || rank < 2 {
			continue
		}
		if l := in[i].lit; l != nil && rank == 2 && l.f != nil {
			if !c.charge(l.len()) {
				return
			}
			in[i] = &value{name: in[i].name, lit: transposed(l, 1)}
			continue
		}
		perm := span(0, rank, 1)
		perm[rank-2], perm[rank-1] = rank-1, rank-2
		v := c.turned(c.x(i), perm...)
		if v == nil {
			c.failed = true
			return
		}
		in[i] = c.im.valueOf(v)
	}
	y := c.part(buildMatMul, in...)
	if alpha := c.floatAttr("alpha", 1); alpha != 1 && y != nil {
		c.finish(0, c.two("nn.mul", y, c.like(y, float64(alpha))))
	}
}

// buildFused is a layer, perhaps with another tensor added, and an activation.
func buildFused(layer func(*call), inputs int, params func(c *call) []float32) func(*call) {
	return func(c *call) {
		y := c.part(layer, c.in[:min(inputs, len(c.in))]...)
		if c.has(inputs) {
			y = c.two("nn.add", y, c.x(inputs))
		}
		if y != nil {
			c.finish(0, c.activated(y, c.stringAttr("activation", ""), params(c)))
		}
	}
}

// activated applies an activation by ONNX's name, with its parameters in the order of ONNX Runtime.
func (c *call) activated(y *ir.Value, name string, p []float32) *ir.Value {
	wanted := map[string]int{"LeakyRelu": 1, "Clip": 2, "HardSigmoid": 2}[name]
	if len(p) < wanted {
		c.errorf(codeAttr, "activation %s has %d parameters, want %d", name, len(p), wanted)
		return nil
	}
	switch name {
	case "":
		return y
	case "Relu":
		return c.one1("nn.relu", y)
	case "Sigmoid":
		return c.one1("nn.sigmoid", y)
	case "Tanh":
		return c.one1("nn.tanh", y)
	case "LeakyRelu":
		return c.one1("nn.leaky_relu", y, "alpha", p[0])
	case "Clip":
		return c.one1("nn.clip", y, "min", p[0], "max", p[1])
	case "HardSigmoid":
		return c.one1("nn.hard_sigmoid", y, "alpha", p[0], "beta", p[1])
	}
	c.errorf(codeForm, "activation %q is not supported; Relu, LeakyRelu, Sigmoid, HardSigmoid, Tanh and Clip are", name)
	return nil
}

func fusedConvParams(c *call) []float32 { return c.floatsAttr("activation_params") }

// fusedGemmParams are the parameters of a joined Gemm; its bounds or slope have one attribute each.
func fusedGemmParams(c *call) []float32 {
	return []float32{c.floatAttr("activation_alpha", 0), c.floatAttr("activation_beta", 0)}
}
