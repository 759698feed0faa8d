package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Table looks codes up: what becomes of an operator on one number between codes.
var Table = &ir.OpDef{
	Name:    "q.table",
	Summary: "a function of one number on codes, as a table of 256 codes",
	Doc: "table holds the result's codes, with their map, for the codes -128 to 127 of x. function names the float operator that it was made of, " +
		"alpha and beta are that operator's parameters; the codes of the table alone count.",
	Arithmetic: "table[q+128]; made of f: fin(float32(f(dequantize(q))*r)), r = float32(1/s_y)",
	Operands:   []ir.Operand{{Name: "x"}, {Name: "table", Const: true}},
	Attrs: []ir.AttrDef{
		{Name: "function", Kind: ir.AttrString, Default: "", Doc: "operator that the table stands for"},
		{Name: "alpha", Kind: ir.AttrFloat, Default: float32(0), Doc: "its first parameter"},
		{Name: "beta", Kind: ir.AttrFloat, Default: float32(0), Doc: "its second parameter"},
	},
	Traits: ir.Elementwise,
	Stages: intStages,
	Infer: func(c *ir.InferCtx) {
		if !wantCodes(c, 0) || !wantCodes(c, 1) {
			return
		}
		if s := c.In[1].Shape; len(s) != 1 || s[0] != 256 {
			c.Errorf("V061", "operand 1 is %s, want 256 codes, one for every code of operand 0", c.In[1])
			return
		}
		if name, _ := c.Node.Attr("function").(string); name != "" && !slices.ContainsFunc(functions, func(f function) bool { return "nn."+f.name == name }) {
			c.Errorf("V052", "there is no function %q of one number", name)
			return
		}
		c.Return(c.In[1].WithShape(c.In[0].Shape))
	},
	Eval: func(c *ir.EvalCtx) {
		table, out := c.In[1].I8, c.Result(0)
		for i, q := range c.In[0].I8 {
			out.I8[i] = table[int(q)+128]
		}
	},
}

// Tabulate is the table of a function from codes of map x to codes of map y.
func Tabulate(f func(float32) float32, x, y *ir.Quant) *tensor.Tensor {
	codes := make([]int8, 256)
	r := Reciprocal(y.Scale[0])
	for i := range codes {
		v := f(DequantizeCode(int32(i-128), x.Scale[0], x.Offset[0]))
		codes[i] = int8(QuantizeCode(v, r, y.Offset[0], y.Min, y.Max))
	}
	return tensor.FromI8(codes, len(codes))
}
