package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// StraightBias rounds biases to what the accumulator of a quantized layer holds.
var StraightBias = &ir.OpDef{
	Name:    "t.bias",
	Summary: "a layer's biases in units of its accumulator, straight through in the gradient",
	Doc: "b is (O), hi and lo are the bounds of the layer's input as in t.ulq, scale has one element or O, the scales of its weights. With s_x the scale of t.ulq's map, y = float32(RNE(b/(s_x*scale))*(s_x*scale)) in float64: " +
		"the number that the int32 bias stands for (AMCT 4). The gradient passes through unchanged, to b alone.",
	Operands: []ir.Operand{{Name: "b"}, {Name: "hi"}, {Name: "lo"}, {Name: "scale"}},
	Attrs:    []ir.AttrDef{bitsAttr, {Name: "fixed_min", Kind: ir.AttrBool, Default: false, Doc: "the lower bound is 0"}},
	Stages:   trainStages,
	Grad:     func(c *ir.GradCtx) { c.In[0] = c.Out[0] },
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !gradShape(c, 1, []int{1}) || !gradShape(c, 2, []int{1}) || !wantBits(c) {
			return
		}
		b, s := c.In[0], c.In[3]
		if len(b.Shape) != 1 || len(s.Shape) != 1 || s.Shape[0] != 1 && s.Shape[0] != b.Shape[0] {
			c.Errorf("V055", "scales are %s for biases %s, want one or one for each output channel", s, b)
			return
		}
		c.Return(b)
	},
	Eval: func(c *ir.EvalCtx) {
		sx, _, _, _ := ulqMap(c)
		scale, out := c.In[3].F32, c.Result(0)
		for i, b := range c.In[0].F32 {
			out.F32[i] = HeldBias(b, sx, scale[i%len(scale)])
		}
	},
}

// HeldBias is the number that the int32 bias of b stands for.
func HeldBias(b, sx, sw float32) float32 {
	s := float64(float64(sx) * float64(sw))
	return float32(math.RoundToEven(float64(b)/s) * s)
}
