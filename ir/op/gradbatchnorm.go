package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

var epsAttr = ir.AttrDef{Name: "eps", Kind: ir.AttrFloat, Default: float32(1e-5), Doc: "added to the variance"}

// BatchNormTrain is batch normalization with the statistics of the batch.
var BatchNormTrain = &ir.OpDef{
	Name:    "t.batch_norm",
	Summary: "batch normalization with the statistics of the batch",
	Doc: "x is (N, C, ...); gamma and beta are (C). mean is t.channel_sum of x divided by the count n of elements of a channel, var that of squared differences from mean, also divided by n. " +
		"y is nn.batch_norm with both. Results are y, mean and var.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "gamma"}, {Name: "beta"}},
	Attrs:    []ir.AttrDef{epsAttr},
	Results:  3,
	Stages:   trainStages,
	Grad:     gradBatchNormTrain,
	Infer: func(c *ir.InferCtx) {
		if channelOperands(c, 1, 2) {
			s := c.In[0].Shape[1]
			c.Return(c.In[0], ir.Float(s), ir.Float(s))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x := c.In[0]
		y, mean, variance := c.Result(0), c.Result(1), c.Result(2)
		each, count := perChannel(x)
		each(func(ch int, values func(func(i int) float32) float32) {
			mean.F32[ch] = float32(values(func(i int) float32 { return x.F32[i] }) / count)
			variance.F32[ch] = float32(values(func(i int) float32 {
				d := float32(x.F32[i] - mean.F32[ch])
				return float32(d * d)
			}) / count)
		})
		a, b := BatchNormAffine(c.In[1].F32, c.In[2].F32, mean.F32, variance.F32, c.Node.Float("eps"))
		inner := tensor.Elems(x.Shape[2:])
		for i, v := range x.F32 {
			ch := i / inner % x.Shape[1]
			y.F32[i] = float32(float32(v*a[ch]) + b[ch])
		}
	},
}

// perChannel calls f for each channel with a function that adds up a term over the channel's elements,
// as t.channel_sum does.
func perChannel(x *tensor.Tensor) (each func(f func(ch int, sum func(term func(i int) float32) float32)), count float32) {
	channels, inner := x.Shape[1], tensor.Elems(x.Shape[2:])
	each = func(f func(int, func(func(int) float32) float32)) {
		for ch := range channels {
			f(ch, func(term func(i int) float32) float32 {
				var total float32
				for n := range x.Shape[0] {
					var s float32
					for k := range inner {
						s = float32(s + term((n*channels+ch)*inner+k))
					}
					total = float32(total + s)
				}
				return total
			})
		}
	}
	return each, float32(x.Shape[0] * inner)
}

// channelOperands checks that operand 0 has channels and the given operands an element for each.
func channelOperands(c *ir.InferCtx, list ...int) bool {
	if !wantFloat(c) {
		return false
	}
	if len(c.In[0].Shape) < 2 {
		c.Errorf("V031", "operand 0 is %s, want rank 2 or more", c.In[0])
		return false
	}
	for _, i := range list {
		if t := c.In[i]; len(t.Shape) != 1 || t.Shape[0] != c.In[0].Shape[1] {
			c.Errorf("V042", "operand %d is %s, want %d elements, one for each channel", i, t, c.In[0].Shape[1])
			return false
		}
	}
	return true
}

// BatchNormDX is the gradient of t.batch_norm.
var BatchNormDX = &ir.OpDef{
	Name:    "t.batch_norm_dx",
	Summary: "gradients of batch normalization with the statistics of the batch",
	Doc: "r = float32(1/float32(sqrt(float32(var+eps)))), h = float32(float32(x-mean)*r). dbeta is t.channel_sum of dy, dgamma that of float32(dy*h). " +
		"dx = float32(float32(gamma*r) * float32(float32(dy - float32(dbeta/n)) - float32(h*float32(dgamma/n)))), n the count of elements of a channel. Results are dx, dgamma and dbeta.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "gamma"}, {Name: "mean"}, {Name: "var"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{epsAttr},
	Results:  3,
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if channelOperands(c, 1, 2, 3) && gradShape(c, 4, c.In[0].Shape) {
			s := c.In[0].Shape[1]
			c.Return(c.In[0], ir.Float(s), ir.Float(s))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, gamma, mean, variance, dy := c.In[0], c.In[1].F32, c.In[2].F32, c.In[3].F32, c.In[4]
		dx, dgamma, dbeta := c.Result(0), c.Result(1), c.Result(2)
		eps := c.Node.Float("eps")
		r := func(ch int) float32 {
			return float32(1 / float32(math.Sqrt(float64(float32(variance[ch]+eps)))))
		}
		h := func(i, ch int) float32 { return float32(float32(x.F32[i]-mean[ch]) * r(ch)) }
		each, n := perChannel(x)
		each(func(ch int, sum func(func(int) float32) float32) {
			dbeta.F32[ch] = sum(func(i int) float32 { return dy.F32[i] })
			dgamma.F32[ch] = sum(func(i int) float32 { return float32(dy.F32[i] * h(i, ch)) })
		})
		inner := tensor.Elems(x.Shape[2:])
		for i := range x.F32 {
			ch := i / inner % x.Shape[1]
			t := float32(dy.F32[i] - float32(dbeta.F32[ch]/n))
			u := float32(h(i, ch) * float32(dgamma.F32[ch]/n))
			dx.F32[i] = float32(float32(gamma[ch]*r(ch)) * float32(t-u))
		}
	},
}

func gradBatchNormTrain(c *ir.GradCtx) {
	n := c.Node
	d := c.Build("t.batch_norm_dx", n.Attrs.Clone(), n.Operands[0], n.Operands[1], n.Results[1], n.Results[2], c.Out[0])
	copy(c.In, ir.Results(d))
}

// gradBatchNorm is that of fixed statistics: a constant factor for each channel.
func gradBatchNorm(c *ir.GradCtx) {
	n := c.Node
	a, _ := BatchNormAffine(n.Operands[1].Const.Data.F32, n.Operands[2].Const.Data.F32, n.Operands[3].Const.Data.F32, n.Operands[4].Const.Data.F32, n.Float("eps"))
	shape := make([]int, len(n.Operands[0].Type.Shape))
	for i := range shape {
		shape[i] = 1
	}
	shape[1] = len(a)
	k := c.Module.AddConst(n.Name+"_factor", ir.Float(shape...), tensor.FromF32(a, shape...))
	c.In[0] = c.Build("nn.mul", nil, c.Out[0], k)
}
