package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Take selects entries of an axis. Slices, splits, gathers with known indices, repetition along an axis,
// nearest-neighbour resizing, borders that repeat or mirror and the zeros between the pixels of a
// transposed convolution are all of this form.
var Take = &ir.OpDef{
	Name:       "nn.take",
	Summary:    "known entries of an axis: Slice, Split, Gather, Expand, Tile, Resize to the nearest",
	Doc:        "Entry i of the result's axis is entry indices[i] of x's, or zeros where indices[i] is -1. Codes keep their map.",
	Arithmetic: "moves codes; -1 gives the code of zero",
	Traits:     ir.KeepsParams,
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"},
		{Name: "indices", Kind: ir.AttrInts, Doc: "entries of x; -1 stands for zeros"},
	},
	Stages: floatStages,
	Grad:   gradTake,
	Infer: func(c *ir.InferCtx) {
		axis := c.Node.Int("axis")
		t, ok := keepElem(c)
		if !ok || !wantAxes(c, []int{axis}) {
			return
		}
		list := c.Node.Ints("indices")
		for _, v := range list {
			if v < -1 || v >= t.Shape[axis] {
				c.Errorf("V050", "index %d does not exist in axis %d of %s", v, axis, t)
				return
			}
		}
		out := t.WithShape(t.Shape)
		out.Shape[axis] = len(list)
		c.Return(out)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out, axis := c.In[0], c.Result(0), c.Node.Int("axis")
		list := c.Node.Ints("indices")
		inner, n := tensor.Elems(x.Shape[axis+1:]), x.Shape[axis]
		at, zero := 0, PadCode(c.InType[0], 0)
		for o := range tensor.Elems(x.Shape[:axis]) {
			for _, v := range list {
				for k := range inner {
					switch {
					case v >= 0:
						out.Move(at, x, (o*n+v)*inner+k)
					case out.DType == tensor.I8 && c.OutType[0].IsQuant():
						out.I8[at] = zero
					}
					at++
				}
			}
		}
	},
}

// Resample makes weighted sums along an axis.
var Resample = &ir.OpDef{
	Name:    "nn.resample",
	Summary: "weighted sums along an axis: linear and cubic Resize",
	Doc: "Entry i of the result's axis starts at +0 and adds float32(w*x) in ascending t, with w = weights[i*taps+t] and x the entry " +
		"indices[i*taps+t] of x's axis.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"},
		{Name: "taps", Kind: ir.AttrInt, Doc: "entries that each sum has"},
		{Name: "indices", Kind: ir.AttrInts, Doc: "entries of x, taps for each of the result"},
		{Name: "weights", Kind: ir.AttrFloats, Doc: "their weights"},
	},
	Stages: floatStages,
	Grad:   gradResample,
	Infer: func(c *ir.InferCtx) {
		t, axis, taps := c.In[0], c.Node.Int("axis"), c.Node.Int("taps")
		if !wantFloat(c) || !wantAxes(c, []int{axis}) {
			return
		}
		list, weights := c.Node.Ints("indices"), Floats(c.Node, "weights")
		if taps < 1 || len(list)%taps != 0 || len(weights) != len(list) || len(list) == 0 {
			c.Errorf("V052", "%d indices and %d weights are not %d for each entry", len(list), len(weights), taps)
			return
		}
		for i, v := range list {
			if v < 0 || v >= t.Shape[axis] || !finite(weights[i]) {
				c.Errorf("V050", "index %d with weight %v does not exist in axis %d of %s", v, weights[i], axis, t)
				return
			}
		}
		out := t.WithShape(t.Shape)
		out.Shape[axis] = len(list) / taps
		c.Return(out)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out, axis, taps := c.In[0], c.Result(0), c.Node.Int("axis"), c.Node.Int("taps")
		list, weights := c.Node.Ints("indices"), Floats(c.Node, "weights")
		inner, n := tensor.Elems(x.Shape[axis+1:]), x.Shape[axis]
		at := 0
		for o := range tensor.Elems(x.Shape[:axis]) {
			for i := 0; i < len(list); i += taps {
				for k := range inner {
					var s float32
					for t := range taps {
						s = float32(s + float32(weights[i+t]*x.F32[(o*n+list[i+t])*inner+k]))
					}
					out.F32[at] = s
					at++
				}
			}
		}
	},
}

// Floats is the value of an attribute of numbers.
func Floats(n *ir.Node, name string) []float32 { v, _ := n.Attr(name).([]float32); return v }
