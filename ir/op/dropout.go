package op

import "github.com/amctc/amctc/ir"

// Dropout is the identity; training makes elements 0 by chance.
var Dropout = &ir.OpDef{
	Name:    "nn.dropout",
	Summary: "identity; elements are left out in training",
	Doc: "y = x. Training multiplies by a mask that is drawn anew in every step: 0 with probability ratio, else 1/(1-ratio) " +
		"(Srivastava et al. 2014, scaled in training).",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "ratio", Kind: ir.AttrFloat, Default: float32(0.5), Doc: "part of the elements that is left out, in [0, 1)"}},
	Traits:   ir.Elementwise,
	Stages:   floatStages,
	Infer: func(c *ir.InferCtx) {
		if r := c.Node.Float("ratio"); !(r >= 0 && r < 1) {
			c.Errorf("V047", "ratio is %v, want a part in [0, 1)", r)
			return
		}
		inferUnary(c)
	},
	Eval: func(c *ir.EvalCtx) { copy(c.Result(0).F32, c.In[0].F32) },
}
