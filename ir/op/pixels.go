package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// The ways in which the elements of an image follow each other: channels last or first.
const (
	NHWC = "nhwc"
	NCHW = "nchw"
)

// Pixels takes what a camera or a decoder delivers to what a network computes on: uint8 in the caller's order to
// numbers, or to codes when the table holds codes.
var Pixels = &ir.OpDef{
	Name:    "nn.pixels",
	Summary: "uint8 to numbers or codes by a table of 256 entries for each channel",
	Doc: "y[n, c, h, w] = table[c, x[n, h, w, k]] with layout nhwc, table[c, x[n, k, h, w]] with nchw; k = c, or C-1-c when reverse is set. " +
		"A table of one row is for all channels. Of another rank than 4, x is taken element by element with one row. The result has the elements of the table.",
	Arithmetic: "codes of the table",
	Operands:   []ir.Operand{{Name: "x"}, {Name: "table", Const: true}},
	Attrs: []ir.AttrDef{
		{Name: "layout", Kind: ir.AttrString, Doc: "nhwc or nchw: how x lies"},
		{Name: "reverse", Kind: ir.AttrBool, Default: false, Doc: "whether x has its channels in the opposite order"},
	},
	Stages: floatStages,
	Infer: func(c *ir.InferCtx) {
		x, t := c.In[0], c.In[1]
		if x.DType != tensor.U8 || x.IsQuant() {
			c.Errorf("V030", "operand 0 is %s, want elements of u8", x)
			return
		}
		if !t.IsFloat() && (t.DType != tensor.I8 || !t.IsQuant() || !t.Quant.IsPerTensor()) {
			c.Errorf("V030", "operand 1 is %s, want float32 elements or int8 codes with one scale", t)
			return
		}
		shape := slices.Clone(x.Shape)
		switch layout, _ := c.Node.Attr("layout").(string); {
		case layout != NHWC && layout != NCHW:
			c.Errorf("V060", "there is no layout %q; want %s or %s", layout, NHWC, NCHW)
			return
		case len(shape) != 4 && (layout != NCHW || c.Node.Bool("reverse")):
			c.Errorf("V060", "operand 0 is %s; only images of rank 4 have channels", x)
			return
		case layout == NHWC:
			shape = []int{shape[0], shape[3], shape[1], shape[2]}
		}
		if len(t.Shape) != 2 || t.Shape[1] != 256 || t.Shape[0] != 1 && (len(shape) != 4 || t.Shape[0] != shape[1]) {
			c.Errorf("V060", "operand 1 is %s, want 256 entries in one row, or in a row for each channel of %s", t, x)
			return
		}
		c.Return(t.WithShape(shape))
	},
	Eval: func(c *ir.EvalCtx) {
		x, table, out := c.In[0], c.In[1], c.Result(0)
		from, first := PixelStrides(c.Node, out.Shape)
		rows := table.Shape[0]
		to := tensor.Strides(out.Shape)
		each(out.Shape, from, to, func(i, at, _ int) {
			row := 0
			if rows > 1 {
				row = i / to[1] % rows
			}
			out.Move(i, table, row*256+int(x.Int(first+at)))
		})
	},
}

// PixelStrides are the distances in x of neighbours along every axis of the result of a Pixels node, which has the
// given shape, and where its first element comes from.
func PixelStrides(n *ir.Node, shape []int) (strides []int, first int) {
	strides = tensor.Strides(shape)
	if len(shape) != 4 {
		return strides, 0
	}
	if n.Attr("layout") == NHWC {
		s := tensor.Strides([]int{shape[0], shape[2], shape[3], shape[1]})
		strides = []int{s[0], s[3], s[1], s[2]}
	}
	if n.Bool("reverse") {
		first = (shape[1] - 1) * strides[1]
		strides[1] = -strides[1]
	}
	return strides, first
}
