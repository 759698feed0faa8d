package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// ChannelSum adds up everything but the channels.
var ChannelSum = &ir.OpDef{
	Name:     "t.channel_sum",
	Summary:  "sum of every channel: the gradient of a bias",
	Doc:      "x is (N, C, ...), the result (C). The elements of one sample are added in ascending order from +0, then the samples' sums in ascending order from +0.",
	Operands: []ir.Operand{{Name: "x"}},
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) {
			return
		}
		if len(c.In[0].Shape) < 2 {
			c.Errorf("V031", "operand 0 is %s, want rank 2 or more", c.In[0])
			return
		}
		c.Return(ir.Float(c.In[0].Shape[1]))
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		channels, inner := x.Shape[1], tensor.Elems(x.Shape[2:])
		for ch := range channels {
			var sum float32
			for n := range x.Shape[0] {
				var s float32
				for _, v := range x.F32[(n*channels+ch)*inner:][:inner] {
					s = float32(s + v)
				}
				sum = float32(sum + s)
			}
			out.F32[ch] = sum
		}
	},
}

// SumTo adds up what broadcasting repeated.
var SumTo = &ir.OpDef{
	Name:     "t.sum_to",
	Summary:  "sum over the dimensions that a broadcast repeated",
	Doc:      "The result has the given shape, which broadcasts to that of x. Elements are added in ascending order from +0.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "shape", Kind: ir.AttrInts, Doc: "dimensions of the result"}},
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) {
			return
		}
		shape := c.Node.Ints("shape")
		if s, err := broadcast(shape, c.In[0].Shape); err != nil || !slices.Equal(s, c.In[0].Shape) {
			c.Errorf("V045", "shape %v does not broadcast to %s", shape, c.In[0])
			return
		}
		c.Return(ir.Float(shape...))
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		to := broadcastStrides(out.Shape, x.Shape)
		each(x.Shape, to, to, func(i, at, _ int) { out.F32[at] = float32(out.F32[at] + x.F32[i]) })
	},
}

// sumTo gives v the shape of a broadcast operand.
func sumTo(c *ir.GradCtx, v, like *ir.Value) *ir.Value {
	if slices.Equal(v.Type.Shape, like.Type.Shape) {
		return v
	}
	return c.Build("t.sum_to", ir.AttrsOf("shape", like.Type.Shape), v)
}

func gradAdd(c *ir.GradCtx) {
	for i, v := range c.Node.Operands {
		if c.Want[i] {
			c.In[i] = sumTo(c, c.Out[0], v)
		}
	}
}

func gradMul(c *ir.GradCtx) {
	a, b := c.Node.Operands[0], c.Node.Operands[1]
	if c.Want[0] {
		c.In[0] = sumTo(c, c.Build("nn.mul", nil, c.Out[0], b), a)
	}
	if c.Want[1] {
		c.In[1] = sumTo(c, c.Build("nn.mul", nil, c.Out[0], a), b)
	}
}

// Slice takes a box out of a tensor.
var Slice = &ir.OpDef{
	Name:     "t.slice",
	Summary:  "a box of a tensor: the gradient of join and border",
	Doc:      "Element i of the result is element start+i of x, in every axis.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "start", Kind: ir.AttrInts, Doc: "first index of each axis"},
		{Name: "shape", Kind: ir.AttrInts, Doc: "dimensions of the result"},
	},
	Stages: trainStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) {
			return
		}
		start, shape, x := c.Node.Ints("start"), c.Node.Ints("shape"), c.In[0].Shape
		ok := len(start) == len(x) && len(shape) == len(x)
		for d := range x {
			ok = ok && start[d] >= 0 && shape[d] > 0 && start[d] <= x[d]-shape[d]
		}
		if !ok {
			c.Errorf("V052", "the box of shape %v at %v does not lie in %s", shape, start, c.In[0])
			return
		}
		c.Return(ir.Float(shape...))
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		s := tensor.Strides(x.Shape)
		base := 0
		for d, v := range c.Node.Ints("start") {
			base += v * s[d]
		}
		each(out.Shape, s, s, func(i, at, _ int) { out.F32[i] = x.F32[base+at] })
	},
}

func gradConcat(c *ir.GradCtx) {
	axis, at := c.Node.Int("axis"), 0
	for i, v := range c.Node.Operands {
		start := make([]int, len(v.Type.Shape))
		start[axis] = at
		at += v.Type.Shape[axis]
		if c.Want[i] {
			c.In[i] = c.Build("t.slice", ir.AttrsOf("start", start, "shape", v.Type.Shape), c.Out[0])
		}
	}
}

func gradPad(c *ir.GradCtx) {
	s := c.Node.Operands[0].Type.Shape
	c.In[0] = c.Build("t.slice", ir.AttrsOf("start", c.Node.Ints("pad")[:len(s)], "shape", s), c.Out[0])
}

func gradReshape(c *ir.GradCtx) {
	c.In[0] = c.Build("nn.reshape", ir.AttrsOf("shape", c.Node.Operands[0].Type.Shape), c.Out[0])
}

func gradTranspose(c *ir.GradCtx) {
	perm := c.Node.Ints("perm")
	back := make([]int, len(perm))
	for i, p := range perm {
		back[p] = i
	}
	c.In[0] = c.Build("nn.transpose", ir.AttrsOf("perm", back), c.Out[0])
}
