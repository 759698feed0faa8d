package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// Relu is max(x, 0).
var Relu = &ir.OpDef{
	Name:     "nn.relu",
	Summary:  "maximum with zero",
	Doc:      "y = x where x > 0 or x is NaN, else +0.",
	Operands: []ir.Operand{{Name: "x"}},
	Traits:   ir.Elementwise,
	Stages:   floatStages,
	Bounds:   func(*ir.Node) (float32, float32) { return 0, float32(math.Inf(1)) },
	Grad:     gradRelu,
	Infer:    inferUnary,
	Eval: func(c *ir.EvalCtx) {
		out := c.Result(0)
		for i, v := range c.In[0].F32 {
			if v > 0 || v != v {
				out.F32[i] = v
			}
		}
	},
}

// Clip clamps to a constant range.
var Clip = &ir.OpDef{
	Name:     "nn.clip",
	Summary:  "clamp to a constant range: Clip, ReLU6",
	Doc:      "y = x where min <= x <= max or x is NaN, else the nearer bound.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "min", Kind: ir.AttrFloat, Default: float32(-math.MaxFloat32), Doc: "lower bound"},
		{Name: "max", Kind: ir.AttrFloat, Default: float32(math.MaxFloat32), Doc: "upper bound"},
	},
	Traits: ir.Elementwise,
	Stages: floatStages,
	Bounds: func(n *ir.Node) (float32, float32) { return n.Float("min"), n.Float("max") },
	Grad:   gradClip,
	Infer: func(c *ir.InferCtx) {
		lo, hi := c.Node.Float("min"), c.Node.Float("max")
		if !(lo <= hi) {
			c.Errorf("V047", "min %v is not below max %v", lo, hi)
			return
		}
		inferUnary(c)
	},
	Eval: func(c *ir.EvalCtx) {
		lo, hi := c.Node.Float("min"), c.Node.Float("max")
		out := c.Result(0)
		for i, v := range c.In[0].F32 {
			switch {
			case v < lo:
				v = lo
			case v > hi:
				v = hi
			}
			out.F32[i] = v
		}
	},
}

// QClip clamps codes.
var QClip = &ir.OpDef{
	Name:       "q.clip",
	Summary:    "clamp codes: a relu or clip that no producer took in",
	Doc:        "The result has the operand's map.",
	Arithmetic: "min(max(q, clip[0]), clip[1])",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Traits:     ir.Elementwise,
	Stages:     intStages,
	Infer: func(c *ir.InferCtx) {
		if wantCodes(c, 0) && checkClip(c) {
			c.Return(c.In[0])
		}
	},
	Eval: func(c *ir.EvalCtx) {
		out, clip := c.Result(0), c.Node.Ints("clip")
		for i, v := range c.In[0].I8 {
			out.I8[i] = int8(ClampCode(int32(v), clip))
		}
	},
}

func inferUnary(c *ir.InferCtx) {
	if wantFloat(c) {
		c.Return(c.In[0])
	}
}
