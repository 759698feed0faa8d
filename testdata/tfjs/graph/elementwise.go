package graph

import (
	"errors"
	"fmt"
	"slices"
)

// activation adds one of the functions that stand alone or fused into another node.
func (c *converter) activation(kind, name, in, out string) error {
	switch kind {
	case "Relu", "Elu", "Sigmoid", "Tanh":
		c.node(kind, name, []string{in}, out)
	case "Relu6":
		lo, hi := c.constant("relu6", "min", nil, []float32{0}), c.constant("relu6", "max", nil, []float32{6})
		c.node("Clip", name, []string{in, lo, hi}, out)
	default:
		return fmt.Errorf("the fused operation %s is not converted", kind)
	}
	return nil
}

func buildActivation(c *converter, n *node, in []*value) (*value, error) {
	if in[0].c != nil {
		return nil, errors.New("its operand is a constant")
	}
	x, out := c.like(n, in[0])
	return out, c.activation(n.Op, n.Name, x, out.at())
}

func buildBiasAdd(c *converter, n *node, in []*value) (*value, error) {
	if err := channelsLast(n); err != nil {
		return nil, err
	}
	x, b := in[0], in[1]
	if len(x.shape) == 0 || len(b.shape) != 1 || b.shape[0] != x.shape[len(x.shape)-1] {
		return nil, fmt.Errorf("a bias of %v for %v", b.shape, x.shape)
	}
	return elementwise("Add")(c, n, in)
}

// elementwise converts an operator of two operands. When one is an image in ONNX's order, the other comes into it too.
func elementwise(onnx string) func(*converter, *node, []*value) (*value, error) {
	return func(c *converter, n *node, in []*value) (*value, error) {
		shape, err := broadcast(in[0].shape, in[1].shape)
		if err != nil {
			return nil, err
		}
		images, constants := 0, 0
		for _, v := range in {
			switch {
			case v.c != nil && v.c.f == nil:
				return nil, fmt.Errorf("constant %s is no float32", v.name)
			case v.c != nil:
				constants++
			case len(v.shape) == 4 && v.first:
				images++
			case len(v.shape) != 4:
				images = -2 // a computed operand of fewer axes lies at the end of TensorFlow's order
			}
		}
		if constants == 2 {
			return nil, errors.New("both operands are constants")
		}
		if onnx == "PRelu" && (in[0].c != nil || !slices.Equal(shape, in[0].shape)) {
			return nil, fmt.Errorf("slopes of %v for %v", in[1].shape, in[0].shape)
		}
		if images > 0 && len(shape) == 4 {
			out := c.imageResult(n, shape)
			c.node(onnx, n.Name, []string{c.aligned(in[0]), c.aligned(in[1])}, out.at())
			return out, nil
		}
		c.node(onnx, n.Name, []string{c.order(in[0]), c.order(in[1])}, n.Name)
		return c.result(n, shape), nil
	}
}

// aligned is an operand as (N, C, H, W); a constant of fewer axes gets axes of length 1 in front.
func (c *converter) aligned(v *value) string {
	if v.c == nil || len(v.shape) == 4 {
		return c.image(v)
	}
	return c.perChannel(v.name, v.c)
}

// perChannel writes a constant of up to four axes, the last of which are those of an image, for an image as
// (N, C, H, W).
func (c *converter) perChannel(name string, a *array) string {
	dims := []int{1, 1, 1, 1}
	copy(dims[4-len(a.dims):], a.dims)
	full := &array{dims: dims, f: a.f}
	return c.constant(name, "nchw", permuted(dims, 0, 3, 1, 2), transpose(full, 0, 3, 1, 2))
}

// broadcast is the shape of a result of two operands by NumPy's rule, which is TensorFlow's and ONNX's too.
func broadcast(a, b []int) ([]int, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append([]int(nil), a...)
	for i, d := range b {
		at := len(a) - len(b) + i
		switch {
		case d == a[at], d == 1:
		case a[at] == 1:
			out[at] = d
		default:
			return nil, fmt.Errorf("the shapes %v and %v do not go together", a, b)
		}
	}
	return out, nil
}
