package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/f32"
)

// CrossEntropy is the mean cross entropy of softmax and a distribution.
var CrossEntropy = &ir.OpDef{
	Name:    "t.cross_entropy",
	Summary: "mean over samples of the cross entropy of softmax(x) and the target distribution",
	Doc: "x and target are (N, C); the rows of target add up to 1: a label, or what another network says. In float64, for each sample in ascending order: m the maximum of x, s the sum of " +
		"exp(x-m), the loss the sum of target*(log(s)+m-x); y is their mean, one element.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "target"}},
	Stages:   trainStages,
	Grad: func(c *ir.GradCtx) {
		c.In[0] = c.Build("t.cross_entropy_dx", nil, c.Node.Operands[0], c.Node.Operands[1], c.Out[0])
	},
	Infer: inferLoss,
	Eval: func(c *ir.EvalCtx) {
		x, target := c.In[0], c.In[1]
		n := x.Shape[1]
		var total float64
		for r := range x.Shape[0] {
			row := x.F32[r*n:][:n]
			m := float64(row[0])
			for _, v := range row {
				m = max(m, float64(v))
			}
			var s float64
			for _, v := range row {
				s += math.Exp(float64(v) - m)
			}
			for i, v := range row {
				total += float64(float64(target.F32[r*n+i]) * (math.Log(s) + m - float64(v)))
			}
		}
		c.Result(0).F32[0] = float32(total / float64(x.Shape[0]))
	},
}

// CrossEntropyDX is its gradient.
var CrossEntropyDX = &ir.OpDef{
	Name:     "t.cross_entropy_dx",
	Summary:  "gradient of the mean cross entropy by x",
	Doc:      "p is nn.softmax of x along the classes; dx = float32(float32(p-target) * float32(dy/float32(N))). The rows of target add up to 1.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "target"}, {Name: "dy"}},
	Stages:   trainStages,
	Infer:    inferLossDX,
	Eval: func(c *ir.EvalCtx) {
		x, target, out := c.In[0], c.In[1], c.Result(0)
		n := x.Shape[1]
		d := float32(c.In[2].F32[0] / float32(x.Shape[0]))
		p := make([]float32, n)
		for r := range x.Shape[0] {
			row := x.F32[r*n:][:n]
			m := row[0]
			for _, v := range row {
				if v > m || v != v {
					m = v
				}
			}
			var s float32
			for i, v := range row {
				p[i] = f32.Exp(float32(v - m))
				s = float32(s + p[i])
			}
			for i := range row {
				out.F32[r*n+i] = float32(float32(float32(p[i]/s)-target.F32[r*n+i]) * d)
			}
		}
	},
}

// MSE is the mean squared difference.
var MSE = &ir.OpDef{
	Name:     "t.mse",
	Summary:  "mean squared difference of two tensors",
	Doc:      "y = sum of (x-target)^2 divided by the count of elements, in float64 in ascending order; one element.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "target"}},
	Stages:   trainStages,
	Grad: func(c *ir.GradCtx) {
		c.In[0] = c.Build("t.mse_dx", nil, c.Node.Operands[0], c.Node.Operands[1], c.Out[0])
	},
	Infer: inferLoss,
	Eval: func(c *ir.EvalCtx) {
		var total float64
		for i, v := range c.In[0].F32 {
			d := float64(v) - float64(c.In[1].F32[i])
			total += float64(d * d)
		}
		c.Result(0).F32[0] = float32(total / float64(max(1, c.In[0].Len())))
	},
}

// MSEDX is its gradient.
var MSEDX = &ir.OpDef{
	Name:     "t.mse_dx",
	Summary:  "gradient of the mean squared difference by x",
	Doc:      "dx = float32(float32(x-target) * float32(2*dy/n)), n the count of elements, the factor in float64 rounded once.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "target"}, {Name: "dy"}},
	Stages:   trainStages,
	Infer:    inferLossDX,
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		f := float32(2 * float64(c.In[2].F32[0]) / float64(max(1, x.Len())))
		for i, v := range x.F32 {
			out.F32[i] = float32(float32(v-c.In[1].F32[i]) * f)
		}
	},
}

func inferLoss(c *ir.InferCtx) {
	if !wantFloat(c) || c.Node.Op.Name == "t.cross_entropy" && !wantRank(c, 0, 2) {
		return
	}
	if gradShape(c, 1, c.In[0].Shape) {
		c.Return(ir.Float(1))
	}
}

func inferLossDX(c *ir.InferCtx) {
	if wantFloat(c) && gradShape(c, 1, c.In[0].Shape) && gradShape(c, 2, []int{1}) {
		c.Return(c.In[0])
	}
}
