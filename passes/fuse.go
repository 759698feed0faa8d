package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// fuseActivation gives a q.clip's code range to the operator that alone feeds it.
func fuseActivation(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "q.clip" {
			return nil
		}
		d := n.Operands[0].Def
		if d == nil || single(uses, n.Operands[0]) != n || !hasAttr(d.Op, "clip") {
			return nil
		}
		a, b := d.Ints("clip"), n.Ints("clip")
		lo := min(max(a[0], b[0]), b[1])
		hi := max(min(a[1], b[1]), b[0])
		p := ir.NewPatch(c.Ops, m, f, n, "fuse-activation: "+d.Subject())
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: d.Op.Name, Name: d.Name, From: ir.MergeFrom(d, n), Operands: d.Operands,
			Attrs: setClip(d.Attrs, lo, hi), Elem: &d.Result().Type, Span: d.Span}))
		return p
	})(c, m, f)
}

func hasAttr(d *ir.OpDef, name string) bool {
	return slices.ContainsFunc(d.Attrs, func(a ir.AttrDef) bool { return a.Name == name })
}

// setClip writes a code range, left out when it is the whole one.
func setClip(a ir.Attrs, lo, hi int) ir.Attrs {
	if lo == -128 && hi == 127 {
		return a.Without("clip")
	}
	return a.With("clip", []int{lo, hi})
}

// dropClips removes q.clip nodes that change no code: the saturation of the operator before them
// is the clip. The operand takes over the clip's name, for that is what it now holds.
func dropClips(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		x := n.Operands
		if n.Op.Name != "q.clip" || len(uses[x[0]]) != 1 || x[0].Def == nil {
			return nil
		}
		if r := n.Ints("clip"); r[0] != -128 || r[1] != 127 {
			return nil
		}
		d := x[0].Def
		p := ir.NewPatch(c.Ops, m, f, n, "drop-clips: "+n.Subject())
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: d.Op.Name, Name: d.Name, From: ir.MergeFrom(d, n), Operands: d.Operands,
			Attrs: d.Attrs, Elem: &x[0].Type, Span: d.Span}))
		return p
	})(c, m, f)
}
