package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// isPixels says whether a parameter is bytes that nothing but look-ups reads: such a one is a slice of bytes, where
// other numbers of its type lie widened.
func (b *builder) isPixels(v *ir.Value) bool {
	if v.Type.DType != tensor.U8 || v.IsConst() || v.Def != nil || slices.Contains(b.Func.Results, v) {
		return false
	}
	for _, n := range b.Func.Nodes {
		for i, x := range n.Operands {
			if x != v {
				continue
			}
			if n.Op.Name != "nn.pixels" || i != 0 {
				return false
			}
		}
	}
	return true
}

func (b *builder) pixels(n *ir.Node) {
	shape := b.typ(n.Result()).Shape
	strides, first := op.PixelStrides(n, shape)
	o := best(len(shape))
	a := &rt.PixelsArgs{N: 1, C: 1, P: tensor.Elems(shape), FromP: 1, ToP: 1}
	if len(shape) == 4 {
		to := o.strides(shape)
		a = &rt.PixelsArgs{N: shape[0], C: shape[1], P: shape[2] * shape[3], First: first, FromC: strides[1], FromP: strides[3], ToC: to[1], ToP: to[3]}
	}
	table := b.known(n.Operands[1])
	src, _ := b.any(n.Operands[0])
	dst := b.make(n.Result(), o)
	b.step(typed(b.Kind(dst), "Pixels", "PixelsF32"), a, dst, src, b.constant(n.Operands[1], table))
}
