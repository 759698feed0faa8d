package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// indexed says whether n has a kernel that makes or moves indices: numbers of int64, always in row-major order.
func (b *builder) indexed(n *ir.Node) bool {
	k, _ := storage(n.Operands[0].Type)
	return (n.Op.Has(ir.Ranks) || len(n.Operands) == 2 && n.Indexes(1)) && (k == F32 || k == U8) || n.Op.Name == "nn.reshape" && k == I64
}

// lines are those along an axis of operand 0, in whatever order it lies in memory.
func (b *builder) lines(n *ir.Node) (Slot, rt.Lines) {
	src, o := b.any(n.Operands[0])
	shape, axis := b.typ(n.Operands[0]).Shape, n.Int("axis")
	strides := o.strides(shape)
	l := rt.Lines{N: shape[axis], Step: strides[axis]}
	for i, d := range shape {
		if i != axis && d != 1 {
			l.Dims, l.From = append(l.Dims, d), append(l.From, strides[i])
		}
	}
	return src, l
}

func (b *builder) argMax(n *ir.Node) {
	src, l := b.lines(n)
	b.step(typed(b.Kind(src), "ArgMaxU8", "ArgMaxF32"), &rt.ArgMaxArgs{Lines: l, Least: n.Bool("least"), Last: n.Bool("last")}, b.make(n.Result(), rows), src)
}

func (b *builder) topK(n *ir.Node) {
	src, l := b.lines(n)
	a := &rt.TopKArgs{Lines: l, K: n.Int("k"), Inner: tensor.Elems(b.typ(n.Operands[0]).Shape[n.Int("axis")+1:]), Least: n.Bool("least")}
	b.step(typed(b.Kind(src), "TopKU8", "TopKF32"), a, b.make(n.Results[0], rows), b.make(n.Results[1], rows), src)
}

func (b *builder) poolIndices(n *ir.Node) {
	a := &rt.PoolIndicesArgs{Pool: b.pool(n), Columns: n.Bool("columns"), Whole: n.Bool("whole")}
	src := b.in(n.Operands[0], pixel)
	b.step(typed(b.Kind(src), "MaxPoolIndicesU8", "MaxPoolIndicesF32"), a, b.make(n.Result(), rows), src)
}

func (b *builder) maxUnpool(n *ir.Node) {
	x, size := b.typ(n.Operands[0]), n.Ints("size")
	s := x.Shape
	a := &rt.MaxUnpoolArgs{N: s[0], C: s[1], From: s[2] * s[3], To: size[0] * size[1], Whole: n.Bool("whole")}
	if x.IsQuant() {
		a.Zero = uint8(int(op.PadCode(x, 0)) + 128)
	}
	src, at := b.in(n.Operands[0], pixel), b.in(n.Operands[1], rows)
	b.step(typed(b.Kind(src), "MaxUnpoolU8", "MaxUnpoolF32"), a, b.make(n.Result(), pixel), src, at)
}

func (b *builder) maxUnpoolGrad(n *ir.Node) {
	dy, s := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	a := &rt.MaxUnpoolArgs{N: s[0], C: s[1], From: s[2] * s[3], To: dy[2] * dy[3], Whole: n.Bool("whole")}
	grad, at := b.in(n.Operands[0], pixel), b.in(n.Operands[1], rows)
	b.step("MaxUnpoolGrad", a, b.make(n.Result(), pixel), grad, at)
}
