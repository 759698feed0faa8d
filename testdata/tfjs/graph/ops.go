package graph

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An op says how an operator is converted.
type op struct {
	min, max int // inputs
	build    func(c *converter, n *node, in []*value) (*value, error)
}

// operators are those that are converted. It is a function, since builders name them in their errors.
func operators() map[string]op {
	return map[string]op{
		"Placeholder":                {0, 0, buildPlaceholder},
		"Const":                      {0, 0, buildConst},
		"Identity":                   {1, 1, buildIdentity},
		"Conv2D":                     {2, 2, buildConv},
		"_FusedConv2D":               {2, 4, buildConv},
		"DepthwiseConv2dNative":      {2, 2, buildDepthwise},
		"FusedDepthwiseConv2dNative": {2, 4, buildDepthwise},
		"MaxPool":                    {1, 1, pool("MaxPool")},
		"AvgPool":                    {1, 1, pool("AveragePool")},
		"BiasAdd":                    {2, 2, buildBiasAdd},
		"Add":                        {2, 2, elementwise("Add")},
		"AddV2":                      {2, 2, elementwise("Add")},
		"Sub":                        {2, 2, elementwise("Sub")},
		"Mul":                        {2, 2, elementwise("Mul")},
		"Prelu":                      {2, 2, elementwise("PRelu")},
		"Relu":                       {1, 1, buildActivation},
		"Relu6":                      {1, 1, buildActivation},
		"Elu":                        {1, 1, buildActivation},
		"Sigmoid":                    {1, 1, buildActivation},
		"Tanh":                       {1, 1, buildActivation},
		"Mean":                       {2, 2, buildMean},
		"Softmax":                    {1, 1, buildSoftmax},
		"Reshape":                    {2, 2, buildReshape},
	}
}

func known() string { return strings.Join(slices.Sorted(maps.Keys(operators())), ", ") }

func buildPlaceholder(c *converter, n *node, _ []*value) (*value, error) {
	a := n.Attr["shape"]
	if a == nil || a.Shape == nil || a.Shape.Unknown {
		return nil, errors.New("the input has no shape")
	}
	if !n.isFloat("dtype") {
		return nil, fmt.Errorf("the input is of %s, not of DT_FLOAT", n.Attr["dtype"].Type)
	}
	var dims []int
	for i, d := range a.Shape.Dim {
		if d.Size > maxDim || d.Size < -1 || d.Size == 0 || d.Size == -1 && i > 0 {
			return nil, fmt.Errorf("axis %d of the input is %d long; padding needs numbers, only the first axis may be free", i, d.Size)
		}
		dims = append(dims, int(d.Size))
	}
	c.g.Input = append(c.g.Input, info(n.Name, dims))
	return c.result(n, dims), nil
}

func buildConst(c *converter, n *node, _ []*value) (*value, error) {
	a := c.m.weights[n.Name]
	if a == nil {
		return nil, errors.New("the list of weights does not have it")
	}
	return &value{name: n.Name, shape: a.dims, c: a}, nil
}

func buildIdentity(c *converter, n *node, in []*value) (*value, error) { return in[0], nil }

func buildSoftmax(c *converter, n *node, in []*value) (*value, error) {
	if len(in[0].shape) == 0 || in[0].c != nil {
		return nil, errors.New("it needs a computed operand with an axis")
	}
	x, out := c.like(n, in[0])
	axis := len(in[0].shape) - 1
	if in[0].first {
		axis = 1
	}
	c.node("Softmax", n.Name, []string{x}, out.at(), integerAttr("axis", axis))
	return out, nil
}

// buildMean averages over the axes that the second input lists. Over both axes of an image it stays in ONNX's order.
func buildMean(c *converter, n *node, in []*value) (*value, error) {
	x, list := in[0], in[1].c
	if x.c != nil || list == nil || list.i == nil {
		return nil, errors.New("the axes are no constant of int32, or what is averaged is one")
	}
	over := make([]bool, len(x.shape))
	for _, a := range list.i {
		if a < 0 {
			a += len(over)
		}
		if a < 0 || a >= len(over) || over[a] {
			return nil, fmt.Errorf("axes %v of a tensor with %d", list.i, len(over))
		}
		over[a] = true
	}
	if len(list.i) == 0 {
		return nil, errors.New("it averages over no axis")
	}
	keep := n.flag("keep_dims")
	var axes, shape []int
	for i, d := range x.shape {
		switch {
		case over[i] && keep:
			shape = append(shape, 1)
		case !over[i]:
			shape = append(shape, d)
		}
		if over[i] {
			axes = append(axes, i)
		}
	}
	kept := 0
	if keep {
		kept = 1
	}
	from, out := "", c.result(n, shape)
	if x.first && slices.Equal(axes, []int{1, 2}) {
		from, axes = x.chw, []int{2, 3}
		if keep {
			out = c.imageResult(n, shape)
		}
	} else {
		from = c.order(x)
	}
	c.node("ReduceMean", n.Name, []string{from}, out.at(), ints("axes", axes...), integerAttr("keepdims", kept))
	return out, nil
}

func buildReshape(c *converter, n *node, in []*value) (*value, error) {
	x, to := in[0], in[1].c
	if x.c != nil || to == nil || to.i == nil || len(to.dims) != 1 {
		return nil, errors.New("the new shape is no constant of int32, or what is reshaped is one")
	}
	free := len(x.shape) > 0 && x.shape[0] < 0
	have := x.shape
	if free {
		have = have[1:]
	}
	count, open := 1, -1
	for i, d := range to.i {
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 1 || d > maxDim || count > maxWeights:
			return nil, fmt.Errorf("the new shape is %v", to.i)
		default:
			count *= d
		}
	}
	total := 1
	for _, d := range have {
		if total *= d; total > maxWeights {
			return nil, fmt.Errorf("its operand of the shape %v is too large", x.shape)
		}
	}
	shape := slices.Clone(to.i)
	switch {
	case free && (open != 0 || count != total):
		return nil, fmt.Errorf("%v to %v mixes the free batch with other axes", x.shape, to.i)
	case !free && open >= 0 && total%count == 0:
		shape[open] = total / count
	case !free && count != total:
		return nil, fmt.Errorf("%v cannot become %v", x.shape, to.i)
	}
	c.node("Reshape", n.Name, []string{c.order(x), c.integers(n.Name+"/shape", to.i)}, n.Name)
	return c.result(n, shape), nil
}
