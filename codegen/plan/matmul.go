package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// products is the walk over the matrices of a product of two computed operands.
func (b *builder) products(n *ir.Node) rt.Products {
	x, y, shape := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result()).Shape
	last := len(shape) - 2
	p := rt.Products{Rows: shape[last], K: x[len(x)-1], Out: shape[last+1]}
	lead := func(s []int) []int { return spread(s[:len(s)-2], rows, last) }
	sa, sb := lead(x), lead(y)
	for i, d := range shape[:last] {
		if d == 1 {
			continue
		}
		if k := len(p.Dims) - 1; k >= 0 && p.A[k] == d*sa[i] && p.B[k] == d*sb[i] {
			p.Dims[k], p.A[k], p.B[k] = p.Dims[k]*d, sa[i], sb[i]
			continue
		}
		p.Dims, p.A, p.B = append(p.Dims, d), append(p.A, sa[i]), append(p.B, sb[i])
	}
	if len(p.Dims) == 0 {
		p.Strided = rt.Strided{Dims: []int{1}, A: []int{1}, B: []int{1}}
	}
	return p
}

func (b *builder) matMul(n *ir.Node) {
	p := b.products(n)
	x, y := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows)
	b.step("MatMulF32", &p, b.make(n.Result(), rows), x, y)
}

func (b *builder) qmatMul(n *ir.Node) {
	a := &rt.MatMulArgs{Products: b.products(n), Codes: accCodes(n)}
	sa, sb := n.Operands[0].Type.Quant.Scale[0], n.Operands[1].Type.Quant.Scale[0]
	if y := n.Result().Type; y.IsFloat() {
		a.M = op.AccScale(sa, sb)
	} else {
		a.M = op.Multiplier(sa, sb, y.Quant.Scale[0])
	}
	x, y := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows)
	dst := b.make(n.Result(), rows)
	b.step(typed(b.Kind(dst), "MatMul", "MatMulToF32"), a, dst, x, y, b.scratch(U8, a.PackedBytes()), b.scratch(I32, a.PackedLanes()))
}

// matrices is the number of products of a walk.
func matrices(p *rt.Products) int { return tensor.Elems(p.Dims) }
