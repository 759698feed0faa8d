package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// The pairings of the operators of this file.
var (
	sum = pairing{name: "add", real: func(a, b float64) float64 { return a + b },
		whole: func(_ tensor.DType, a, b int64) int64 { return a + b }}
	product = pairing{name: "mul", real: func(a, b float64) float64 { return float64(a * b) },
		whole: func(_ tensor.DType, a, b int64) int64 { return a * b }}
)

// Add is the float sum.
var Add = &ir.OpDef{
	Name:     "nn.add",
	Summary:  "sum of two tensors",
	Doc:      "Shapes broadcast as in numpy. y = float32(a+b).",
	Operands: []ir.Operand{{Name: "a"}, {Name: "b"}},
	Traits:   ir.Elementwise | ir.Commutative,
	Stages:   floatStages,
	Grad:     gradAdd,
	Infer:    sum.infer,
	Eval:     sum.eval,
	Quant:    &ir.QuantRule{Twin: "q.add", Activations: []int{0, 1}, Weights: -1, ChannelAxis: -1, Bias: -1},
}

// Mul is the float product.
var Mul = &ir.OpDef{
	Name:     "nn.mul",
	Summary:  "product of two tensors, element by element",
	Doc:      "Shapes broadcast as in numpy. y = float32(a*b).",
	Operands: []ir.Operand{{Name: "a"}, {Name: "b"}},
	Traits:   ir.Elementwise | ir.Commutative,
	Stages:   floatStages,
	Grad:     gradMul,
	Infer:    product.infer,
	Eval:     product.eval,
	Quant:    &ir.QuantRule{Twin: "q.mul", Activations: []int{0, 1}, Weights: -1, ChannelAxis: -1, Bias: -1},
}

// QAdd is the integer sum.
var QAdd = &ir.OpDef{
	Name:       "q.add",
	Summary:    "sum of two quantized tensors",
	Doc:        "Both operands are int8 with one factor each; shapes broadcast as in numpy.",
	Arithmetic: "fin(float32((a-o_a)*m_a) + float32((b-o_b)*m_b)), m = float32(s_in/s_y), then clip",
	Operands:   []ir.Operand{{Name: "a"}, {Name: "b"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Traits:     ir.Elementwise | ir.Commutative,
	Stages:     intStages,
	Infer:      inferQBinary,
	Eval: evalQBinary(func(a, b, y *ir.Quant) func(int32, int32) int32 {
		ma, mb := Ratio(a.Scale[0], y.Scale[0]), Ratio(b.Scale[0], y.Scale[0])
		return func(p, q int32) int32 {
			return AddCode(p, a.Offset[0], ma, q, b.Offset[0], mb, y.Offset[0], y.Min, y.Max)
		}
	}),
}

// QSub is the integer difference.
var QSub = &ir.OpDef{
	Name:       "q.sub",
	Summary:    "difference of two quantized tensors",
	Doc:        "Both operands are int8 with one factor each; shapes broadcast as in numpy.",
	Arithmetic: "fin(float32((a-o_a)*m_a) - float32((b-o_b)*m_b)), m = float32(s_in/s_y), then clip",
	Operands:   []ir.Operand{{Name: "a"}, {Name: "b"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Traits:     ir.Elementwise,
	Stages:     intStages,
	Infer:      inferQBinary,
	Eval: evalQBinary(func(a, b, y *ir.Quant) func(int32, int32) int32 {
		ma, mb := Ratio(a.Scale[0], y.Scale[0]), Ratio(b.Scale[0], y.Scale[0])
		return func(p, q int32) int32 {
			return AddCode(p, a.Offset[0], ma, q, b.Offset[0], -mb, y.Offset[0], y.Min, y.Max)
		}
	}),
}

// QMul is the integer product.
var QMul = &ir.OpDef{
	Name:       "q.mul",
	Summary:    "product of two quantized tensors, element by element",
	Doc:        "Both operands are int8 with one factor each; shapes broadcast as in numpy.",
	Arithmetic: "fin(float32((a-o_a)*(b-o_b))*m), m = float32(s_a*s_b/s_y), then clip",
	Operands:   []ir.Operand{{Name: "a"}, {Name: "b"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Traits:     ir.Elementwise | ir.Commutative,
	Stages:     intStages,
	Infer:      inferQBinary,
	Eval: evalQBinary(func(a, b, y *ir.Quant) func(int32, int32) int32 {
		m := MulScale(a.Scale[0], b.Scale[0], y.Scale[0])
		return func(p, q int32) int32 {
			return MulCode(p, a.Offset[0], q, b.Offset[0], m, y.Offset[0], y.Min, y.Max)
		}
	}),
}

func binaryShape(c *ir.InferCtx) ([]int, bool) {
	shape, err := broadcast(c.In[0].Shape, c.In[1].Shape)
	if err != nil {
		c.Errorf("V045", "%v", err)
		return nil, false
	}
	for i, t := range c.In {
		if t.IsFree() && len(t.Shape) < len(shape) {
			c.Errorf("V046", "operand %d is %s: its batch would be broadcast against dimension %d of the other", i, t, len(shape)-len(t.Shape))
			return nil, false
		}
	}
	return shape, true
}

func inferQBinary(c *ir.InferCtx) {
	if !wantCodes(c, 0) || !wantCodes(c, 1) {
		return
	}
	if shape, ok := binaryShape(c); ok {
		if t, ok := codeResult(c, shape); ok {
			c.Return(t)
		}
	}
}

func evalQBinary(prepare func(a, b, y *ir.Quant) func(int32, int32) int32) func(*ir.EvalCtx) {
	return func(c *ir.EvalCtx) {
		a, b, out := c.In[0], c.In[1], c.Result(0)
		f := prepare(c.InType[0].Quant, c.InType[1].Quant, c.OutType[0].Quant)
		clip := c.Node.Ints("clip")
		each(out.Shape, broadcastStrides(a.Shape, out.Shape), broadcastStrides(b.Shape, out.Shape), func(i, p, q int) {
			out.I8[i] = int8(ClampCode(f(int32(a.I8[p]), int32(b.I8[q])), clip))
		})
	}
}
