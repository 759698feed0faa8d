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
	case 4:
	default:
		c.errorf(codeForm, "%s of rank %d is not supported, only images (N, C, H, W) and lines (N, C, L)", c.pb.OpType, len(s))
		return
	}
	ws, g := c.in[1].shape(), c.intAttr("group", 1)
	if len(ws) != 4 || slices.Min(ws) < 1 || ws[2] > limit || ws[3] > limit || g < 1 || ws[0]%g != 0 || ws[0] != s[1] {
		c.errorf(codeShape, "its weights have shape %v for %d groups of %s", ws, g, shapeText(s))
		return
	}
	kernel := ws[2:]
	stride, ok1 := c.pair("strides", []int{1, 1})
	dilation, ok2 := c.pair("dilations", []int{1, 1})
	if !ok1 || !ok2 {
		return
	}
	extra, pads := []int{0, 0}, []int{0, 0, 0, 0}
	if c.hasAttr("output_padding") {
		extra = c.intsAttr("output_padding")
	}
	if c.hasAttr("pads") {
		pads = slices.Clone(c.intsAttr("pads"))
	}
	if c.failed || len(extra) != 2 || len(pads) != 4 || slices.Min(extra) < 0 || slices.Max(extra) > limit || slices.Min(pads) < 0 || slices.Max(pads) > limit {
		c.errorf(codeAttr, "output_padding %v and pads %v", extra, pads)
		return
	}
	full := func(d int) int { return stride[d]*(s[2+d]-1) + extra[d] + (kernel[d]-1)*dilation[d] + 1 }
	mode := c.stringAttr("auto_pad", "NOTSET")
	want := c.intsAttr("output_shape")
	if len(want) > 2 {
		want = want[len(want)-2:]
	}
	for d := range 2 {
		size := 0
		switch {
		case len(want) == 2:
			size = want[d]
		case mode == "SAME_UPPER" || mode == "SAME_LOWER":
			size = s[2+d] * stride[d]
		default:
			continue
		}
		total := full(d) - size
		if size < 1 || total < 0 {
			c.errorf(codeForm, "an output of %d along axis %d, which is more than %d, is not supported; use output_padding", size, 2+d, full(d))
			return
		}
		if mode == "SAME_UPPER" {
			pads[d], pads[2+d] = total/2, total-total/2
		} else {
			pads[d], pads[2+d] = total-total/2, total/2
		}
	}
	v := c.x(0)
	var around [4]int
	for d := range 2 {
		list := make([]int, 0, s[2+d]*stride[d])
		for i := range s[2+d] {
			if i > 0 {
				list = append(list, span(-1, stride[d]-1, 0)...)
			}
			list = append(list, i)
		}
		reach := (kernel[d] - 1) * dilation[d]
		before, after := reach-pads[d], reach-pads[2+d]+extra[d]
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
		around[d], around[2+d] = before, after
	}
	w := c.turnedFilters(ws, g)
	if w == nil {
		return
	}
	operands := []*ir.Value{v, w}
	if c.has(2) {
		operands = append(operands, c.x(2))
	}
	attrs := []any{"pad", around[:]}
	if slices.Max(dilation) > 1 {
		attrs = append(attrs, "dilation", dilation)
	}
	if g != 1 {
		attrs = append(attrs, "group", g)
	}
	c.node("nn.conv2d", operands, attrs...)
}

// turnedFilters are the weights (C, O/g, H, W) as those of a convolution, (O, C/g, H, W), turned by 180 degrees.
func (c *call) turnedFilters(s []int, g int) *ir.Value {
	w := c.x(1)
	if l := c.in[1].lit; l != nil && l.quant != nil {
		c.errorf(codeQuant, "its weights %q have codes; quantize the network without its transposed convolutions, or compile the float model", l.name)
		return nil
	}
	in, out := s[0]/g, s[1]
	w = c.turned(c.reshaped(w, g, in, out, s[2], s[3]), 0, 2, 1, 3, 4)
	w = c.reshaped(w, g*out, in, s[2], s[3])
	for d := range 2 {
		w = c.take(w, 2+d, span(s[2+d]-1, s[2+d], -1))
	}
	return w
}
