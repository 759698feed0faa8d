package passes

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// foldPixels quantizes the tables of pixels in place of the pixels.
func foldPixels(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, _ map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "q.quantize" || n.Result().Type.DType != tensor.I8 {
			return nil
		}
		d := n.Operands[0].Def
		if d == nil || d.Op.Name != "nn.pixels" {
			return nil
		}
		table := d.Operands[1]
		q := n.Result().Type.Quant
		codes := m.AddConst(table.Name+"_q", ir.Quantized(q, table.Type.Shape...), quantized(table.Const.Data, q))
		p := ir.NewPatch(c.Ops, m, f, n, "fold-pixels: "+n.Subject())
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: d.Op.Name, Name: n.Name, From: n.From, Attrs: d.Attrs,
			Operands: []*ir.Value{d.Operands[0], codes}, Span: n.Span}))
		return p
	})(c, m, f)
}
