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
	Doc: "table holds the result's codes, with their map, for the codes -128 to 127 of x; one of shape [C, 256] has a row for each index of axis 1 of x. function names the float operator that it was made of, " +
		"alpha and beta are that operator's parameters; the codes of the table alone count.",
	Arithmetic: "table[q+128], or table[c][q+128] in channel c; made of f: fin(float32(f(dequantize(q))*r)), r = float32(1/s_y)",
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
		if s, x := c.In[1].Shape, c.In[0].Shape; !slices.Equal(s, []int{256}) && (len(x) < 2 || !slices.Equal(s, []int{x[1], 256})) {
			c.Errorf("V061", "operand 1 is %s, want 256 codes, one for every code of operand 0, or so many for each index of its axis 1", c.In[1])
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
		inner, channels := 1, len(table)/256
		if channels > 1 {
			inner = tensor.Elems(out.Shape[2:])
		}
		for i, q := range c.In[0].I8 {
			out.I8[i] = table[i/inner%channels*256+int(q)+128]
		}
	},
}

// TableOf is the table of a node's function, or of its functions for each channel, from codes of map x to codes of map y.
func TableOf(n *ir.Node, x, y *ir.Quant) *tensor.Tensor {
	q, channels := n.Op.Quant, 0
	if q.Channels != nil {
		channels = q.Channels(n)
	}
	if channels == 0 {
		return Tabulate(q.Function(n, 0), x, y)
	}
	var codes []int8
	for c := range channels {
		codes = append(codes, Tabulate(q.Function(n, c), x, y).I8...)
	}
	return tensor.FromI8(codes, channels, 256)
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
