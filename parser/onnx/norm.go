package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// scaledBy is v times a scale plus a bias, both along some axes; either may be absent.
func (c *call) scaledBy(v, scale, bias *ir.Value) *ir.Value {
	if scale != nil {
		v = c.two("nn.mul", v, scale)
	}
	if bias != nil {
		v = c.two("nn.add", v, bias)
	}
	return v
}

// perChannel is input i, one number for each channel, laid out to broadcast over images.
func (c *call) perChannel(i, rank int) *ir.Value {
	v := c.x(i)
	if v == nil {
		return nil
	}
	return c.reshaped(v, append([]int{1, v.Type.Elems()}, span(1, rank-2, 0)...)...)
}

func buildLayerNorm(c *call) {
	x := c.x(0)
	s := c.in[0].shape()
	axis, ok := c.axis(c.intAttr("axis", -1), len(s))
	if !ok || x == nil {
		return
	}
	eps := c.floatAttr("epsilon", 1e-5)
	v := c.one1("nn.normalize", x, "axis", axis, "eps", eps)
	var bias *ir.Value
	if c.has(2) {
		bias = c.x(2)
	}
	c.finish(0, c.scaledBy(v, c.x(1), bias))
	if !c.wants(1) && !c.wants(2) {
		return
	}
	axes := span(axis, len(s)-axis, 1)
	mean := c.reduced("mean", x, axes, true)
	if c.wants(1) {
		c.finish(1, mean)
	}
	if c.wants(2) {
		d := c.two("nn.sub", x, mean)
		variance := c.reduced("mean", c.two("nn.mul", d, d), axes, true)
		c.finish(2, c.one1("nn.reciprocal", c.one1("nn.sqrt", c.two("nn.add", variance, c.like(variance, float64(eps))))))
	}
}

// buildRMSNorm is normalization by the root mean square, and where that is asked for the root's reciprocal.
func buildRMSNorm(c *call) {
	s := c.in[0].shape()
	axis, ok := c.axis(c.intAttr("axis", -1), len(s))
	if x := c.x(0); ok && x != nil {
		c.byRoot(x, c.x(1), axis, 1)
	}
}

// byRoot makes x, normalized by the root mean square over the axes from one on and scaled, output 0; output i is the
// root's reciprocal.
func (c *call) byRoot(x, scale *ir.Value, axis, i int) {
	eps := c.floatAttr("epsilon", 1e-5)
	c.finish(0, c.scaledBy(c.one1("nn.normalize", x, "axis", axis, "eps", eps, "centred", false), scale, nil))
	if c.wants(i) {
		square := c.reduced("mean", c.two("nn.mul", x, x), span(axis, len(x.Type.Shape)-axis, 1), true)
		c.finish(i, c.one1("nn.reciprocal", c.one1("nn.sqrt", c.two("nn.add", square, c.like(square, float64(eps))))))
	}
}

func buildInstanceNorm(c *call) {
	s := c.in[0].shape()
	if len(s) < 3 {
		c.errorf(codeShape, "its operand is %s, want (N, C, ...)", shapeText(s))
		return
	}
	v := c.one1("nn.normalize", c.x(0), "axis", 2, "eps", c.floatAttr("epsilon", 1e-5))
	c.finish(0, c.scaledBy(v, c.perChannel(1, len(s)), c.perChannel(2, len(s))))
}

func buildGroupNorm(c *call) {
	s, g := c.in[0].shape(), c.intAttr("num_groups", 0)
	if len(s) < 3 || g < 1 || s[1]%g != 0 {
		c.errorf(codeShape, "%d groups of %s", g, shapeText(s))
		return
	}
	n := 1
	for _, d := range s[1:] {
		n *= d
	}
	v := c.one1("nn.normalize", c.reshaped(c.x(0), s[0], g, n/g), "axis", 2, "eps", c.floatAttr("epsilon", 1e-5))
	v = c.reshaped(v, s...)
	if c.im.opset < 21 && c.in[1].shape() != nil && c.in[1].shape()[0] == g && g != s[1] {
		c.errorf(codeForm, "scale and bias for each group, not channel, are not supported; convert the model to opset 21")
		return
	}
	c.finish(0, c.scaledBy(v, c.perChannel(1, len(s)), c.perChannel(2, len(s))))
}

// buildMVN is mean-variance normalization: (x-m)/(sqrt(E(x*x)-m*m)+1e-9).
func buildMVN(c *call) {
	axes := c.intsAttr("axes")
	if !c.hasAttr("axes") {
		axes = []int{0, 2, 3}
	}
	set, ok := c.axes(axes, len(c.in[0].shape()))
	if !ok {
		return
	}
	axes = nil
	for i, in := range set {
		if in {
			axes = append(axes, i)
		}
	}
	x := c.x(0)
	mean := c.reduced("mean", x, axes, true)
	d := c.two("nn.sub", x, mean)
	deviation := c.one1("nn.sqrt", c.reduced("mean", c.two("nn.mul", d, d), axes, true))
	c.node("nn.div", []*ir.Value{d, c.two("nn.add", deviation, c.like(deviation, 1e-9))})
}

// buildLRN divides by a power of the mean of squares over neighbouring channels.
func buildLRN(c *call) {
	s, size := c.in[0].shape(), c.intAttr("size", 0)
	if len(s) < 3 || size < 1 || size > limit {
		c.errorf(codeShape, "a window of %d channels of %s", size, shapeText(s))
		return
	}
	n := 1
	for _, d := range s[2:] {
		n *= d
	}
	x := c.x(0)
	before := (size - 1) / 2
	v := c.one1("nn.avg_pool2d", c.reshaped(c.two("nn.mul", x, x), s[0], 1, s[1], n), "kernel", []int{size, 1},
		"pad", []int{before, 0, size - 1 - before, 0}, "include_pad", true)
	v = c.reshaped(v, s...)
	v = c.two("nn.add", c.two("nn.mul", v, c.like(v, float64(c.floatAttr("alpha", 1e-4)))), c.like(v, float64(c.floatAttr("bias", 1))))
	c.node("nn.div", []*ir.Value{x, c.two("nn.pow", v, c.like(v, float64(c.floatAttr("beta", 0.75))))})
}

// computedBatchNorm is batch normalization with factors that are computed, or with those of the batch itself,
// whose running statistics are outputs then.
func (c *call) computedBatchNorm(training bool) {
	x := c.x(0)
	s := c.in[0].shape()
	if x == nil || len(s) < 2 {
		c.errorf(codeShape, "its operand is %s, want (N, C, ...)", shapeText(s))
		return
	}
	mean, variance := c.perChannel(3, len(s)), c.perChannel(4, len(s))
	if training {
		axes := slices.Concat([]int{0}, span(2, len(s)-2, 1))
		m := c.reduced("mean", x, axes, true)
		d := c.two("nn.sub", x, m)
		v := c.reduced("mean", c.two("nn.mul", d, d), axes, true)
		momentum := float64(c.floatAttr("momentum", 0.9))
		for i, pair := range [][2]*ir.Value{{mean, m}, {variance, v}} {
			if c.wants(i + 1) {
				next := c.two("nn.add", c.two("nn.mul", pair[0], c.like(m, momentum)), c.two("nn.mul", pair[1], c.like(m, 1-momentum)))
				c.finish(i+1, c.reshaped(next, s[1]))
			}
		}
		mean, variance = m, v
	}
	deviation := c.one1("nn.sqrt", c.two("nn.add", variance, c.like(variance, float64(c.floatAttr("epsilon", 1e-5)))))
	v := c.two("nn.div", c.two("nn.sub", x, mean), deviation)
	c.finish(0, c.scaledBy(v, c.perChannel(1, len(s)), c.perChannel(2, len(s))))
}
