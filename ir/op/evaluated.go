package op

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// The operators of this file work on numbers of any type. They are evaluated, by the interpreter and by
// exec, and not compiled: no quantized network has them.

// Where chooses between two tensors.
var Where = &ir.OpDef{
	Name:     "nn.where",
	Summary:  "elements of one tensor or of another",
	Doc:      "y = a where cond holds, else b. Shapes broadcast as in numpy.",
	Operands: []ir.Operand{{Name: "cond"}, {Name: "a"}, {Name: "b"}},
	Traits:   ir.Elementwise,
	Stages:   evaluatedStages,
	Infer: func(c *ir.InferCtx) {
		if c.In[0].DType != tensor.Bool || c.In[1].IsQuant() || !c.In[1].SameElem(c.In[2]) {
			c.Errorf("V035", "operands are %s, %s and %s, want a condition and numbers of one type", c.In[0], c.In[1], c.In[2])
			return
		}
		shape, err := broadcast(c.In[1].Shape, c.In[2].Shape)
		if err == nil {
			shape, err = broadcast(c.In[0].Shape, shape)
		}
		if err != nil {
			c.Errorf("V045", "%v", err)
			return
		}
		if slices.Contains(shape, ir.Free) {
			c.Errorf("V046", "the batch is free; give --input-shape to fix it")
			return
		}
		c.Return(c.In[1].WithShape(shape))
	},
	Eval: func(c *ir.EvalCtx) {
		out := c.Result(0)
		cond := broadcastStrides(c.In[0].Shape, out.Shape)
		at := make([]int, out.Len())
		each(out.Shape, cond, cond, func(i, k, _ int) { at[i] = k })
		each(out.Shape, broadcastStrides(c.In[1].Shape, out.Shape), broadcastStrides(c.In[2].Shape, out.Shape), func(i, a, b int) {
			if c.In[0].I64[at[i]] != 0 {
				out.Move(i, c.In[1], a)
			} else {
				out.Move(i, c.In[2], b)
			}
		})
	},
}

// Cast converts between number types.
var Cast = &ir.OpDef{
	Name:    "nn.cast",
	Summary: "another number type",
	Doc: "Floats round half to even; a float becomes an integer towards zero, and 0 where it does not fit; integers keep their low bits; " +
		"a boolean says whether the number differs from 0.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "to", Kind: ir.AttrString, Doc: "name of the type"}},
	Traits:   ir.Elementwise,
	Stages:   evaluatedStages,
	Infer: func(c *ir.InferCtx) {
		name, _ := c.Node.Attr("to").(string)
		d, ok := tensor.ParseDType(name)
		if !ok {
			c.Errorf("V052", "there is no number type %q", name)
			return
		}
		if wantNumbers(c) {
			c.Return(ir.TensorType(d, c.In[0].Shape...))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		for i := range x.Len() {
			switch {
			case out.DType.IsFloat():
				out.SetReal(i, x.Real(i))
			case !x.DType.IsFloat():
				out.SetInt(i, x.Int(i))
			case out.DType == tensor.Bool:
				if x.Real(i) != 0 {
					out.SetInt(i, 1)
				}
			default:
				if v := math.Trunc(x.Real(i)); math.Abs(v) < 1<<63 {
					out.SetInt(i, int64(v))
				} else if out.DType == tensor.U64 && v >= 0 && v < 1<<64 {
					out.SetInt(i, int64(uint64(v)))
				}
			}
		}
	},
}

// Test gives booleans of one number.
var (
	Not = &ir.OpDef{Name: "nn.not", Summary: "negation of a boolean", Doc: "y = not x.", Operands: []ir.Operand{{Name: "x"}}, Traits: ir.Elementwise,
		Stages: evaluatedStages, Infer: inferTest(func(d tensor.DType) bool { return d == tensor.Bool }),
		Eval: evalTest(func(_ *ir.Node, v float64) bool { return v == 0 })}
	IsNaN = &ir.OpDef{Name: "nn.is_nan", Summary: "whether a float is NaN", Doc: "y says whether x is NaN.", Operands: []ir.Operand{{Name: "x"}}, Traits: ir.Elementwise,
		Stages: evaluatedStages, Infer: inferTest(tensor.DType.IsFloat), Eval: evalTest(func(_ *ir.Node, v float64) bool { return v != v })}
	IsInf = &ir.OpDef{Name: "nn.is_inf", Summary: "whether a float is infinite", Doc: "y says whether x is infinite with one of the signs asked for.",
		Operands: []ir.Operand{{Name: "x"}}, Traits: ir.Elementwise, Stages: evaluatedStages,
		Attrs: []ir.AttrDef{{Name: "negative", Kind: ir.AttrBool, Default: true, Doc: "whether -Inf counts"}, {Name: "positive", Kind: ir.AttrBool, Default: true, Doc: "whether +Inf counts"}},
		Infer: inferTest(tensor.DType.IsFloat),
		Eval: evalTest(func(n *ir.Node, v float64) bool {
			return n.Bool("negative") && math.IsInf(v, -1) || n.Bool("positive") && math.IsInf(v, 1)
		})}
)

func inferTest(fits func(tensor.DType) bool) func(*ir.InferCtx) {
	return func(c *ir.InferCtx) {
		if !fits(c.In[0].DType) {
			c.Errorf("V030", "operand 0 is %s; the operator does not exist on these elements", c.In[0])
			return
		}
		c.Return(ir.TensorType(tensor.Bool, c.In[0].Shape...))
	}
}

func evalTest(holds func(*ir.Node, float64) bool) func(*ir.EvalCtx) {
	return func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		for i := range x.Len() {
			if holds(c.Node, x.Real(i)) {
				out.I64[i] = 1
			}
		}
	}
}

// CumSum adds up along an axis.
var CumSum = &ir.OpDef{
	Name:     "nn.cumsum",
	Summary:  "sums of the elements so far along an axis",
	Doc:      "Entry i is the sum of entries 0 to i, each sum rounded.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"},
		{Name: "exclusive", Kind: ir.AttrBool, Default: false, Doc: "whether entry i itself is left out"},
		{Name: "reverse", Kind: ir.AttrBool, Default: false, Doc: "whether sums go from the end"},
	},
	Stages: evaluatedStages,
	Infer: func(c *ir.InferCtx) {
		if wantNumbers(c) && wantAxes(c, []int{c.Node.Int("axis")}) {
			c.Return(c.In[0])
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		real := x.DType.IsFloat()
		eachLine(x.Shape, c.Node.Int("axis"), func(_, at, step, n int) {
			if c.Node.Bool("reverse") {
				at, step = at+(n-1)*step, -step
			}
			for i := range n {
				to, from := at+i*step, at+i*step
				if c.Node.Bool("exclusive") {
					from -= step
				}
				switch {
				case i == 0 && from != to:
				case i == 0:
					out.Move(to, x, from)
				case real:
					out.SetReal(to, out.Real(to-step)+x.Real(from))
				default:
					out.SetInt(to, out.Int(to-step)+x.Int(from))
				}
			}
		})
	},
}

// Gather selects entries of an axis by computed indices.
var Gather = &ir.OpDef{
	Name:     "nn.gather",
	Summary:  "entries of an axis, chosen by a computed tensor",
	Doc:      "The axis is replaced by the axes of indices. A negative index counts from the end; one that does not exist gives zeros.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "indices"}},
	Attrs:    []ir.AttrDef{{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"}},
	Stages:   evaluatedStages,
	Infer: func(c *ir.InferCtx) {
		t, u, axis := c.In[0], c.In[1], c.Node.Int("axis")
		if !wantNumbers(c) || !wantAxes(c, []int{axis}) {
			return
		}
		if u.DType.IsFloat() || u.IsQuant() || slices.Contains(u.Shape, ir.Free) || slices.Contains(t.Shape, ir.Free) {
			c.Errorf("V030", "operand 1 is %s, want integers, and no free batch", u)
			return
		}
		c.Return(t.WithShape(slices.Concat(t.Shape[:axis], u.Shape, t.Shape[axis+1:])))
	},
	Eval: func(c *ir.EvalCtx) {
		x, list, out, axis := c.In[0], c.In[1], c.Result(0), c.Node.Int("axis")
		inner, n, at := tensor.Elems(x.Shape[axis+1:]), x.Shape[axis], 0
		for o := range tensor.Elems(x.Shape[:axis]) {
			for i := range list.Len() {
				v := int(list.Int(i))
				if v < 0 {
					v += n
				}
				for k := range inner {
					if v >= 0 && v < n {
						out.Move(at, x, (o*n+v)*inner+k)
					}
					at++
				}
			}
		}
	},
}
