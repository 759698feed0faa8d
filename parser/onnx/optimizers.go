package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/runtime/f32"
)

// trainingDomain is that of the operators that take a step of training.
const trainingDomain = "ai.onnx.preview.training"

// training are its operators. Their inputs are a learning rate, the number of steps taken before, which must be
// known, and then lists of tensors of one length: values, gradients, and the state of the optimizer.
var training = map[string]entry{
	"Adagrad": {min: 5, max: -1, outs: 1 << 20, attrs: []string{"decay_factor", "epsilon", "norm_coefficient"}, build: optimizer(3, stepAdagrad)},
	"Adam": {min: 6, max: -1, outs: 1 << 20, attrs: []string{"alpha", "beta", "epsilon", "norm_coefficient", "norm_coefficient_post"},
		build: optimizer(4, stepAdam)},
	"Momentum": {min: 5, max: -1, outs: 1 << 20, attrs: []string{"alpha", "beta", "mode", "norm_coefficient"}, build: optimizer(3, stepMomentum)},
}

// An optimizerStep updates one tensor: in is its value, its gradient with the pull of the norm towards 0 added, and
// its state; it gives the new value and the new state. rate is the learning rate, step the number of steps before.
type optimizerStep func(c *call, rate *ir.Value, step int64, in []*ir.Value) []*ir.Value

// optimizer applies a step to each of the tensors, of which there are so many lists.
func optimizer(lists int, update optimizerStep) func(*call) {
	return func(c *call) {
		in, ok := c.operands()
		if !ok {
			return
		}
		l := c.lit(1, "number of steps")
		if l == nil {
			return
		}
		if l.i == nil || l.len() != 1 || in[0].Type.Elems() != 1 {
			c.errorf(codeShape, "its learning rate has shape %v and its number of steps shape %v, want one number and one integer", in[0].Type.Shape, l.shape)
			return
		}
		n := (len(in) - 2) / lists
		if len(in) != 2+n*lists || len(c.out) != n*(lists-1) {
			c.errorf(codeArity, "it has %d inputs and %d outputs, want 2 and %d for each tensor, and %d", len(in), len(c.out), lists, lists-1)
			return
		}
		rate, pull := c.reshaped(in[0]), c.floatAttr("norm_coefficient", 0)
		for k := range n {
			var own []*ir.Value
			for i := range lists {
				own = append(own, in[2+i*n+k])
			}
			if pull != 0 {
				own[1] = c.two("nn.add", c.multiplied(own[0], pull), own[1])
			}
			for i, v := range update(c, rate, l.i[0], own) {
				c.finish(i*n+k, v)
			}
		}
	}
}

// multiplied is v times a number.
func (c *call) multiplied(v *ir.Value, by float32) *ir.Value {
	return c.two("nn.mul", v, c.like(v, float64(by)))
}

// stepAdagrad: H' = H + G*G, X' = X - R/(1 + T*decay) * G / (sqrt(H') + eps).
func stepAdagrad(c *call, rate *ir.Value, step int64, in []*ir.Value) []*ir.Value {
	x, g, h := in[0], in[1], in[2]
	r := c.two("nn.div", rate, c.like(rate, 1+float64(float64(step)*float64(c.floatAttr("decay_factor", 0)))))
	h = c.two("nn.add", h, c.two("nn.mul", g, g))
	root := c.one1("nn.sqrt", h)
	slope := c.two("nn.div", c.two("nn.mul", r, g), c.two("nn.add", root, c.like(root, float64(c.floatAttr("epsilon", 1e-6)))))
	return []*ir.Value{c.two("nn.sub", x, slope), h}
}

// stepAdam: V' = a*V + (1-a)*G, H' = b*H + (1-b)*G*G, X' = (1-post) * (X - R' * V' / (sqrt(H') + eps)) with
// R' = R * sqrt(1 - b^T) / (1 - a^T), or R when T is 0. ONNX's text and its node test contradict each other in what
// eps is when it is left out.
func stepAdam(c *call, rate *ir.Value, step int64, in []*ir.Value) []*ir.Value {
	if !c.hasAttr("epsilon") {
		c.errorf(codeAttr, "attribute epsilon is missing; ONNX's text takes it for 1e-6 then and its test for 1e-2, so write it out")
		return nil
	}
	x, g, v, h := in[0], in[1], in[2], in[3]
	a, b := c.floatAttr("alpha", 0.9), c.floatAttr("beta", 0.999)
	v = c.two("nn.add", c.multiplied(v, a), c.multiplied(g, 1-a))
	h = c.two("nn.add", c.multiplied(h, b), c.multiplied(c.two("nn.mul", g, g), 1-b))
	if step > 0 {
		t := float64(step)
		rate = c.multiplied(rate, float32(math.Sqrt(1-f32.Pow(float64(b), t))/(1-f32.Pow(float64(a), t))))
	}
	root := c.one1("nn.sqrt", h)
	slope := c.two("nn.div", c.two("nn.mul", rate, v), c.two("nn.add", root, c.like(root, float64(c.floatAttr("epsilon", 1e-6)))))
	x = c.two("nn.sub", x, slope)
	if post := c.floatAttr("norm_coefficient_post", 0); post != 0 {
		x = c.multiplied(x, 1-post)
	}
	return []*ir.Value{x, v, h}
}

// stepMomentum: V' = a*V + b*G, where b is 1 in the first step; X' = X - R*V', or with Nesterov's correction
// X - R*(G + a*V').
func stepMomentum(c *call, rate *ir.Value, step int64, in []*ir.Value) []*ir.Value {
	x, g, v := in[0], in[1], in[2]
	a, b := c.floatAttr("alpha", 0), c.floatAttr("beta", 1)
	if step == 0 {
		b = 1
	}
	v = c.two("nn.add", c.multiplied(v, a), c.multiplied(g, b))
	slope := v
	switch mode := c.stringAttr("mode", "standard"); mode {
	case "standard":
	case "nesterov":
		slope = c.two("nn.add", g, c.multiplied(v, a))
	default:
		c.errorf(codeAttr, "attribute mode is %q, want standard or nesterov", mode)
		return nil
	}
	return []*ir.Value{c.two("nn.sub", x, c.two("nn.mul", rate, slope)), v}
}

// namelessOpset says whether a model that names no version of the default operator set has nodes of it: in its graph,
// or in a function that names none either.
func namelessOpset(m *pb.ModelProto) bool {
	for _, f := range m.Functions {
		named := slices.ContainsFunc(f.OpsetImport, func(o *pb.OperatorSetIdProto) bool { return isDefaultDomain(o.Domain) })
		if !named && usesDefault(f.Node) {
			return true
		}
	}
	return usesDefault(m.Graph.Node)
}

// usesDefault says whether a node, or one in a graph in its attributes, is of the default domain.
func usesDefault(nodes []*pb.NodeProto) bool {
	for _, n := range nodes {
		if isDefaultDomain(n.Domain) {
			return true
		}
		for _, a := range n.Attribute {
			for _, g := range append([]*pb.GraphProto{a.G}, a.Graphs...) {
				if g != nil && usesDefault(g.Node) {
					return true
				}
			}
		}
	}
	return false
}
