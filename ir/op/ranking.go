package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// wantRanked reports an operand 0 that is neither numbers nor int8 codes with one factor for the tensor.
func wantRanked(c *ir.InferCtx) bool { return !c.In[0].IsQuant() || wantCodes(c, 0) }

// ArgMax finds the index of the greatest or least element.
var ArgMax = &ir.OpDef{
	Name:     "nn.argmax",
	Summary:  "index of the greatest or least element along an axis",
	Doc:      "The first of equal elements, or the last. NaN counts as the greatest. The result is int64. On codes it is the same, because scales are positive.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"},
		{Name: "keep", Kind: ir.AttrBool, Default: true, Doc: "whether the axis stays as 1"},
		{Name: "last", Kind: ir.AttrBool, Default: false, Doc: "whether the last of equal elements counts"},
		{Name: "least", Kind: ir.AttrBool, Default: false, Doc: "whether the least element is looked for"},
	},
	Traits: ir.Ranks,
	Stages: floatStages,
	Infer: func(c *ir.InferCtx) {
		axes := []int{c.Node.Int("axis")}
		if wantRanked(c) && wantAxes(c, axes) {
			_, out := Reduced(c.In[0].Shape, axes, c.Node.Bool("keep"))
			c.Return(ir.TensorType(tensor.I64, out...))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		eachLine(x.Shape, c.Node.Int("axis"), func(line, at, step, n int) {
			best := 0
			for i := range n {
				d := compare(x, at+i*step, at+best*step)
				if c.Node.Bool("least") {
					d = -d
				}
				if d > 0 || d == 0 && c.Node.Bool("last") {
					best = i
				}
			}
			out.I64[line] = int64(best)
		})
	},
}

// TopK sorts along an axis.
var TopK = &ir.OpDef{
	Name:     "nn.topk",
	Summary:  "the greatest or least elements along an axis, with their indices",
	Doc:      "Both results are sorted, the greatest (or least) first; of equal elements the one with the lower index comes first. NaN counts as the greatest. The second result is int64. On codes it is the same, and the first result are codes of the same map.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"},
		{Name: "k", Kind: ir.AttrInt, Doc: "how many"},
		{Name: "least", Kind: ir.AttrBool, Default: false, Doc: "whether the least elements are looked for"},
	},
	Results: 2,
	Traits:  ir.Ranks,
	Stages:  floatStages,
	Infer: func(c *ir.InferCtx) {
		axis, k := c.Node.Int("axis"), c.Node.Int("k")
		if !wantRanked(c) || !wantAxes(c, []int{axis}) {
			return
		}
		if k < 1 || k > c.In[0].Shape[axis] {
			c.Errorf("V052", "k is %d in an axis of %d", k, c.In[0].Shape[axis])
			return
		}
		out := c.In[0].WithShape(c.In[0].Shape)
		out.Shape[axis] = k
		c.Return(out, ir.TensorType(tensor.I64, out.Shape...))
	},
	Eval: func(c *ir.EvalCtx) {
		x, values, indices := c.In[0], c.Result(0), c.Result(1)
		axis, k := c.Node.Int("axis"), c.Node.Int("k")
		inner := tensor.Elems(x.Shape[axis+1:])
		eachLine(x.Shape, axis, func(line, at, step, n int) {
			list := make([]int, n)
			for i := range list {
				list[i] = i
			}
			slices.SortStableFunc(list, func(a, b int) int {
				d := compare(x, at+b*step, at+a*step)
				if c.Node.Bool("least") {
					d = -d
				}
				return d
			})
			to := line/inner*k*inner + line%inner
			for i, v := range list[:k] {
				values.Move(to+i*inner, x, at+v*step)
				indices.I64[to+i*inner] = int64(v)
			}
		})
	},
}

// eachLine calls f for every line of n elements along an axis, with its number, the index of its first
// element and the distance between elements.
func eachLine(shape []int, axis int, f func(line, at, step, n int)) {
	n, inner := shape[axis], tensor.Elems(shape[axis+1:])
	for i := range tensor.Elems(shape) / n {
		f(i, i/inner*n*inner+i%inner, inner, n)
	}
}

// compare orders two elements of a tensor; NaN is above everything.
func compare(t *tensor.Tensor, i, j int) int {
	if t.DType.IsFloat() {
		a, b := t.Real(i), t.Real(j)
		switch {
		case a == b || a != a && b != b:
			return 0
		case a > b || a != a:
			return 1
		}
		return -1
	}
	a, b := t.Int(i), t.Int(j)
	switch {
	case a == b:
		return 0
	case less(t.DType, b, a):
		return 1
	}
	return -1
}
