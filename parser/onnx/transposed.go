package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// buildConvTranspose makes a transposed convolution an ordinary one: zeros between the pixels and around
// them, and the filters turned round. It is a layer like any other then, with an integer form.
func buildConvTranspose(c *call) {
	s := c.in[0].shape()
	switch len(s) {
	case 3:
		c.flattenLine(buildConvTranspose)
		return
	case 4, 5:
	default:
		c.errorf(codeForm, "%s of rank %d is not supported, only volumes (N, C, D, H, W), images (N, C, H, W) and lines (N, C, L)", c.pb.OpType, len(s))
		return
	}
	rank := len(s) - 2
	ws, g := c.in[1].shape(), c.intAttr("group", 1)
	if len(ws) != len(s) || slices.Min(ws) < 1 || slices.Max(ws[2:]) > limit || g < 1 || ws[0]%g != 0 || ws[0] != s[1] {
		c.errorf(codeShape, "its weights have shape %v for %d groups of %s", ws, g, shapeText(s))
		return
	}
	kernel := ws[2:]
	stride, ok1 := c.several("strides", []int{1, 1, 1}[:rank], rank)
	dilation, ok2 := c.several("dilations", []int{1, 1, 1}[:rank], rank)
	if !ok1 || !ok2 {
		return
	}
	extra, pads := make([]int, rank), make([]int, 2*rank)
	if c.hasAttr("output_padding") {
		extra = slices.Clone(c.intsAttr("output_padding"))
	}
	if c.hasAttr("pads") {
		pads = slices.Clone(c.intsAttr("pads"))
	}
	if c.failed || len(extra) != rank || len(pads) != 2*rank || slices.Min(extra) < 0 || slices.Max(extra) > limit || slices.Min(pads) < 0 || slices.Max(pads) > limit {
		c.errorf(codeAttr, "output_padding %v and pads %v", extra, pads)
		return
	}
	full := func(d int) int { return stride[d]*(s[2+d]-1) + extra[d] + (kernel[d]-1)*dilation[d] + 1 }
	mode := c.stringAttr("auto_pad", "NOTSET")
	want := c.intsAttr("output_shape")
	if len(want) > rank {
		want = want[len(want)-rank:]
	}
	for d := range rank {
		size := 0
		switch {
		case len(want) == rank:
			size = want[d]
		case mode == "SAME_UPPER" || mode == "SAME_LOWER":
			size = s[2+d] * stride[d]
		default:
			continue
		}
		total := full(d) - size
		if size < 1 || -total > limit {
			c.errorf(codeAttr, "an output of %d along axis %d", size, 2+d)
			return
		}
		if total < 0 { // what nothing reaches comes last
			extra[d], total = extra[d]-total, 0
		}
		if mode == "SAME_UPPER" {
			pads[d], pads[rank+d] = total/2, total-total/2
		} else {
			pads[d], pads[rank+d] = total-total/2, total/2
		}
	}
	v := c.x(0)
	around := make([]int, 2*rank)
	for d := range rank {
		list := make([]int, 0, s[2+d]*stride[d])
		for i := range s[2+d] {
			if i > 0 {
				list = append(list, span(-1, stride[d]-1, 0)...)
			}
			list = append(list, i)
		}
		reach := (kernel[d] - 1) * dilation[d]
		before, after := reach-pads[d], reach-pads[rank+d]+extra[d]
		if len(list)+before+after < 1 || len(list)+max(before, 0)+max(after, 0) > maxTaps {
			c.errorf(codeShape, "its result has no elements, or too many")
			return
		}
		// Padding beyond the reach cuts pixels off.
		for ; before < 0; before++ {
			list = list[1:]
		}
		for ; after < 0; after++ {
			list = list[:len(list)-1]
		}
		v = c.take(v, 2+d, list)
		around[d], around[rank+d] = before, after
	}
	w := c.turnedFilters(ws, g)
	if v == nil || w == nil {
		return
	}
	win := window{kernel: kernel, pad: around, stride: slices.Repeat([]int{1}, rank), dilation: dilation}
	if rank == 3 {
		c.finish(0, c.volume(v, w, win, g))
		return
	}
	operands := []*ir.Value{v, w}
	if c.has(2) {
		operands = append(operands, c.x(2))
	}
	attrs := []any{"pad", around}
	if slices.Max(dilation) > 1 {
		attrs = append(attrs, "dilation", dilation)
	}
	if g != 1 {
		attrs = append(attrs, "group", g)
	}
	c.node("nn.conv2d", operands, attrs...)
}

// turnedFilters are the weights (C, O/g, …) as those of a convolution, turned by 180 degrees: (O, C/g, H, W), or with the depth beside the channels,
// (O, C/g·D, H, W).
func (c *call) turnedFilters(s []int, g int) *ir.Value {
	w := c.x(1)
	if l := c.in[1].lit; l != nil && l.quant != nil {
		c.errorf(codeQuant, "its weights %q have codes; quantize the network without its transposed convolutions, or compile the float model", l.name)
		return nil
	}
	in, out, size := s[0]/g, s[1], s[2:]
	split, order := append([]int{g, in, out}, size...), []int{0, 2, 1}
	for d := range size {
		order = append(order, 3+d)
	}
	w = c.turned(c.reshaped(w, split...), order...)
	w = c.reshaped(w, append([]int{g * out, in}, size...)...)
	for d, n := range size {
		w = c.take(w, 2+d, span(n-1, n, -1))
	}
	if len(size) == 3 {
		w = c.reshaped(w, g*out, in*size[0], size[1], size[2])
	}
	return w
}
