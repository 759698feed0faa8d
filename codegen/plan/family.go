package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// families says how the operators of a family are planned; all of a family have one kernel. Those without a
// row are evaluated.
var families = map[op.Family]func(*builder, *ir.Node){
	op.Functions:  (*builder).function,
	op.Pairings:   (*builder).pair,
	op.Reductions: (*builder).reduce,
}

func (b *builder) function(n *ir.Node) {
	name, x, y, _ := op.Function(n)
	b.unary(n, "FunctionF32", &rt.FunctionF32Args{Name: name, A: x, B: y})
}

func (b *builder) pair(n *ir.Node) {
	s, x, y, o := b.binary(n)
	b.step("PairF32", &rt.PairF32Args{Strided: s, Name: n.Op.Name[len("nn."):]}, b.make(n.Result(), o), x, y)
}

var reduceKinds = map[string]int{
	"nn.reduce_sum": rt.ReduceSum, "nn.reduce_mean": rt.ReduceMean, "nn.reduce_prod": rt.ReduceProd, "nn.reduce_max": rt.ReduceMax,
	"nn.reduce_min": rt.ReduceMin,
}

func (b *builder) reduce(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	shape, axes := b.typ(n.Operands[0]).Shape, n.Ints("axes")
	strides := o.strides(shape)
	a := &rt.ReduceF32Args{Kind: reduceKinds[n.Op.Name]}
	for i, d := range shape {
		switch {
		case slices.Contains(axes, i):
			a.Over, a.Step = append(a.Over, d), append(a.Step, strides[i])
		case d > 1:
			a.Dims, a.From = append(a.Dims, d), append(a.From, strides[i])
		}
	}
	if len(a.Over) == 0 {
		a.Over, a.Step = []int{1}, []int{1}
	}
	b.step("ReduceF32", a, b.make(n.Result(), rows), src)
}

// runs are the runs along an axis of operand 0 as it lies in memory.
func (b *builder) runs(n *ir.Node) (src Slot, o order, outer, size, inner int) {
	src, o = b.any(n.Operands[0])
	shape := b.typ(n.Operands[0]).Shape
	dims, axis := o.stored(shape), o.at(n.Int("axis"), len(shape))
	return src, o, tensor.Elems(dims[:axis]), dims[axis], tensor.Elems(dims[axis+1:])
}

func (b *builder) takeEntries(n *ir.Node) {
	if t := n.Operands[0].Type; t.IsQuant() {
		a := &rt.TakeU8Args{Zero: uint8(int(op.PadCode(t, 0)) + 128), Indices: int32s(n.Ints("indices"))}
		src, o, outer, size, inner := b.runs(n)
		a.Outer, a.N, a.Inner = outer, size, inner
		b.step("TakeU8", a, b.make(n.Result(), o), src)
		return
	}
	a := &rt.TakeF32Args{Indices: int32s(n.Ints("indices"))}
	src, o, outer, size, inner := b.runs(n)
	a.Outer, a.N, a.Inner = outer, size, inner
	b.step("TakeF32", a, b.make(n.Result(), o), src)
}

func (b *builder) resample(n *ir.Node) {
	a := &rt.ResampleF32Args{Taps: n.Int("taps"), Indices: int32s(n.Ints("indices")), Weights: op.Floats(n, "weights")}
	src, o, outer, size, inner := b.runs(n)
	a.Outer, a.N, a.Inner = outer, size, inner
	b.step("ResampleF32", a, b.make(n.Result(), o), src)
}

func (b *builder) normalize(n *ir.Node) {
	shape, axis := b.typ(n.Operands[0]).Shape, n.Int("axis")
	a := &rt.NormalizeF32Args{Rows: tensor.Elems(shape[:axis]), N: tensor.Elems(shape[axis:]), Eps: n.Float("eps"), Uncentred: !n.Bool("centred")}
	src := b.in(n.Operands[0], rows)
	b.step("NormalizeF32", a, b.make(n.Result(), rows), src)
}

func int32s(v []int) []int32 {
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}
