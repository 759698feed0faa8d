package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// poolMeans makes a mean over any axes that a quantized operator reads the average of a window, which has an integer form: the
// axes come last, in their order, and are the rows of an image of one column, whose channels are the other axes. The sum has
// the same order, so that no bit changes. Means that only float operators read stay as they are.
func poolMeans(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "nn.reduce_mean" || len(n.Ints("axes")) == 0 || !n.Result().Type.IsFloat() || !readAsCodes(uses, n.Result()) {
			return nil
		}
		x, axes := n.Operands[0], n.Ints("axes")
		s := x.Type.Shape
		p := ir.NewPatch(c.Ops, m, f, n, "pool-means: "+n.Subject())
		step := func(op, what string, attrs ir.Attrs, v *ir.Value) *ir.Value {
			return p.Node(ir.NodeSpec{Op: op, Name: n.Name + what, From: n.From, Operands: []*ir.Value{v}, Attrs: attrs, Span: n.Span})
		}
		kernel := []int{1, 1}
		if len(s) == 4 && axes[0] >= 2 {
			for _, a := range axes {
				kernel[a-2] = s[a]
			}
		} else {
			var perm, kept, image []int
			for i, d := range s {
				if !slices.Contains(axes, i) {
					perm, kept = append(perm, i), append(kept, d)
				} else {
					kernel[0] *= d
				}
			}
			if perm = append(perm, axes...); !slices.IsSorted(perm) {
				x = step("nn.transpose", ".transpose", ir.AttrsOf("perm", perm), x)
			}
			lead := 1
			if len(perm) > len(axes) && perm[0] == 0 {
				lead, kept = kept[0], kept[1:]
			}
			image = []int{lead, tensor.Elems(kept), kernel[0], 1}
			x = step("nn.reshape", ".image", ir.AttrsOf("shape", image), x)
		}
		x = step("nn.avg_pool2d", "", ir.AttrsOf("kernel", kernel, "stride", kernel), x)
		if t := n.Result().Type; !t.Equal(x.Type) {
			x = step("nn.reshape", ".shape", ir.AttrsOf("shape", t.Shape), x)
		}
		p.Replace(n.Result(), x)
		return p
	})(c, m, f)
}

// readAsCodes says whether some operator that has an integer form reads v, or reads its elements moved or clamped.
func readAsCodes(uses map[*ir.Value][]ir.Use, v *ir.Value) bool {
	return slices.ContainsFunc(uses[v], func(u ir.Use) bool {
		switch n := u.Node; {
		case n == nil:
			return false
		case n.Op.Quant != nil:
			return slices.Contains(n.Op.Quant.Activations, u.Index)
		case n.Op.Has(ir.KeepsParams) || n.Op.Bounds != nil:
			return readAsCodes(uses, n.Result())
		}
		return false
	})
}
