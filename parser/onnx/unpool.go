package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir/tensor"
)

// buildMaxUnpool puts the elements of a pooled image where they were, at known places, with zeros elsewhere. The places
// are those in the image that the kernel, strides and pads make.
func buildMaxUnpool(c *call) {
	x := c.x(0)
	at, ok := c.intsOf(1, "indices")
	if x == nil || !ok || !c.fixed(x) {
		return
	}
	s := x.Type.Shape
	rank := len(s) - 2
	kernel, ok := c.several("kernel_shape", nil, rank)
	if rank < 2 || rank > 3 || !ok {
		c.errorf(codeShape, "its operand is %s, its kernel %v", shapeText(s), kernel)
		return
	}
	stride, ok := c.several("strides", []int{1, 1, 1}[:rank], rank)
	if !ok {
		return
	}
	pads := make([]int, 2*rank)
	if c.hasAttr("pads") {
		pads = c.intsAttr("pads")
	}
	if len(pads) != 2*rank || len(at) != tensor.Elems(s) {
		c.errorf(codeAttr, "pads %v, and %d indices for %s", pads, len(at), shapeText(s))
		return
	}
	made := slices.Clone(s) // what the indices count in
	for d := range rank {
		made[2+d] = (s[2+d]-1)*stride[d] + kernel[d] - pads[d] - pads[rank+d]
	}
	shape := made
	if c.has(2) { // places stay, in a larger result
		if shape, ok = c.intsOf(2, "output_shape"); !ok {
			return
		}
		if len(shape) != len(s) {
			c.errorf(codeShape, "its output_shape is %v for %s", shape, shapeText(s))
			return
		}
	}
	if slices.Min(made) < 1 || slices.Min(shape) < 1 || !c.chargeShape(made) || !c.chargeShape(shape) {
		c.errorf(codeShape, "its result would have shape %v", shape)
		return
	}
	list := slices.Repeat([]int{-1}, tensor.Elems(shape))
	total, strides := tensor.Elems(made), tensor.Strides(shape)
	for i, p := range at {
		if p < 0 || p >= total {
			c.errorf(codeShape, "index %d lies outside %v", p, made)
			return
		}
		to, rest := 0, p
		for d := len(made) - 1; d >= 0; d-- {
			k := rest % made[d]
			if k >= shape[d] {
				c.errorf(codeShape, "index %d lies outside its result %v", p, shape)
				return
			}
			to, rest = to+k*strides[d], rest/made[d]
		}
		list[to] = i
	}
	c.finish(0, c.takeFlat(x, list, shape))
}
