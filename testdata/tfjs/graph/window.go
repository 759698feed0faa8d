package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A window is how a kernel moves over the two axes of an image, which are those of every pair here.
type window struct {
	kernel, stride, dilation [2]int
	before, after            [2]int // padding
	out                      [2]int // places
}

func channelsLast(n *node) error {
	if f := n.text("data_format", "NHWC"); f != "NHWC" {
		return fmt.Errorf("its data format is %s; NHWC is converted", f)
	}
	return nil
}

// windowOf reads the attributes of a window operator on an image of the shape (N, H, W, C).
func windowOf(n *node, image []int, kernel [2]int) (w window, err error) {
	if err := channelsLast(n); err != nil {
		return w, err
	}
	if len(image) != 4 {
		return w, fmt.Errorf("an image has four axes, not those of %v", image)
	}
	w.kernel = kernel
	if w.stride, err = pair(n, "strides"); err != nil {
		return w, err
	}
	if w.dilation, err = pair(n, "dilations"); err != nil {
		return w, err
	}
	explicit := n.ints("explicit_paddings")
	for i := range 2 {
		size, span := image[1+i], (kernel[i]-1)*w.dilation[i]+1
		switch p := n.text("padding", ""); p {
		case "VALID":
		case "SAME":
			w.before[i], w.after[i] = same(size, span, w.stride[i])
		case "EXPLICIT":
			if len(explicit) != 8 || explicit[0]|explicit[1]|explicit[6]|explicit[7] != 0 {
				return w, fmt.Errorf("explicit paddings %v", explicit)
			}
			w.before[i], w.after[i] = explicit[2+2*i], explicit[3+2*i]
			if w.before[i] < 0 || w.before[i] > maxDim || w.after[i] < 0 || w.after[i] > maxDim {
				return w, fmt.Errorf("explicit paddings %v", explicit)
			}
		default:
			return w, fmt.Errorf("padding %q", p)
		}
		room := w.before[i] + size + w.after[i] - span
		if room < 0 {
			return w, fmt.Errorf("a window of %d in %d elements", span, size)
		}
		w.out[i] = room/w.stride[i] + 1
	}
	return w, nil
}

// same is TensorFlow's padding SAME: as many places as strides begin in the image, and what is missing for them half
// before it and half after, the odd one after.
func same(size, span, stride int) (before, after int) {
	places := (size + stride - 1) / stride
	missing := max(0, (places-1)*stride+span-size)
	return missing / 2, missing - missing/2
}

// pair reads a list (1, height, width, 1); absent, both are 1.
func pair(n *node, name string) ([2]int, error) {
	v := n.ints(name)
	if len(v) == 0 {
		return [2]int{1, 1}, nil
	}
	if len(v) != 4 || v[0] != 1 || v[3] != 1 || v[1] < 1 || v[2] < 1 || v[1] > maxDim || v[2] > maxDim {
		return [2]int{}, fmt.Errorf("%s %v", name, v)
	}
	return [2]int{v[1], v[2]}, nil
}

func (w *window) attrs(dilated bool) []*onnxpb.AttributeProto {
	list := []*onnxpb.AttributeProto{
		ints("kernel_shape", w.kernel[:]...), ints("strides", w.stride[:]...),
		ints("pads", w.before[0], w.before[1], w.after[0], w.after[1]),
	}
	if dilated {
		list = append(list, ints("dilations", w.dilation[:]...))
	}
	return list
}

// pool converts a pooling operator. Elements of the padding count for neither the maximum nor the mean, which is what
// ONNX does too.
func pool(onnx string) func(*converter, *node, []*value) (*value, error) {
	return func(c *converter, n *node, in []*value) (*value, error) {
		x := in[0]
		k, err := pair(n, "ksize")
		if err != nil {
			return nil, err
		}
		w, err := windowOf(n, x.shape, k)
		if err != nil {
			return nil, err
		}
		if x.c != nil || n.text("padding", "") == "EXPLICIT" {
			return nil, errors.New("its operand is a constant, or its padding explicit")
		}
		from, out := c.image(x), c.imageResult(n, []int{x.shape[0], w.out[0], w.out[1], x.shape[3]})
		c.node(onnx, n.Name, []string{from}, out.at(), w.attrs(false)...)
		return out, nil
	}
}

// buildConv converts a convolution, whose kernel is (height, width, in, out).
func buildConv(c *converter, n *node, in []*value) (*value, error) {
	k, err := kernelOf(in)
	if err != nil {
		return nil, err
	}
	if k.dims[2] != in[0].shape[3] {
		return nil, fmt.Errorf("a kernel %v for the image %v; groups are not converted", k.dims, in[0].shape)
	}
	w := c.constant(in[1].name, "oihw", permuted(k.dims, 3, 2, 0, 1), transpose(k, 3, 2, 0, 1))
	return c.conv(n, in, w, k.dims[3], 1)
}

// buildDepthwise converts a convolution of every channel by itself, whose kernel is (height, width, channels, M):
// channel c has the results c·M to c·M + M − 1.
func buildDepthwise(c *converter, n *node, in []*value) (*value, error) {
	k, err := kernelOf(in)
	if err != nil {
		return nil, err
	}
	if k.dims[2] != in[0].shape[3] {
		return nil, fmt.Errorf("a kernel %v for the image %v", k.dims, in[0].shape)
	}
	outs := k.dims[2] * k.dims[3]
	w := c.constant(in[1].name, "depthwise", []int{outs, 1, k.dims[0], k.dims[1]}, transpose(k, 2, 3, 0, 1))
	return c.conv(n, in, w, outs, k.dims[2])
}

func kernelOf(in []*value) (*array, error) {
	k := in[1].c
	if in[0].c != nil || len(in[0].shape) != 4 || k == nil || k.f == nil || len(k.dims) != 4 || k.size() == 0 {
		return nil, errors.New("it needs a computed image and a constant kernel of four axes")
	}
	return k, nil
}

// conv adds the convolution and what is fused into it: a bias, then a function. weights are as ONNX has them.
func (c *converter) conv(n *node, in []*value, weights string, outs, groups int) (*value, error) {
	x := in[0]
	w, err := windowOf(n, x.shape, [2]int(in[1].c.dims[:2]))
	if err != nil {
		return nil, err
	}
	from, out := c.image(x), c.imageResult(n, []int{x.shape[0], w.out[0], w.out[1], outs})
	operands := []string{from, weights}
	fused, rest := n.texts("fused_ops"), in[2:]
	if len(fused) > 0 && fused[0] == "BiasAdd" {
		if len(rest) == 0 || rest[0].c == nil || rest[0].c.f == nil || !slices.Equal(rest[0].shape, []int{outs}) {
			return nil, fmt.Errorf("the fused BiasAdd needs a constant of %d elements", outs)
		}
		operands = append(operands, c.constant(rest[0].name, "", rest[0].c.dims, rest[0].c.f))
		fused, rest = fused[1:], rest[1:]
	}
	result := out.at()
	if len(fused) > 0 {
		result = c.fresh(c.tensors, n.Name+"/linear")
	}
	attrs := append(w.attrs(true), integerAttr("group", groups))
	c.node("Conv", n.Name, operands, result, attrs...)
	switch {
	case len(fused) > 1:
		return nil, fmt.Errorf("the fused operations %v are not converted together", n.texts("fused_ops"))
	case len(fused) == 1 && fused[0] == "Prelu":
		if len(rest) != 1 || rest[0].c == nil || rest[0].c.f == nil || len(rest[0].shape) > 3 {
			return nil, errors.New("the fused Prelu needs a constant of slopes")
		}
		if s, err := broadcast(rest[0].shape, out.shape[1:]); err != nil || !slices.Equal(s, out.shape[1:]) {
			return nil, fmt.Errorf("slopes of %v for %v", rest[0].shape, out.shape)
		}
		c.node("PRelu", n.Name+"/Prelu", []string{result, c.perChannel(rest[0].name, rest[0].c)}, out.at())
		rest = nil
	case len(fused) == 1:
		if err := c.activation(fused[0], n.Name+"/"+fused[0], result, out.at()); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("its last %d inputs belong to no fused operation", len(rest))
	}
	return out, nil
}
