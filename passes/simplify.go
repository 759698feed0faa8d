package passes

import (
	"context"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
)

// maxFolded bounds the elements of a constant that folding may create.
const maxFolded = 1 << 26

// foldConstants evaluates nodes whose operands are all constants.
func foldConstants(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, _ map[*ir.Value][]ir.Use) *ir.Patch {
		if len(n.Operands) == 0 || len(n.Results) != 1 || n.Result().Type.Elems() > maxFolded {
			return nil
		}
		for _, v := range n.Operands {
			if !v.IsConst() {
				return nil
			}
		}
		one := &ir.Func{Name: "fold", Nodes: []*ir.Node{n}, Results: n.Results}
		out, err := interp.Run(context.Background(), one, nil, nil)
		if err != nil {
			return nil
		}
		p := ir.NewPatch(c.Ops, m, f, n, "fold-constants: "+n.Subject())
		p.Replace(n.Result(), m.AddConst(n.Result().Name, n.Result().Type, out[0]))
		return p
	})(c, m, f)
}

// foldIdentities removes operators that return their operand, and merges chains of reshapes and
// transposes.
func foldIdentities(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if len(n.Operands) == 0 {
			return nil
		}
		x := n.Operands[0]
		if isIdentity(n) {
			p := ir.NewPatch(c.Ops, m, f, n, "fold-identities: "+n.Subject())
			p.Replace(n.Result(), x)
			return p
		}
		d := x.Def
		if d == nil || d.Op != n.Op || single(uses, x) != n {
			return nil
		}
		var attrs ir.Attrs
		switch n.Op.Name {
		case "nn.reshape":
			attrs = n.Attrs
		case "nn.transpose":
			a, b := d.Ints("perm"), n.Ints("perm")
			perm := make([]int, len(b))
			for i, p := range b {
				perm[i] = a[p]
			}
			attrs = ir.AttrsOf("perm", perm)
		default:
			return nil
		}
		p := ir.NewPatch(c.Ops, m, f, n, "fold-identities: two "+n.Op.Name+" in a row")
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: ir.MergeFrom(n, d), Operands: d.Operands, Attrs: attrs}))
		return p
	})(c, m, f)
}

func isIdentity(n *ir.Node) bool {
	x := n.Operands[0]
	switch n.Op.Name {
	case "nn.dropout":
		return true
	case "nn.reshape":
		return slices.Equal(x.Type.Shape, n.Result().Type.Shape)
	case "nn.transpose":
		for i, p := range n.Ints("perm") {
			if i != p {
				return false
			}
		}
		return true
	case "nn.pad":
		return !slices.ContainsFunc(n.Ints("pad"), func(v int) bool { return v != 0 })
	case "nn.concat":
		return len(n.Operands) == 1
	case "nn.mul", "nn.div":
		return changesNothing(n, 1)
	case "nn.add", "nn.sub":
		return changesNothing(n, 0)
	case "nn.avg_pool2d", "nn.max_pool2d":
		one := []int{1, 1}
		return slices.Equal(n.Ints("kernel"), one) && slices.Equal(n.Ints("stride"), one) && slices.Equal(n.Ints("pad"), []int{0, 0, 0, 0})
	}
	return false
}

// changesNothing says whether operand 1 is a constant of nothing but v, and does not make the result larger.
func changesNothing(n *ir.Node, v float32) bool {
	c := n.Operands[1]
	return c.IsConst() && c.Type.IsFloat() && !slices.ContainsFunc(c.Const.Data.F32, func(x float32) bool { return x != v }) &&
		n.Operands[0].Type.Equal(n.Result().Type)
}

// fuseBias takes conv or dense followed by an addition of one constant for each output channel.
func fuseBias(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "nn.add" {
			return nil
		}
		for i := range 2 {
			layer, b := n.Operands[i].Def, n.Operands[1-i]
			if layer == nil || !b.IsConst() || single(uses, n.Operands[i]) != n || !layer.Op.Quant.IsLayer() {
				continue
			}
			if !layer.Operands[1].IsConst() || len(layer.Operands) == 3 && !layer.Operands[2].IsConst() {
				continue
			}
			axis := channelAxis(layer)
			bias, ok := channelVector(b, layer.Result().Type.Shape, axis)
			if !ok || !slices.Equal(n.Result().Type.Shape, layer.Result().Type.Shape) {
				continue
			}
			if len(layer.Operands) == 3 {
				for j, v := range layer.Operands[2].Const.Data.F32 {
					bias[j] = float32(v + bias[j])
				}
			}
			p := ir.NewPatch(c.Ops, m, f, n, "fuse-bias: "+layer.Subject())
			bv := m.AddConst(b.Name, ir.Float(len(bias)), tensor.FromF32(bias, len(bias)))
			ops := []*ir.Value{layer.Operands[0], layer.Operands[1], bv}
			p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: layer.Op.Name, Name: layer.Name, From: ir.MergeFrom(layer, n), Operands: ops, Attrs: layer.Attrs, Span: layer.Span}))
			return p
		}
		return nil
	})(c, m, f)
}

// channelAxis is the axis of a layer's result that its output channels run along.
func channelAxis(n *ir.Node) int {
	if n.Op.Name == "nn.conv2d" {
		return 1
	}
	return len(n.Result().Type.Shape) - 1
}

// channelVector is the constant v as one number for each index of axis, when it broadcasts that way.
func channelVector(v *ir.Value, shape []int, axis int) ([]float32, bool) {
	s, n := v.Type.Shape, shape[axis]
	if !v.Type.IsFloat() || len(s) > len(shape) {
		return nil, false
	}
	for i, d := range s {
		at := len(shape) - len(s) + i
		if d != 1 && !(at == axis && d == n) {
			return nil, false
		}
	}
	out := make([]float32, n)
	data := v.Const.Data.F32
	for i := range out {
		out[i] = data[i%len(data)]
	}
	return out, true
}

// fusePad merges a zero border of the spatial axes into the convolution after it.
func fusePad(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "nn.conv2d" {
			return nil
		}
		pad := producer(n.Operands[0], "nn.pad")
		if pad == nil || pad.Float("value") != 0 || len(pad.Operands[0].Type.Shape) != 4 {
			return nil
		}
		b := pad.Ints("pad")
		if b[0] != 0 || b[1] != 0 || b[4] != 0 || b[5] != 0 {
			return nil
		}
		old := n.Ints("pad")
		sum := []int{old[0] + b[2], old[1] + b[3], old[2] + b[6], old[3] + b[7]}
		p := ir.NewPatch(c.Ops, m, f, n, "fuse-pad: "+n.Subject())
		ops := append([]*ir.Value{pad.Operands[0]}, n.Operands[1:]...)
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: ir.MergeFrom(n, pad), Operands: ops, Attrs: n.Attrs.With("pad", sum)}))
		return p
	})(c, m, f)
}

// deadNodes removes nodes that no result depends on, and constants nothing refers to.
func deadNodes(_ *Context, m *ir.Module, f *ir.Func) error {
	live := make(map[*ir.Value]bool)
	for _, v := range f.Results {
		live[v] = true
	}
	var keep []*ir.Node
	for _, n := range slices.Backward(f.Nodes) {
		if !slices.ContainsFunc(n.Results, func(v *ir.Value) bool { return live[v] }) {
			continue
		}
		keep = append(keep, n)
		for _, v := range n.Operands {
			live[v] = true
		}
	}
	slices.Reverse(keep)
	f.Nodes = keep
	m.DropUnusedConsts()
	return nil
}
