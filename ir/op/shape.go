package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Concat joins tensors along an axis.
var Concat = &ir.OpDef{
	Name:       "nn.concat",
	Summary:    "join along an axis",
	Doc:        "All operands have the same element type and, but for axis, the same shape. On codes all operands have one map.",
	Arithmetic: "codes are copied",
	Operands:   []ir.Operand{{Name: "x", Variadic: true}},
	Attrs:      []ir.AttrDef{{Name: "axis", Kind: ir.AttrInt, Doc: "axis, from 0"}},
	Traits:     ir.KeepsParams,
	Stages:     floatStages,
	Grad:       gradConcat,
	Infer: func(c *ir.InferCtx) {
		t, ok := keepElem(c)
		if !ok {
			return
		}
		axis := c.Node.Int("axis")
		if axis < 0 || axis >= len(t.Shape) {
			c.Errorf("V050", "axis %d does not exist in %s", axis, t)
			return
		}
		out := t.WithShape(t.Shape)
		for i, u := range c.In {
			if len(u.Shape) != len(t.Shape) {
				c.Errorf("V051", "operand %d is %s, want rank %d", i, u, len(t.Shape))
				return
			}
			for d := range u.Shape {
				if d != axis && u.Shape[d] != t.Shape[d] {
					c.Errorf("V051", "operands 0 and %d differ in dimension %d, %s and %s", i, d, t, u)
					return
				}
			}
			if u.Shape[axis] == ir.Free {
				c.Errorf("V046", "axis %d is the free batch: joining would mix samples", axis)
				return
			}
			if i > 0 {
				out.Shape[axis] += u.Shape[axis]
			}
		}
		c.Return(out)
	},
	Eval: func(c *ir.EvalCtx) {
		out := c.Result(0)
		axis := c.Node.Int("axis")
		outer := tensor.Elems(out.Shape[:axis])
		row := tensor.Elems(out.Shape[axis:])
		at := 0
		for _, x := range c.In {
			n := tensor.Elems(x.Shape[axis:])
			for r := range outer {
				for k := range n {
					out.Move(r*row+at+k, x, r*n+k)
				}
			}
			at += n
		}
	},
}

// Pad adds a border.
var Pad = &ir.OpDef{
	Name:       "nn.pad",
	Summary:    "add a constant border",
	Doc:        "pad lists the elements added before each axis, then those added after each axis.",
	Arithmetic: "the border's code is quantize(value)",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "pad", Kind: ir.AttrInts, Doc: "before each axis, then after each axis"},
		{Name: "value", Kind: ir.AttrFloat, Default: float32(0), Doc: "number in the border"},
	},
	Traits: ir.KeepsParams,
	Stages: floatStages,
	Grad:   gradPad,
	Infer: func(c *ir.InferCtx) {
		t, ok := keepElem(c)
		if !ok {
			return
		}
		p, r := c.Node.Ints("pad"), len(t.Shape)
		if len(p) != 2*r {
			c.Errorf("V052", "pad has %d numbers, want %d", len(p), 2*r)
			return
		}
		out := t.WithShape(t.Shape)
		for d := range r {
			if p[d] < 0 || p[d+r] < 0 || p[d] > 1<<20 || p[d+r] > 1<<20 {
				c.Errorf("V052", "pad %d, %d of axis %d must lie between 0 and 2^20", p[d], p[d+r], d)
				return
			}
			if t.Shape[d] == ir.Free {
				if p[d] != 0 || p[d+r] != 0 {
					c.Errorf("V046", "axis %d is the free batch and can't be padded", d)
					return
				}
				continue
			}
			out.Shape[d] += p[d] + p[d+r]
		}
		if v := c.Node.Float("value"); v != v {
			c.Errorf("V052", "value is not a number")
			return
		}
		c.Return(out)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		p, value := c.Node.Ints("pad"), c.Node.Float("value")
		code := PadCode(c.InType[0], value)
		for i := range out.Len() {
			switch {
			case out.DType.IsFloat():
				out.SetReal(i, float64(value))
			case c.OutType[0].IsQuant():
				out.I8[i] = code
			default:
				out.SetInt(i, int64(value))
			}
		}
		os := tensor.Strides(out.Shape)
		base := 0
		for d := range out.Shape {
			base += p[d] * os[d]
		}
		each(x.Shape, os, os, func(i, o, _ int) {
			out.Move(base+o, x, i)
		})
	},
}

// PadCode is the code of a border of the given value; 0 for float types.
func PadCode(t ir.Type, value float32) int8 {
	if !t.IsQuant() {
		return 0
	}
	s, o := t.Quant.At(0)
	return int8(QuantizeCode(value, Reciprocal(s), o, t.Quant.Min, t.Quant.Max))
}

// Reshape reads the elements in row-major order under another shape.
var Reshape = &ir.OpDef{
	Name:       "nn.reshape",
	Summary:    "another shape for the same elements: Reshape, Flatten, Squeeze, Unsqueeze",
	Doc:        "One entry of shape may be -1: it takes what is left. A free batch must stay the leading dimension, written -1.",
	Arithmetic: "codes are copied",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{{Name: "shape", Kind: ir.AttrInts, Doc: "dimensions; one may be -1"}},
	Traits:     ir.KeepsParams,
	Stages:     floatStages,
	Grad:       gradReshape,
	Infer: func(c *ir.InferCtx) {
		t, ok := keepElem(c)
		if !ok {
			return
		}
		if shape, ok := reshape(c, t); ok {
			c.Return(t.WithShape(shape))
		}
	},
	Eval: func(c *ir.EvalCtx) { c.Out[0] = c.In[0].Reshape(c.OutType[0].Shape...) },
}

func reshape(c *ir.InferCtx, t ir.Type) ([]int, bool) {
	want := append([]int{}, c.Node.Ints("shape")...)
	hole, rest := -1, 1
	for i, d := range want {
		switch {
		case d == -1 && hole < 0:
			hole = i
		case d <= 0 || d > 1<<30 || int64(rest) > (1<<40)/int64(d):
			c.Errorf("V053", "shape %v needs positive dimensions, at most one -1", want)
			return nil, false
		default:
			rest *= d
		}
	}
	n := t.Elems()
	if t.IsFree() {
		if hole != 0 || rest != n {
			c.Errorf("V046", "shape %v does not keep the free batch of %s as leading -1; give --input-shape to fix the batch", want, t)
			return nil, false
		}
		want[0] = ir.Free
		return want, true
	}
	if hole >= 0 {
		if n%rest != 0 {
			c.Errorf("V053", "%d elements of %s do not fill shape %v", n, t, want)
			return nil, false
		}
		want[hole] = n / rest
	} else if rest != n {
		c.Errorf("V053", "%d elements of %s do not fill shape %v", n, t, want)
		return nil, false
	}
	return want, true
}

// Transpose permutes axes.
var Transpose = &ir.OpDef{
	Name:       "nn.transpose",
	Summary:    "permute the axes",
	Doc:        "Axis i of the result is axis perm[i] of x. A free batch stays in front.",
	Arithmetic: "codes are moved",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{{Name: "perm", Kind: ir.AttrInts, Doc: "source axis of each axis"}},
	Traits:     ir.KeepsParams,
	Stages:     floatStages,
	Grad:       gradTranspose,
	Infer: func(c *ir.InferCtx) {
		t, ok := keepElem(c)
		if !ok {
			return
		}
		perm := c.Node.Ints("perm")
		seen := make([]bool, len(t.Shape))
		valid := len(perm) == len(t.Shape)
		for _, p := range perm {
			if !valid || p < 0 || p >= len(seen) || seen[p] {
				valid = false
				break
			}
			seen[p] = true
		}
		if !valid {
			c.Errorf("V054", "perm %v is not a permutation of the %d axes", perm, len(t.Shape))
			return
		}
		if t.IsFree() && perm[0] != 0 {
			c.Errorf("V046", "perm %v moves the free batch; give --input-shape to fix it", perm)
			return
		}
		out := t.WithShape(t.Shape)
		for i, p := range perm {
			out.Shape[i] = t.Shape[p]
		}
		c.Return(out)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		xs := tensor.Strides(x.Shape)
		s := make([]int, len(xs))
		for i, p := range c.Node.Ints("perm") {
			s[i] = xs[p]
		}
		each(out.Shape, s, s, func(i, at, _ int) {
			out.Move(i, x, at)
		})
	},
}
