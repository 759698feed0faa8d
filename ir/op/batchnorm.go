package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// BatchNorm is inference-mode batch normalization.
var BatchNorm = &ir.OpDef{
	Name:    "nn.batch_norm",
	Summary: "batch normalization with fixed statistics",
	Doc: "x is (N, C, ...); gamma, beta, mean and var are (C). a = float32(gamma / float32(sqrt(float32(var+eps)))), " +
		"b = float32(beta - float32(mean*a)), y = float32(float32(x*a) + b).",
	Operands: []ir.Operand{{Name: "x"}, {Name: "gamma", Const: true}, {Name: "beta", Const: true}, {Name: "mean", Const: true}, {Name: "var", Const: true}},
	Attrs:    []ir.AttrDef{{Name: "eps", Kind: ir.AttrFloat, Default: float32(1e-5), Doc: "added to the variance"}},
	Stages:   floatStages,
	Grad:     gradBatchNorm,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) {
			return
		}
		if len(c.In[0].Shape) < 2 {
			c.Errorf("V031", "operand 0 is %s, want rank 2 or more", c.In[0])
			return
		}
		for i, t := range c.In[1:] {
			if len(t.Shape) != 1 || t.Shape[0] != c.In[0].Shape[1] {
				c.Errorf("V042", "operand %d is %s, want %d elements, one for each channel", i+1, t, c.In[0].Shape[1])
				return
			}
		}
		c.Return(c.In[0])
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		a, b := BatchNormAffine(c.In[1].F32, c.In[2].F32, c.In[3].F32, c.In[4].F32, c.Node.Float("eps"))
		inner := 1
		for _, d := range x.Shape[2:] {
			inner *= d
		}
		for i, v := range x.F32 {
			ch := i / inner % x.Shape[1]
			out.F32[i] = float32(float32(v*a[ch]) + b[ch])
		}
	},
}

// BatchNormAffine gives the channel factors a and b of y = x*a + b.
func BatchNormAffine(gamma, beta, mean, variance []float32, eps float32) (a, b []float32) {
	a, b = make([]float32, len(gamma)), make([]float32, len(gamma))
	for i := range gamma {
		a[i] = float32(gamma[i] / float32(math.Sqrt(float64(float32(variance[i]+eps)))))
		b[i] = float32(beta[i] - float32(mean[i]*a[i]))
	}
	return a, b
}
