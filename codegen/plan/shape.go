package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

func (b *builder) concat(n *ir.Node) {
	shape := b.typ(n.Result()).Shape
	o := best(len(shape))
	axis := o.at(n.Int("axis"), len(shape))
	dims := o.stored(shape)
	row := tensor.Elems(dims[axis:])
	var srcs []Slot
	for _, v := range n.Operands {
		srcs = append(srcs, b.in(v, o))
	}
	dst := b.make(n.Result(), o)
	at := 0
	for i, v := range n.Operands {
		part := tensor.Elems(o.stored(b.typ(v).Shape)[axis:])
		b.step(typed(b.Kind(dst), "ConcatU8", "ConcatF32"), &rt.Concat{Outer: tensor.Elems(dims[:axis]), Row: row, At: at, N: part}, dst, srcs[i])
		at += part
	}
}

func (b *builder) pad(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	x, y := b.typ(n.Operands[0]), b.typ(n.Result())
	p := n.Ints("pad")
	a := &rt.Pad{Dims: o.stored(x.Shape), To: tensor.Strides(o.stored(y.Shape)), Value: n.Float("value"), Code: uint8(int(op.PadCode(x, n.Float("value"))) + 128)}
	for i, s := range o.strides(y.Shape) {
		a.Base += p[i] * s
	}
	dst := b.make(n.Result(), o)
	b.step(typed(b.Kind(dst), "PadU8", "PadF32"), a, dst, src)
}

// reshape costs nothing: the same rows under another shape.
// same is a value that is another one.
func (b *builder) same(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	b.put(n.Result(), src, o)
}

func (b *builder) reshape(n *ir.Node) {
	b.put(n.Result(), b.in(n.Operands[0], rows), rows)
}

func (b *builder) transpose(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	s := o.strides(b.typ(n.Operands[0]).Shape)
	shape := b.typ(n.Result()).Shape
	strides := make([]int, len(shape))
	for i, p := range n.Ints("perm") {
		strides[i] = s[p]
	}
	to := best(len(shape))
	a := gather(shape, strides, to)
	dst := b.make(n.Result(), to)
	b.step(typed(b.Kind(dst), "PermuteU8", "PermuteF32"), &a, dst, src)
}

func (b *builder) softmax(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	shape := b.typ(n.Operands[0]).Shape
	dims, axis := o.stored(shape), o.at(n.Int("axis"), len(shape))
	a := &rt.SoftmaxF32Args{Outer: tensor.Elems(dims[:axis]), N: dims[axis], Inner: tensor.Elems(dims[axis+1:])}
	kernel := "SoftmaxF32"
	if n.Op.Name == "nn.log_softmax" {
		kernel = "LogSoftmaxF32"
	}
	b.step(kernel, a, b.make(n.Result(), o), src)
}
