package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// lowerPad adds a border of one code: the result is filled with it, then the codes are put in. Images stay as they lie unless channels are added.
func lowerPad(k *kernel) {
	x, y, pad := k.in(0), k.out(), k.node.Ints("pad")
	code := op.PadCode(k.node.Operands[0].Type, k.node.Float("value"))
	rank := len(y.Dims)
	if y.Layout == target.NC1HWC0 && pad[1] == 0 && pad[1+rank] == 0 {
		before := []int{pad[0], 0, pad[2], pad[3], 0}
		k.fill(y.Sym, code, y.Bytes())
		k.phase()
		k.inside(y.Sym, y.imageDims(), before, x.Sym, x.imageDims())
		return
	}
	src := k.rowMajor(x, "x")
	k.fromRowMajor(func(sym string) {
		k.fill(sym, code, y.Elems())
		k.phase()
		k.inside(sym, y.Dims, pad[:rank], src, x.Dims)
	})
}

// inside copies src to where it begins in dst.
func (k *kernel) inside(dst string, dims, before []int, src string, d []int) {
	to, at := tensor.Strides(dims), 0
	for i, b := range before {
		at += b * to[i]
	}
	k.move(box{dst, at, to}, box{src, 0, tensor.Strides(d)}, d)
}
