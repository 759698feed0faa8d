package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// buildNLL is the negative log likelihood of known labels.
func buildNLL(c *call) {
	c.finish(0, c.likelihood(c.x(0)))
}

// buildCrossEntropy is that of the logarithm of a softmax over the classes, which is its second output.
func buildCrossEntropy(c *call) {
	x := c.x(0)
	if x == nil || len(x.Type.Shape) < 2 {
		c.errorf(codeShape, "its scores are %s, want (N, C, ...)", shapeText(c.in[0].shape()))
		return
	}
	p := c.logSoftmax(x, 1)
	if c.wants(1) {
		c.finish(1, p)
	}
	if c.wants(0) {
		c.finish(0, c.likelihood(p))
	}
}

// likelihood picks the element of every position's label from p (N, C, ...), times minus the label's weight.
func (c *call) likelihood(p *ir.Value) *ir.Value {
	if p == nil || !c.fixed(p) {
		return nil
	}
	s := p.Type.Shape
	labels, ok := c.intsOf(1, "labels")
	if !ok {
		return nil
	}
	dims := slices.Concat(s[:1], s[2:])
	if len(s) < 2 || !slices.Equal(dims, c.in[1].lit.shape) {
		c.errorf(codeShape, "its labels have shape %v for scores of %s", c.in[1].lit.shape, shapeText(s))
		return nil
	}
	ignore, ignores := c.intAttr("ignore_index", 0), c.hasAttr("ignore_index")
	inner := tensor.Elems(s[2:])
	at, classes := make([]int, len(labels)), make([]int, len(labels))
	var ones []float32
	for i, k := range labels {
		classes[i], at[i] = -1, -1
		if ignores && k == ignore {
			ones = append(ones, 0)
			continue
		}
		if k < 0 || k >= s[1] {
			c.errorf(codeShape, "label %d does not exist among %d classes", k, s[1])
			return nil
		}
		classes[i], at[i] = k, (i/inner*s[1]+k)*inner+i%inner
		ones = append(ones, 1)
	}
	v := c.one1("nn.neg", c.takeFlat(p, at, dims))
	weights := c.constFloats("weights", ones, dims...)
	if c.has(2) {
		weights = c.takeFlat(c.x(2), classes, dims)
	}
	v = c.two("nn.mul", v, weights)
	switch mode := c.stringAttr("reduction", "mean"); mode {
	case "none":
		return v
	case "sum", "mean":
		all := span(0, len(dims), 1)
		v = c.reduced("sum", v, all, false)
		if mode == "mean" {
			v = c.two("nn.div", v, c.reduced("sum", weights, all, false))
		}
		return v
	default:
		c.errorf(codeAttr, "reduction %q, want none, sum or mean", mode)
		return nil
	}
}
