package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Normalize is layer, instance and group normalization without scale and bias, and, not centred, normalization by the
// root mean square.
var Normalize = &ir.OpDef{
	Name:    "nn.normalize",
	Summary: "zero mean and unit variance over the axes from one on: layer, instance and group normalization; or a mean square of one",
	Doc: "Over the n elements of all axes from axis on, in row-major order: m = float32(sum/n); v = float32(sum of float32(d*d)/n), d = float32(x-m); " +
		"s = float32(sqrt(float32(v+eps))); y = float32(d/s). Sums start at +0. Where it is not centred, d is x: normalization by the root mean square.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "first axis of those that are normalized together"},
		{Name: "eps", Kind: ir.AttrFloat, Default: float32(1e-5), Doc: "added to the variance"},
		{Name: "centred", Kind: ir.AttrBool, Default: true, Doc: "whether the mean is taken away first"},
	},
	Stages: floatStages,
	Grad:   gradNormalize,
	Infer: func(c *ir.InferCtx) {
		t, axis, eps := c.In[0], c.Node.Int("axis"), c.Node.Float("eps")
		if !wantFloat(c) || !wantAxes(c, []int{axis}) {
			return
		}
		if !finite(eps) || eps < 0 {
			c.Errorf("V052", "eps %v is not a number from 0 on", eps)
			return
		}
		c.Return(t)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		n, eps, centred := tensor.Elems(x.Shape[c.Node.Int("axis"):]), c.Node.Float("eps"), c.Node.Bool("centred")
		for at := 0; at < x.Len(); at += n {
			var sum, mean, square float32
			if centred {
				for _, v := range x.F32[at : at+n] {
					sum = float32(sum + v)
				}
				mean = float32(sum / float32(n))
			}
			for _, v := range x.F32[at : at+n] {
				d := float32(v - mean)
				square = float32(square + float32(d*d))
			}
			s := float32(math.Sqrt(float64(float32(float32(square/float32(n)) + eps))))
			for i, v := range x.F32[at : at+n] {
				out.F32[at+i] = float32(float32(v-mean) / s)
			}
		}
	},
}

// gradNormalize: (dy - mean(dy) - y*mean(dy*y))/s, with s found again; without mean(dy) where it is not centred.
func gradNormalize(c *ir.GradCtx) {
	x, y, dy := c.Node.Operands[0], c.Node.Result(), c.Out[0]
	var axes []int
	for a := c.Node.Int("axis"); a < len(x.Type.Shape); a++ {
		axes = append(axes, a)
	}
	op := func(name string, v ...*ir.Value) *ir.Value { return c.Build("nn."+name, nil, v...) }
	mean := func(v *ir.Value) *ir.Value { return c.Build("nn.reduce_mean", ir.AttrsOf("axes", axes), v) }
	d, e := x, dy
	if c.Node.Bool("centred") {
		d, e = op("sub", x, mean(x)), op("sub", dy, mean(dy))
	}
	s := op("sqrt", op("add", mean(op("mul", d, d)), gradConst(c, float64(c.Node.Float("eps")))))
	c.In[0] = op("div", op("sub", e, op("mul", y, mean(op("mul", dy, y)))), s)
}
