package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// legalize fits the integer function to the target. Every SoC requantizes as q.conv2d and q.dense define it, with
// its Fixpipe or its vector unit. Constant operands of element-wise operators get the shape of the other operand,
// because the vector unit does not broadcast.
func legalize(c *Context, m *ir.Module, f *ir.Func) error {
	m.Target = c.Target.Name
	f.Stage = ir.StageTarget
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, _ map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "q.add" && n.Op.Name != "q.mul" && n.Op.Name != "q.sub" {
			return nil
		}
		for i, v := range n.Operands {
			want := n.Result().Type.Bind(1).Shape
			if !v.IsConst() || slices.Equal(v.Type.Shape, want) {
				continue
			}
			data := expand(v.Const.Data, want)
			p := ir.NewPatch(c.Ops, m, f, n, "legalize: "+n.Subject())
			ops := slices.Clone(n.Operands)
			ops[i] = m.AddConst(v.Name, v.Type.WithShape(want), data)
			p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: n.From, Operands: ops, Attrs: n.Attrs, Elem: &n.Result().Type}))
			return p
		}
		return nil
	})(c, m, f)
}

// expand repeats int8 data along the dimensions of size one, as numpy broadcasting does.
func expand(t *tensor.Tensor, shape []int) *tensor.Tensor {
	out := tensor.New(tensor.I8, shape...)
	src := tensor.Strides(t.Shape)
	dst := tensor.Strides(shape)
	for i := range out.I8 {
		at := 0
		for d := range t.Shape {
			k := len(shape) - len(t.Shape) + d
			if t.Shape[d] != 1 {
				at += i / dst[k] % shape[k] * src[d]
			}
		}
		out.I8[i] = t.I8[at]
	}
	return out
}
