package graph

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A value is what a node gives.
type value struct {
	name  string
	shape []int // in TensorFlow's order; -1 is the free batch, which only the first axis may be
	// tf and chw name the tensor in TensorFlow's order and, of an image, as (N, C, H, W). Empty: not made yet.
	tf, chw string
	// first says that the value came as (N, C, H, W), so that operators which may do either go on with that.
	first bool
	c     *array // the numbers of a constant
}

// converter builds the ONNX graph.
type converter struct {
	m      *Model
	g      *onnxpb.GraphProto
	values map[string]*value // of nodes that are done
	// nodes and tensors are the names that are taken, apart from those of tensors that are called as nodes of TensorFlow.
	nodes, tensors map[string]bool
	forms          map[string]string // initializers by what they are
}

// ONNX gives the model as a file. The same model gives the same bytes.
func (m *Model) ONNX() ([]byte, error) {
	c := &converter{
		m: m, g: &onnxpb.GraphProto{Name: "main"},
		values: make(map[string]*value), forms: make(map[string]string),
		nodes: make(map[string]bool), tensors: make(map[string]bool),
	}
	for _, n := range m.nodes {
		if n.Op == "Placeholder" {
			if err := c.visit(n.Name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range m.outputs {
		if err := c.visit(name); err != nil {
			return nil, err
		}
		v := c.values[name]
		if v.c != nil {
			return nil, fmt.Errorf("output %s is a constant", name)
		}
		if c.order(v) != name {
			c.node("Identity", name, []string{v.tf}, name)
		}
		c.g.Output = append(c.g.Output, info(name, v.shape))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&onnxpb.ModelProto{
		IrVersion: 7, ProducerName: "amctc testdata", OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 13}}, Graph: c.g,
	})
}

// visit converts a node after all that it reads.
func (c *converter) visit(name string) error {
	stack, open := []string{name}, make(map[string]bool)
	for len(stack) > 0 {
		name := stack[len(stack)-1]
		if c.values[name] != nil {
			stack = stack[:len(stack)-1]
			continue
		}
		n := c.m.byName[name]
		if !open[name] {
			open[name] = true
			for _, in := range slices.Backward(n.Input) {
				if c.values[in] != nil {
					continue
				}
				if open[in] {
					return fmt.Errorf("node %s (%s) depends on its own result", n.Name, n.Op)
				}
				stack = append(stack, in)
			}
			continue
		}
		v, err := c.convert(n)
		if err != nil {
			return fmt.Errorf("node %s (%s): %w", n.Name, n.Op, err)
		}
		c.values[name] = v
	}
	return nil
}

func (c *converter) convert(n *node) (*value, error) {
	o, ok := operators()[n.Op]
	switch {
	case !ok:
		return nil, fmt.Errorf("operator %s is not converted; those that are: %s", n.Op, known())
	case len(n.Input) < o.min || len(n.Input) > o.max:
		return nil, fmt.Errorf("it has %d inputs", len(n.Input))
	case !n.isFloat("T"):
		return nil, fmt.Errorf("it computes with %s; only DT_FLOAT is converted", n.Attr["T"].Type)
	}
	in := make([]*value, len(n.Input))
	for i, name := range n.Input {
		in[i] = c.values[name]
	}
	v, err := o.build(c, n, in)
	if err != nil {
		return nil, err
	}
	if len(v.shape) > maxRank {
		return nil, fmt.Errorf("its result has %d axes", len(v.shape))
	}
	for _, d := range v.shape {
		if d > maxDim {
			return nil, fmt.Errorf("its result has the shape %v", v.shape)
		}
	}
	return v, nil
}

// order is the tensor of a value in TensorFlow's order.
func (c *converter) order(v *value) string {
	if v.tf == "" {
		if v.c != nil {
			v.tf = c.constant(v.name, "", v.c.dims, v.c.f)
		} else {
			v.tf = v.name
			c.node("Transpose", v.name+"/nhwc", []string{v.chw}, v.tf, ints("perm", 0, 2, 3, 1))
		}
	}
	return v.tf
}

// image is the tensor of a value of four axes as (N, C, H, W).
func (c *converter) image(v *value) string {
	if v.chw == "" {
		if v.c != nil {
			v.chw = c.constant(v.name, "nchw", permuted(v.c.dims, 0, 3, 1, 2), transpose(v.c, 0, 3, 1, 2))
		} else {
			v.chw = c.fresh(c.tensors, v.name+"/nchw")
			c.node("Transpose", v.name+"/nchw", []string{v.tf}, v.chw, ints("perm", 0, 3, 1, 2))
		}
	}
	return v.chw
}

// like is the result of a node in the order in which its input came, with the shape of the input.
func (c *converter) like(n *node, v *value) (in string, out *value) {
	if v.first {
		return v.chw, c.imageResult(n, v.shape)
	}
	return c.order(v), c.result(n, v.shape)
}

// result is what a node gives in TensorFlow's order; imageResult is an image as (N, C, H, W).
func (c *converter) result(n *node, shape []int) *value {
	return &value{name: n.Name, shape: shape, tf: n.Name}
}

func (c *converter) imageResult(n *node, shape []int) *value {
	return &value{name: n.Name, shape: shape, chw: c.fresh(c.tensors, n.Name+"/nchw"), first: true}
}

// at is the tensor in which a value came.
func (v *value) at() string {
	if v.first {
		return v.chw
	}
	return v.tf
}

// fresh is a name that no node of TensorFlow and nothing else in the set has.
func (c *converter) fresh(taken map[string]bool, name string) string {
	free := name
	for i := 1; taken[free] || c.m.byName[free] != nil; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	taken[free] = true
	return free
}
