package onnx

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Windows over one and three dimensions are made of windows over two. One dimension is an image of height 1.
// The depth of three dimensions goes into the channels of a convolution, or is pooled on its own.

// flattenLine makes a node of rank 3 one over images of height 1: attributes get the second dimension, inputs
// a height of 1, and build works on the copy. The result loses its height again.
func (c *call) flattenLine(build func(*call)) {
	s := c.in[0].shape()
	x := c.x(0)
	if x == nil {
		return
	}
	flat := *c
	flat.pb = cloneNode(c.pb)
	for _, a := range flat.pb.Attribute {
		switch a.GetName() {
		case "kernel_shape", "strides", "dilations", "output_padding":
			a.Ints = append([]int64{1}, a.Ints...)
			if a.GetName() == "output_padding" {
				a.Ints[0] = 0
			}
		case "output_shape":
			a.Ints = append([]int64{1}, a.Ints...)
		case "pads":
			if len(a.Ints) == 2 {
				a.Ints = []int64{0, a.Ints[0], 0, a.Ints[1]}
			}
		}
	}
	v := c.reshaped(x, s[0], s[1], 1, s[2])
	if v == nil {
		return
	}
	flat.in = slices.Clone(c.in)
	flat.in[0] = c.im.valueOf(v)
	if len(flat.in) > 1 && flat.in[1] != nil && len(flat.in[1].shape()) == 3 {
		w := flat.in[1].shape()
		if l := flat.in[1].lit; l != nil {
			flat.in[1] = &value{name: flat.in[1].name, lit: l.withShape([]int{w[0], w[1], 1, w[2]})}
			flat.in[1].lit.name = l.name
		} else {
			flat.in[1] = c.im.valueOf(c.reshaped(flat.x(1), w[0], w[1], 1, w[2]))
		}
	}
	flat.out = make([]*value, len(c.out))
	build(&flat)
	made := 0
	for i, v := range flat.out {
		if v == nil {
			continue
		}
		made++
		y, back := v.shape(), *c
		back.in = flat.out
		c.finish(i, c.reshaped(back.x(i), y[0], y[1], y[3]))
		c.failed = c.failed || back.failed
	}
	c.failed = c.failed || flat.failed || made == 0
}

// fewChannels bounds the channels of a line whose blocks become channels: engines compute on channels in groups.
const fewChannels = 8

// convInBlocks makes a convolution over a line of few channels, whose stride divides its kernel, one over blocks of
// the stride's length: the positions inside a block are channels, and the kernel is as much shorter. Filter banks,
// whose kernels have hundreds of positions, are such convolutions. It says whether it did so.
func (c *call) convInBlocks() bool {
	s, l := c.in[0].shape(), c.in[1].lit
	if l == nil || l.f == nil || l.quant != nil || len(l.shape) != 3 || s[1] != l.shape[1] || s[1] > fewChannels || c.in[0].integral() {
		return false
	}
	kernel, stride := l.shape[2], 1
	for _, a := range c.pb.Attribute {
		switch a.GetName() {
		case "strides":
			if len(a.Ints) == 1 {
				stride = int(a.Ints[0])
			}
		case "pads", "dilations", "group", "auto_pad", "kernel_shape":
			plain := a.I == 1 && a.GetName() == "group"
			switch {
			case len(a.Ints) > 0:
				want := map[string]int64{"dilations": 1, "kernel_shape": int64(kernel)}[a.GetName()]
				plain = !slices.ContainsFunc(a.Ints, func(v int64) bool { return v != want })
			case len(a.S) > 0:
				plain = string(a.S) == "NOTSET" || string(a.S) == "VALID"
			}
			if !plain {
				return false
			}
		}
	}
	if stride < 2 || kernel%stride != 0 || s[2] < kernel {
		return false
	}
	n, ch, blocks := s[0], s[1], kernel/stride
	outs := (s[2]-kernel)/stride + 1
	x := c.take(c.x(0), 2, span(0, (outs-1)*stride+kernel, 1))
	x = c.turned(c.reshaped(x, n, ch, outs+blocks-1, stride), 0, 1, 3, 2)
	x = c.reshaped(x, n, ch*stride, 1, outs+blocks-1)
	o := l.shape[0]
	if x == nil || !c.charge(l.len()) {
		c.failed = true
		return true
	}
	w := l.pick([]int{o, ch * stride, 1, blocks}, walk([]int{o, ch, stride, blocks}, 0, []int{ch * kernel, kernel, 1, stride}))
	operands := []*ir.Value{x, c.layerWeights(w)}
	if c.has(2) {
		operands = append(operands, c.x(2))
	}
	y := c.emit("nn.conv2d", c.label("_blocks"), operands)
	if y != nil {
		c.finish(0, c.reshaped(y, n, o, outs))
	}
	return true
}

// conv3D is Conv of a volume: its weights have the same numbers in the same order as those of the convolution of two dimensions that volume makes.
func (c *call) conv3D() {
	ws := c.in[1].shape()
	if len(ws) != 5 || slices.Min(ws) < 1 {
		c.errorf(codeShape, "its weights have shape %v, want rank 5", ws)
		return
	}
	w, ok := c.windowOf(ws[2:], false, 3)
	x := c.x(0)
	if !ok || x == nil || !c.fixed(x) {
		return
	}
	var weights *ir.Value
	if l := c.in[1].lit; l != nil {
		weights = c.layerWeights(l.withShape([]int{ws[0], ws[1] * ws[2], ws[3], ws[4]}))
	} else {
		weights = c.reshaped(c.x(1), ws[0], ws[1]*ws[2], ws[3], ws[4])
	}
	c.finish(0, c.volume(x, weights, w, c.intAttr("group", 1)))
}

// volume is the convolution of a volume (N, C, D, H, W) with weights (O, C/g·K, H, W), whose kernel has K depths, and the node's bias. The depths of the kernel
// go beside the channels.
func (c *call) volume(x, weights *ir.Value, w window, group int) *ir.Value {
	if !c.fixed(x) {
		return nil
	}
	s, deep := x.Type.Shape, w.kernel[0]
	rest := s[2] + w.pad[0] + w.pad[3] - ((deep-1)*w.dilation[0] + 1)
	if rest < 0 {
		c.errorf(codeShape, "the kernel is deeper than the padded input")
		return nil
	}
	depth := rest/w.stride[0] + 1
	if !c.charge(depth * deep) {
		return nil
	}
	list := make([]int, 0, depth*deep)
	for o := range depth {
		for k := range deep {
			at := o*w.stride[0] - w.pad[0] + k*w.dilation[0]
			if at < 0 || at >= s[2] {
				at = -1
			}
			list = append(list, at)
		}
	}
	v := c.take(x, 2, list)
	v = c.turned(c.reshaped(v, s[0], s[1], depth, deep, s[3], s[4]), 0, 2, 1, 3, 4, 5)
	v = c.reshaped(v, s[0]*depth, s[1]*deep, s[3], s[4])
	operands := []*ir.Value{v, weights}
	if c.has(2) {
		operands = append(operands, c.x(2))
	}
	y := c.emit("nn.conv2d", c.label("_planes"), operands, "pad", []int{w.pad[1], w.pad[2], w.pad[4], w.pad[5]}, "stride", w.stride[1:],
		"dilation", w.dilation[1:], "group", group)
	if y == nil {
		return nil
	}
	p := y.Type.Shape
	return c.turned(c.reshaped(y, s[0], depth, p[1], p[2], p[3]), 0, 2, 1, 3, 4)
}

// pool3D pools rows and columns, and then depths: the maximum of maxima, or the mean of means, which all have
// equally many positions for one depth.
func (c *call) pool3D(opName string) {
	if !c.hasAttr("kernel_shape") {
		c.errorf(codeAttr, "attribute kernel_shape is missing")
		return
	}
	kernel, ok := c.several("kernel_shape", nil, 3)
	if !ok {
		return
	}
	w, ok := c.windowOf(kernel, c.intAttr("ceil_mode", 0) != 0, 3)
	x := c.x(0)
	if !ok || x == nil {
		return
	}
	include := opName == "nn.avg_pool2d" && c.intAttr("count_include_pad", 0) != 0 && w.padded
	if include && w.rim {
		c.errorf(codeForm, "count_include_pad together with ceil_mode is not supported where windows reach beyond the padding; export with ceil_mode=False")
		return
	}
	s := x.Type.Shape
	attrs := func(kernel, pad, stride, dilation []int) []any {
		a := []any{"kernel", kernel, "pad", pad, "stride", stride, "dilation", dilation}
		if include {
			a = append(a, "include_pad", true)
		}
		return a
	}
	v := c.one1(opName, c.reshaped(x, s[0], s[1]*s[2], s[3], s[4]), attrs(kernel[1:], []int{w.pad[1], w.pad[2], w.pad[4], w.pad[5]}, w.stride[1:], w.dilation[1:])...)
	if v == nil {
		return
	}
	h, u := v.Type.Shape[2], v.Type.Shape[3]
	v = c.one1(opName, c.reshaped(v, s[0], s[1], s[2], h*u), attrs([]int{kernel[0], 1}, []int{w.pad[0], 0, w.pad[3], 0}, []int{w.stride[0], 1}, []int{w.dilation[0], 1})...)
	if v == nil {
		return
	}
	c.finish(0, c.reshaped(v, s[0], s[1], v.Type.Shape[2], h, u))
}

// globalPool takes the mean or maximum over all positions of any number of dimensions.
func (c *call) globalPool(opName string) {
	s := c.in[0].shape()
	if len(s) < 3 {
		c.errorf(codeShape, "its operand is %s, want (N, C, ...)", shapeText(s))
		return
	}
	n, ones := 1, slices.Clone(s[:2])
	for _, d := range s[2:] {
		n *= d
		ones = append(ones, 1)
	}
	v := c.one1(opName, c.reshaped(c.x(0), s[0], s[1], 1, n), "kernel", []int{1, n})
	c.finish(0, c.reshaped(v, ones...))
}

func cloneNode(n *pb.NodeProto) *pb.NodeProto { return proto.Clone(n).(*pb.NodeProto) }
