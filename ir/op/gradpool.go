package op

import (
	"github.com/amctc/amctc/ir"
)

// MaxPoolDX is the gradient of nn.max_pool2d.
var MaxPoolDX = &ir.OpDef{
	Name:     "t.max_pool2d_dx",
	Summary:  "gradient of a maximum over a window",
	Doc:      "dy goes to the first of the greatest elements of each window; where windows overlap, gradients are added in ascending order of the outputs.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr},
	Stages:   trainStages,
	Infer:    inferPoolDX,
	Eval: func(c *ir.EvalCtx) {
		x, dy, dx := c.In[0], c.In[1], c.Result(0)
		poolEach(c, func(i, _ int, taps func(func(at int))) {
			best := -1
			taps(func(at int) {
				if best < 0 || x.F32[at] > x.F32[best] {
					best = at
				}
			})
			dx.F32[best] = float32(dx.F32[best] + dy.F32[i])
		})
	},
}

// AvgPoolDX is the gradient of nn.avg_pool2d.
var AvgPoolDX = &ir.OpDef{
	Name:     "t.avg_pool2d_dx",
	Summary:  "gradient of a mean over a window",
	Doc:      "x gives the shape. float32(dy/float32(n)) goes to every element of a window, n as in nn.avg_pool2d; where windows overlap, gradients are added in ascending order of the outputs.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr, includePadAttr},
	Stages:   trainStages,
	Infer:    inferPoolDX,
	Eval: func(c *ir.EvalCtx) {
		dy, dx := c.In[1], c.Result(0)
		poolEach(c, func(i, n int, taps func(func(at int))) {
			d := float32(dy.F32[i] / float32(n))
			taps(func(at int) { dx.F32[at] = float32(dx.F32[at] + d) })
		})
	},
}

func inferPoolDX(c *ir.InferCtx) {
	if !wantFloat(c) {
		return
	}
	if shape, ok := poolShape(c); ok && gradShape(c, 1, shape) {
		c.Return(c.In[0])
	}
}

// gradShape checks that operand i has the given shape.
func gradShape(c *ir.InferCtx, i int, shape []int) bool {
	if want := ir.Float(shape...); !c.In[i].Equal(want) {
		c.Errorf("V045", "operand %d is %s, want %s", i, c.In[i], want)
		return false
	}
	return true
}

func gradMaxPool(c *ir.GradCtx) {
	c.In[0] = c.Build("t.max_pool2d_dx", c.Node.Attrs.Clone(), c.Node.Operands[0], c.Out[0])
}

func gradAvgPool(c *ir.GradCtx) {
	c.In[0] = c.Build("t.avg_pool2d_dx", c.Node.Attrs.Clone(), c.Node.Operands[0], c.Out[0])
}
