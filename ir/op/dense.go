package op

import (
	"github.com/amctc/amctc/ir"
)

// Dense is the float fully connected layer.
var Dense = &ir.OpDef{
	Name:    "nn.dense",
	Summary: "matrix product with constant weights: Gemm, MatMul",
	Doc: "x is (..., K), w is (O, K), b is (O); the result is (..., O). Every output starts at its bias, or +0, and adds " +
		"float32(x*w) in ascending k.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "w"}, {Name: "b", Optional: true}},
	Stages:   floatStages,
	Infer:    inferDense,
	Eval:     evalDense,
	Grad:     gradDense,
	Quant: &ir.QuantRule{Twin: "q.dense", Activations: []int{0}, Weights: 1, ChannelAxis: 0, PerChannel: false, Bias: 2,
		FloatResult: true, Applies: constWeights},
}

// QDense is the integer fully connected layer.
var QDense = &ir.OpDef{
	Name:    "q.dense",
	Summary: "integer matrix product with requantized or float result",
	Doc: "x is int8 or int16 (..., K) with one factor, w int8 (O, K) symmetric, per tensor or per index of axis 0, b int32 (O) " +
		"with the scale of x times w. The written result type decides: int8 codes are requantized, float32 is the accumulator's value.",
	Arithmetic: "as q.conv2d, with acc = b + sum over k of (x-o_x)*w",
	Operands:   []ir.Operand{{Name: "x"}, {Name: "w", Const: true}, {Name: "b", Const: true}},
	Attrs:      []ir.AttrDef{clipAttr, shiftAttr, halfAttr},
	Stages:     intStages,
	Infer:      inferQDense,
	Eval:       evalQDense,
}

func denseShape(c *ir.InferCtx) ([]int, bool) {
	x := c.In[0].Shape
	if len(x) < 2 {
		c.Errorf("V031", "operand 0 is %s, want rank 2 or more", c.In[0])
		return nil, false
	}
	if !wantRank(c, 1, 2) {
		return nil, false
	}
	w := c.In[1].Shape
	k := x[len(x)-1]
	switch {
	case w[1] != k:
		c.Errorf("V044", "weights take %d inputs, the last dimension of x is %d", w[1], k)
		return nil, false
	case len(c.In) == 3 && (len(c.In[2].Shape) != 1 || c.In[2].Shape[0] != w[0]):
		c.Errorf("V042", "bias is %s, want %d elements, one for each output", c.In[2], w[0])
		return nil, false
	}
	return append(append([]int{}, x[:len(x)-1]...), w[0]), true
}

func inferDense(c *ir.InferCtx) {
	if !wantFloat(c) {
		return
	}
	if shape, ok := denseShape(c); ok {
		c.Return(ir.Float(shape...))
	}
}

func inferQDense(c *ir.InferCtx) {
	shape, ok := denseShape(c)
	if ok && accOperands(c, 0) && accFits(c) && shiftsFit(c) {
		accResult(c, shape)
	}
}

func evalDense(c *ir.EvalCtx) {
	x, w := c.In[0], c.In[1]
	out := c.Result(0)
	outs, k := w.Shape[0], w.Shape[1]
	for r := range x.Len() / k {
		for o := range outs {
			var sum float32
			if len(c.In) == 3 {
				sum = c.In[2].F32[o]
			}
			for i := range k {
				sum = float32(sum + float32(x.F32[r*k+i]*w.F32[o*k+i]))
			}
			out.F32[r*outs+o] = sum
		}
	}
}

func evalQDense(c *ir.EvalCtx) {
	x, w, b := c.In[0], c.In[1], c.In[2]
	outs, k := w.Shape[0], w.Shape[1]
	acc, put := newAccumulator(c), accWriter(c)
	for r := range x.Len() / k {
		for o := range outs {
			acc.start(b.I32[o])
			for i := range k {
				acc.add(r*k+i, o*k+i)
			}
			put(r*outs+o, o, acc)
		}
	}
}
