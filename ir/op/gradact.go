package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// ReluDX is the gradient of nn.relu.
var ReluDX = &ir.OpDef{
	Name:     "t.relu_dx",
	Summary:  "gradient of relu",
	Doc:      "dy where x > 0, else +0.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "dy"}},
	Traits:   ir.Elementwise,
	Stages:   trainStages,
	Infer:    inferSame,
	Eval:     evalMask(func(*ir.Node) (float32, float32) { return math.SmallestNonzeroFloat32, float32(math.Inf(1)) }),
}

// ClipDX is the gradient of nn.clip.
var ClipDX = &ir.OpDef{
	Name:     "t.clip_dx",
	Summary:  "gradient of clip",
	Doc:      "dy where min <= x <= max, else +0.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "dy"}},
	Attrs: []ir.AttrDef{
		{Name: "min", Kind: ir.AttrFloat, Default: float32(-math.MaxFloat32), Doc: "lower bound"},
		{Name: "max", Kind: ir.AttrFloat, Default: float32(math.MaxFloat32), Doc: "upper bound"},
	},
	Traits: ir.Elementwise,
	Stages: trainStages,
	Infer:  inferSame,
	Eval:   evalMask(func(n *ir.Node) (float32, float32) { return n.Float("min"), n.Float("max") }),
}

func evalMask(bounds func(*ir.Node) (lo, hi float32)) func(*ir.EvalCtx) {
	return func(c *ir.EvalCtx) {
		lo, hi := bounds(c.Node)
		x, dy, out := c.In[0], c.In[1], c.Result(0)
		for i, v := range x.F32 {
			if v >= lo && v <= hi {
				out.F32[i] = dy.F32[i]
			}
		}
	}
}

// inferSame requires float operands of one shape, which is that of the result.
func inferSame(c *ir.InferCtx) {
	if !wantFloat(c) {
		return
	}
	for i, t := range c.In[1:] {
		if !t.Equal(c.In[0]) {
			c.Errorf("V045", "operands 0 and %d are %s and %s, want one shape", i+1, c.In[0], t)
			return
		}
	}
	c.Return(c.In[0])
}

func gradRelu(c *ir.GradCtx) {
	c.In[0] = c.Build("t.relu_dx", nil, c.Node.Operands[0], c.Out[0])
}

func gradClip(c *ir.GradCtx) {
	c.In[0] = c.Build("t.clip_dx", c.Node.Attrs.Clone(), c.Node.Operands[0], c.Out[0])
}

// SoftmaxDX is the gradient of nn.softmax.
var SoftmaxDX = &ir.OpDef{
	Name:     "t.softmax_dx",
	Summary:  "gradient of softmax",
	Doc:      "y is softmax's result. s is the sum of float32(dy*y) along the axis in ascending order from +0; dx = float32(y*float32(dy-s)).",
	Operands: []ir.Operand{{Name: "y"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"}},
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if axis := c.Node.Int("axis"); axis < 0 || axis >= len(c.In[0].Shape) {
			c.Errorf("V050", "axis %d does not exist in %s", axis, c.In[0])
			return
		}
		inferSame(c)
	},
	Eval: func(c *ir.EvalCtx) {
		y, dy, out := c.In[0], c.In[1], c.Result(0)
		axis := c.Node.Int("axis")
		n, inner := y.Shape[axis], 1
		for _, d := range y.Shape[axis+1:] {
			inner *= d
		}
		for r := range y.Len() / n {
			base := r/inner*n*inner + r%inner
			var s float32
			for i := range n {
				s = float32(s + float32(dy.F32[base+i*inner]*y.F32[base+i*inner]))
			}
			for i := range n {
				at := base + i*inner
				out.F32[at] = float32(y.F32[at] * float32(dy.F32[at]-s))
			}
		}
	},
}

func gradSoftmax(c *ir.GradCtx) {
	c.In[0] = c.Build("t.softmax_dx", c.Node.Attrs.Clone(), c.Node.Result(), c.Out[0])
}
