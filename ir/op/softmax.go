package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/f32"
)

// Softmax normalizes exponentials along an axis.
var Softmax = &ir.OpDef{
	Name:    "nn.softmax",
	Summary: "normalized exponentials along an axis",
	Doc: "m is the maximum along the axis (NaN if any is), e = f32.Exp(float32(x-m)), s the sum of e in ascending order, each step rounded, " +
		"y = float32(e/s).",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"}},
	Stages:   floatStages,
	Grad:     gradSoftmax,
	Infer:    inferSoftmax,
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		eachLine(x.Shape, c.Node.Int("axis"), func(_, at, step, n int) {
			m := greatest(x.F32, at, step, n)
			var s float32
			for i := range n {
				e := f32.Exp(float32(x.F32[at+i*step] - m))
				out.F32[at+i*step] = e
				s = float32(s + e)
			}
			for i := range n {
				out.F32[at+i*step] = float32(out.F32[at+i*step] / s)
			}
		})
	},
}

// greatest is the maximum of n elements, step apart, from at on; NaN if any is.
func greatest(x []float32, at, step, n int) float32 {
	m := x[at]
	for i := range n {
		if v := x[at+i*step]; v > m || v != v {
			m = v
		}
	}
	return m
}

func inferSoftmax(c *ir.InferCtx) {
	axis := c.Node.Int("axis")
	if axis < 0 || axis >= len(c.In[0].Shape) {
		c.Errorf("V050", "axis %d does not exist in %s", axis, c.In[0])
		return
	}
	if c.In[0].Shape[axis] == ir.Free {
		c.Errorf("V046", "axis %d is the free batch: softmax would mix samples", axis)
		return
	}
	inferUnary(c)
}

// LogSoftmax is the logarithm of nn.softmax, without its underflow.
var LogSoftmax = &ir.OpDef{
	Name:    "nn.log_softmax",
	Summary: "logarithms of normalized exponentials along an axis",
	Doc: "m is the maximum along the axis (NaN if any is), d = float32(x-m), s the sum of f32.Exp(d) in ascending order, each step rounded, " +
		"y = float32(d-log(s)).",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"}},
	Stages:   floatStages,
	Grad: func(c *ir.GradCtx) { // dx = dy - softmax(x)*sum(dy)
		axis := c.Node.Int("axis")
		sum := c.Build("nn.reduce_sum", ir.AttrsOf("axes", []int{axis}), c.Out[0])
		c.In[0] = c.Build("nn.sub", nil, c.Out[0], c.Build("nn.mul", nil, c.Build("nn.softmax", ir.AttrsOf("axis", axis), c.Node.Operands[0]), sum))
	},
	Infer: inferSoftmax,
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		eachLine(x.Shape, c.Node.Int("axis"), func(_, at, step, n int) {
			m := greatest(x.F32, at, step, n)
			var s float32
			for i := range n {
				d := float32(x.F32[at+i*step] - m)
				out.F32[at+i*step] = d
				s = float32(s + f32.Exp(d))
			}
			log := f32.Unary("log")(s, 0, 0)
			for i := range n {
				out.F32[at+i*step] = float32(out.F32[at+i*step] - log)
			}
		})
	},
}
