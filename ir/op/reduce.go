package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// A reduction is an operator that makes one number of those along some axes, in ascending row-major order.
type reduction struct {
	name, summary, doc string
	start              float64 // before the first element; first: the first element itself
	first              bool
	f32                func(a, b float32) float32
	real               func(a, b float64) float64
	whole              func(d tensor.DType, a, b int64) int64
	mean               bool
}

var reductions = []reduction{
	{name: "sum", summary: "sum along axes", doc: "Starts at +0 and adds in ascending order, each sum rounded.",
		f32: func(a, b float32) float32 { return float32(a + b) }, real: func(a, b float64) float64 { return a + b },
		whole: func(_ tensor.DType, a, b int64) int64 { return a + b }},
	{name: "mean", summary: "mean along axes", doc: "The sum as of nn.reduce_sum, divided by the number of elements.", mean: true,
		f32: func(a, b float32) float32 { return float32(a + b) }, real: func(a, b float64) float64 { return a + b },
		whole: func(_ tensor.DType, a, b int64) int64 { return a + b }},
	{name: "prod", summary: "product along axes", doc: "Starts at 1 and multiplies in ascending order, each product rounded.", start: 1,
		f32: func(a, b float32) float32 { return float32(a * b) }, real: func(a, b float64) float64 { return float64(a * b) },
		whole: func(_ tensor.DType, a, b int64) int64 { return a * b }},
	{name: "max", summary: "greatest along axes", doc: "The greatest number; NaN when there is one, and the first of equal zeros.", first: true,
		f32:   func(a, b float32) float32 { return float32(picked(float64(a), float64(b), !(b > a) && b == b)) },
		real:  func(a, b float64) float64 { return picked(a, b, !(b > a) && b == b) },
		whole: func(d tensor.DType, a, b int64) int64 { return chosen(!less(d, a, b), a, b) }},
	{name: "min", summary: "least along axes", doc: "The least number; NaN when there is one, and the first of equal zeros.", first: true,
		f32:   func(a, b float32) float32 { return float32(picked(float64(a), float64(b), !(b < a) && b == b)) },
		real:  func(a, b float64) float64 { return picked(a, b, !(b < a) && b == b) },
		whole: func(d tensor.DType, a, b int64) int64 { return chosen(!less(d, b, a), a, b) }},
}

func reductionOps() (out []*ir.OpDef) {
	for _, r := range reductions {
		d := &ir.OpDef{
			Name: "nn.reduce_" + r.name, Summary: r.summary, Doc: r.doc + " The reduced axes become 1, or are left out.",
			Operands: []ir.Operand{{Name: "x"}},
			Attrs: []ir.AttrDef{
				{Name: "axes", Kind: ir.AttrInts, Doc: "axes that are reduced, from 0, ascending"},
				{Name: "keep", Kind: ir.AttrBool, Default: true, Doc: "whether the reduced axes stay as 1"},
			},
			Stages: floatStages,
			Infer:  inferReduce,
			Eval:   func(c *ir.EvalCtx) { r.eval(c) },
		}
		switch r.name {
		case "sum":
			d.Grad = gradReduceSum
		case "mean":
			d.Grad = gradReduceMean
		case "max", "min":
			d.Grad = gradReduceChoice
		}
		out = append(out, d)
	}
	return out
}

// Reduced says what remains of a shape: the shape with reduced axes as 1, and that with or without them.
func Reduced(shape, axes []int, keep bool) (ones, out []int) {
	for i, d := range shape {
		switch {
		case !slices.Contains(axes, i):
			ones, out = append(ones, d), append(out, d)
		case keep:
			ones, out = append(ones, 1), append(out, 1)
		default:
			ones = append(ones, 1)
		}
	}
	return ones, out
}

// wantAxes checks axes of operand 0: ascending, inside, not the free batch, of at least one element.
func wantAxes(c *ir.InferCtx, axes []int) bool {
	t := c.In[0]
	for i, a := range axes {
		if a < 0 || a >= len(t.Shape) || i > 0 && a <= axes[i-1] {
			c.Errorf("V050", "axes %v are not ascending axes of %s", axes, t)
			return false
		}
		if t.Shape[a] == ir.Free {
			c.Errorf("V046", "axis %d is the free batch: the operator would mix samples", a)
			return false
		}
		if t.Shape[a] == 0 {
			c.Errorf("V050", "axis %d of %s has no elements", a, t)
			return false
		}
	}
	return true
}

func wantNumbers(c *ir.InferCtx) bool {
	if t := c.In[0]; t.IsQuant() {
		c.Errorf("V030", "operand 0 is %s, want numbers", t)
		return false
	}
	return true
}

func inferReduce(c *ir.InferCtx) {
	axes := c.Node.Ints("axes")
	if !wantNumbers(c) || !wantAxes(c, axes) {
		return
	}
	_, out := Reduced(c.In[0].Shape, axes, c.Node.Bool("keep"))
	c.Return(c.In[0].WithShape(out))
}

func (r *reduction) eval(c *ir.EvalCtx) {
	x, out := c.In[0], c.Result(0)
	ones, _ := Reduced(x.Shape, c.Node.Ints("axes"), true)
	to := broadcastStrides(ones, x.Shape)
	n := 1
	for _, a := range c.Node.Ints("axes") {
		n *= x.Shape[a]
	}
	seen := make([]bool, out.Len())
	each(x.Shape, to, to, func(i, at, _ int) {
		fresh := !seen[at]
		seen[at] = true
		switch {
		case x.F32 != nil:
			a := out.F32[at]
			if fresh {
				a = float32(r.start)
			}
			if out.F32[at] = r.f32(a, x.F32[i]); fresh && r.first {
				out.F32[at] = x.F32[i]
			}
		case x.F64 != nil:
			a := out.F64[at]
			if fresh {
				a = r.start
			}
			if out.SetReal(at, r.real(a, x.F64[i])); fresh && r.first {
				out.F64[at] = x.F64[i]
			}
		default:
			a := out.Int(at)
			if fresh {
				a = int64(r.start)
			}
			v := r.whole(x.DType, a, x.Int(i))
			if fresh && r.first {
				v = x.Int(i)
			}
			out.SetInt(at, v)
		}
	})
	if !r.mean {
		return
	}
	for i := range out.Len() {
		switch {
		case out.F32 != nil:
			out.F32[i] = float32(out.F32[i] / float32(n))
		case out.F64 != nil:
			out.SetReal(i, out.F64[i]/float64(n))
		default:
			out.SetInt(i, quotient(out.DType, out.Int(i), int64(n)))
		}
	}
}

// gradReduceSum repeats the gradient along the reduced axes: it is added to zeros of the operand's shape.
func gradReduceSum(c *ir.GradCtx) { c.In[0] = spreadGrad(c, c.Out[0]) }

func gradReduceMean(c *ir.GradCtx) {
	x, n := c.Node.Operands[0].Type.Shape, 1
	for _, a := range c.Node.Ints("axes") {
		n *= x[a]
	}
	share := c.Module.AddConst(ir.Identifier(c.Node.Name)+"_share", ir.Float(1), tensor.FromF32([]float32{1 / float32(n)}, 1))
	c.In[0] = spreadGrad(c, c.Build("nn.mul", nil, c.Out[0], share))
}

func spreadGrad(c *ir.GradCtx, dy *ir.Value) *ir.Value {
	x := c.Node.Operands[0].Type.Shape
	ones, _ := Reduced(x, c.Node.Ints("axes"), true)
	v := dy
	if !slices.Equal(ones, dy.Type.Shape) {
		v = c.Build("nn.reshape", ir.AttrsOf("shape", ones), v)
	}
	for _, a := range c.Node.Ints("axes") {
		v = c.Build("nn.take", ir.AttrsOf("axis", a, "indices", make([]int, x[a])), v)
	}
	return v
}

// gradReduceChoice gives the gradient to every element that is the result: to all of equal ones.
func gradReduceChoice(c *ir.GradCtx) {
	x, y := c.Node.Operands[0], c.Node.Result()
	ones, _ := Reduced(x.Type.Shape, c.Node.Ints("axes"), true)
	if !slices.Equal(ones, y.Type.Shape) {
		y = c.Build("nn.reshape", ir.AttrsOf("shape", ones), y)
	}
	below := c.Build("nn.sub", nil, x, y)
	c.In[0] = c.Build("t.clip_dx", ir.AttrsOf("min", float32(0), "max", float32(0)), below, spreadGrad(c, c.Out[0]))
}
