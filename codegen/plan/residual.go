package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/rt"
)

// residuals finds convolutions of codes that only a sum of the same shape reads: one kernel computes
// both, at the place of the sum, and the convolution's codes are never in memory. Of two such
// operands the later is taken.
func residuals(f *ir.Func) map[*ir.Node]*ir.Node {
	uses := f.Uses()
	fused := make(map[*ir.Node]*ir.Node)
	taken := make(map[*ir.Node]bool)
	for _, n := range slices.Backward(f.Nodes) {
		if n.Op.Name != "q.conv2d" || n.Result().Type.IsFloat() || depthwise(n) || grouped(n) || unfused(n) {
			continue
		}
		u := uses[n.Result()]
		if len(u) != 1 || u[0].Node == nil || u[0].Node.Op.Name != "q.add" || taken[u[0].Node] {
			continue
		}
		sum := u[0].Node
		if shape := sum.Result().Type.Shape; slices.Equal(shape, sum.Operands[0].Type.Shape) && slices.Equal(shape, sum.Operands[1].Type.Shape) {
			fused[n], taken[sum] = sum, true
		}
	}
	return fused
}

// residual plans the convolution conv and the sum n of its codes and other.
func (b *builder) residual(n, conv *ir.Node, other *ir.Value) {
	mid, r, y := conv.Result().Type, other.Type, n.Result().Type
	a := &rt.ConvAddArgs{Conv: *b.convArgs(conv), Sum: sum(mid, r, y, n)}
	src, rest := b.in(conv.Operands[0], pixel), b.in(other, pixel)
	dst := b.make(n.Result(), pixel)
	b.step("Conv2DAdd", a, dst, src, rest, b.tap(conv.Result()), b.padSlot(&a.Conv))
	b.trace(conv.Result())
}
