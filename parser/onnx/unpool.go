package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// poolIndices makes output 1 of MaxPool. ONNX counts the elements of all samples; those of a free batch count by
// themselves, as each sample does that is run alone.
func (c *call) poolIndices(w window) {
	x := c.x(0)
	if x == nil {
		return
	}
	attrs := append(w.attrs(true), "columns", c.intAttr("storage_order", 0) != 0, "whole", counted(x))
	if c.wants(0) {
		c.finish(1, c.do("nn.max_pool2d_indices", []*ir.Value{x}, attrs...))
		return
	}
	c.finish(1, c.emit("nn.max_pool2d_indices", ir.Identifier(c.pb.Output[1]), []*ir.Value{x}, attrs...))
}

// unpool puts the elements of images x where computed indices say, in images of the size made, in the corner of those
// of the size wanted.
func (c *call) unpool(x *ir.Value, made, size []int) {
	if len(made) != 2 || slices.Max(made) > limit || slices.Max(size) > limit || size[0] < made[0] || size[1] < made[1] {
		c.errorf(codeForm, "computed indices into %v of %v are not supported, only those of images (N, C, H, W), in a result that is not smaller", made, size)
		return
	}
	v := c.do("nn.max_unpool2d", []*ir.Value{x, c.x(1)}, "size", made, "whole", counted(x))
	if down, right := size[0]-made[0], size[1]-made[1]; down+right > 0 {
		v = c.one1("nn.pad", v, "pad", []int{0, 0, 0, 0, 0, 0, down, right}, "value", float32(0))
	}
	c.finish(0, v)
}

// counted says whether the indices of x's elements count those of other samples.
func counted(x *ir.Value) bool { return !x.Type.IsFree() && x.Type.Shape[0] > 1 }

// buildMaxUnpool puts the elements of a pooled image where they were, at known places, with zeros elsewhere. The places
// are those in the image that the kernel, strides and pads make.
func buildMaxUnpool(c *call) {
	x := c.x(0)
	if x == nil {
		return
	}
	var at []int
	computed, ok := c.in[1].lit == nil, true
	if !computed {
		if at, ok = c.intsOf(1, "indices"); !ok || !c.fixed(x) {
			return
		}
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
	if len(pads) != 2*rank || !computed && len(at) != tensor.Elems(s) {
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
	if computed {
		c.unpool(x, made[2:], shape[2:])
		return
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
