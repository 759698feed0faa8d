package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Observe marks an operand that needs factors.
var Observe = &ir.OpDef{
	Name:     "q.observe",
	Summary:  "marks an operand whose range is wanted",
	Doc:      "The result is x. key is the record's key of the factors.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{{Name: "key", Kind: ir.AttrString, Doc: "key in the record"}},
	Traits:   ir.Elementwise | ir.Identity,
	Stages:   ir.Stages(ir.StageObserved),
	Infer:    inferUnary,
	Eval:     func(c *ir.EvalCtx) { c.Out[0] = c.In[0] },
}

// Fake quantizes and dequantizes at once.
var Fake = &ir.OpDef{
	Name:     "q.fake",
	Summary:  "quantize and dequantize in float arithmetic",
	Doc:      "y = dequantize(quantize(x)) with the factors of the index along axis, or one factor when axis is -1. Codes are bits wide.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{
		{Name: "scale", Kind: ir.AttrFloats, Doc: "one, or one for each index of axis"},
		{Name: "offset", Kind: ir.AttrInts, Doc: "as many as scales"},
		{Name: "axis", Kind: ir.AttrInt, Default: -1, Doc: "axis that has a scale for each index"},
		{Name: "bits", Kind: ir.AttrInt, Default: 8, Doc: "width of the codes, 2 to 8, or 16"},
	},
	Traits: ir.Elementwise,
	Stages: ir.Stages(ir.StageFake),
	Infer: func(c *ir.InferCtx) {
		if b := c.Node.Int("bits"); b < 2 || b > 8 && b != 16 {
			c.Errorf("V055", "bits is %d, want 2 to 8, or 16", b)
			return
		}
		q := FakeQuant(c.Node)
		if q.Storage() == tensor.I16 && q.Axis >= 0 {
			c.Errorf("V055", "codes of 16 bits take one scale, not one for each index of axis %d", q.Axis)
			return
		}
		want := 1
		if q.Axis >= len(c.In[0].Shape) {
			c.Errorf("V050", "axis %d does not exist in %s", q.Axis, c.In[0])
			return
		}
		if q.Axis >= 0 {
			want = c.In[0].Shape[q.Axis]
		}
		if len(q.Scale) != want || len(q.Offset) != want {
			c.Errorf("V055", "%d scales and %d offsets, want %d", len(q.Scale), len(q.Offset), want)
			return
		}
		for i, s := range q.Scale {
			if o := c.Node.Ints("offset")[i]; !(s > 0) || s-s != 0 || o < int(q.Min) || o > int(q.Max) {
				c.Errorf("V055", "scale %v, offset %d at %d: scales are positive and finite, offsets codes", s, o, i)
				return
			}
		}
		inferUnary(c)
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		q := FakeQuant(c.Node)
		inner, n := 1, 1
		if q.Axis >= 0 {
			inner, n = tensor.Elems(x.Shape[q.Axis+1:]), x.Shape[q.Axis]
		}
		for i, v := range x.F32 {
			s, o := q.At(i / inner % n)
			out.F32[i] = DequantizeCode(QuantizeCode(v, Reciprocal(s), o, q.Min, q.Max), s, o)
		}
	},
}

// FakeQuant is the map that a q.fake node applies.
func FakeQuant(n *ir.Node) *ir.Quant {
	offset := n.Ints("offset")
	q := &ir.Quant{Axis: n.Int("axis"), Block: 1, Offset: make([]int32, len(offset)), Min: -1 << (n.Int("bits") - 1), Max: 1<<(n.Int("bits")-1) - 1}
	q.Scale, _ = n.Attr("scale").([]float32)
	for i, o := range offset {
		q.Offset[i] = int32(o)
	}
	return q
}

// Quantize takes float32 to codes.
var Quantize = &ir.OpDef{
	Name:       "q.quantize",
	Summary:    "float32 to codes",
	Doc:        "The written result type holds the map: int8, or int16 for layers that take it, with one factor.",
	Arithmetic: "fin(float32(x*r)), r = float32(1/s)",
	Operands:   []ir.Operand{{Name: "x"}},
	Traits:     ir.Elementwise,
	Stages:     intStages,
	Infer: func(c *ir.InferCtx) {
		if wantFloat(c) {
			if t := c.WantElem(ir.Type{}); t.DType == tensor.I16 && t.IsQuant() && t.Quant.IsPerTensor() {
				c.Return(t.WithShape(c.In[0].Shape))
				return
			}
			if t, ok := codeResult(c, c.In[0].Shape); ok {
				c.Return(t)
			}
		}
	},
	Eval: func(c *ir.EvalCtx) {
		out, q := c.Result(0), c.OutType[0].Quant
		r := Reciprocal(q.Scale[0])
		for i, v := range c.In[0].F32 {
			code := QuantizeCode(v, r, q.Offset[0], q.Min, q.Max)
			if out.DType == tensor.I16 {
				out.I16[i] = int16(code)
			} else {
				out.I8[i] = int8(code)
			}
		}
	},
}

// Dequantize takes codes to float32.
var Dequantize = &ir.OpDef{
	Name:       "q.dequantize",
	Summary:    "codes to float32",
	Doc:        "x is int8 with one factor.",
	Arithmetic: "float32(float32(q-o)*s)",
	Operands:   []ir.Operand{{Name: "x"}},
	Traits:     ir.Elementwise,
	Stages:     intStages,
	Infer: func(c *ir.InferCtx) {
		if wantCodes(c, 0) {
			c.Return(ir.Float(c.In[0].Shape...))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		out := c.Result(0)
		s, o := c.InType[0].Quant.At(0)
		for i, v := range c.In[0].I8 {
			out.F32[i] = DequantizeCode(int32(v), s, o)
		}
	},
}

// Rescale moves codes to another map.
var Rescale = &ir.OpDef{
	Name:       "q.rescale",
	Summary:    "codes to codes of another map",
	Doc:        "The written result type holds the new map.",
	Arithmetic: "fin(float32((q-o)*m)), m = float32(s_x/s_y), then clip",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Traits:     ir.Elementwise,
	Stages:     intStages,
	Infer: func(c *ir.InferCtx) {
		if wantCodes(c, 0) {
			if t, ok := codeResult(c, c.In[0].Shape); ok {
				c.Return(t)
			}
		}
	},
	Eval: func(c *ir.EvalCtx) {
		out := c.Result(0)
		s, o := c.InType[0].Quant.At(0)
		y, clip := c.OutType[0].Quant, c.Node.Ints("clip")
		m := Ratio(s, y.Scale[0])
		for i, v := range c.In[0].I8 {
			out.I8[i] = int8(ClampCode(RescaleCode(int32(v), o, m, y.Offset[0], y.Min, y.Max), clip))
		}
	},
}
