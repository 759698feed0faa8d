package ascend

import (
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// lowerConcat joins codes. Images are joined as they lie, unless a part ends within a block of channels.
func lowerConcat(k *kernel) {
	y, axis := k.out(), k.node.Int("axis")
	if y.Layout == target.NC1HWC0 && k.blockwise(axis) {
		k.join(y.Sym, y.imageDims(), axis, func(i int) (string, []int) { return k.in(i).Sym, k.in(i).imageDims() })
		return
	}
	syms := make([]string, len(k.node.Operands))
	for i := range syms {
		syms[i] = k.rowMajor(k.in(i), "part"+string(rune('a'+i%26)))
	}
	k.fromRowMajor(func(sym string) {
		k.join(sym, y.Dims, axis, func(i int) (string, []int) { return syms[i], k.in(i).Dims })
	})
}

// blockwise says whether images can be joined along axis without moving channels between blocks.
func (k *kernel) blockwise(axis int) bool {
	for i := range len(k.node.Operands) - 1 {
		if axis == 1 && k.in(i).Dims[1]%32 != 0 {
			return false
		}
	}
	return true
}

// join copies every operand to its place along an axis of dims; part gives an operand's symbol and dims.
func (k *kernel) join(dst string, dims []int, axis int, part func(i int) (string, []int)) {
	to := tensor.Strides(dims)
	at := 0
	for i := range k.node.Operands {
		if i > 0 {
			k.phase()
		}
		src, d := part(i)
		k.move(box{dst, at, to}, box{src, 0, tensor.Strides(d)}, d)
		at += d[axis] * to[axis]
	}
}
