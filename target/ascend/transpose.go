package ascend

import "github.com/amctc/amctc/ir/tensor"

// lowerTranspose permutes the axes of codes, through their row-major form.
func lowerTranspose(k *kernel) {
	x, y, perm := k.in(0), k.out(), k.node.Ints("perm")
	src := k.rowMajor(x, "x")
	s := tensor.Strides(x.Dims)
	from := make([]int, len(perm))
	for i, p := range perm {
		from[i] = s[p]
	}
	k.fromRowMajor(func(sym string) {
		k.move(box{sym, 0, tensor.Strides(y.Dims)}, box{src, 0, from}, y.Dims)
	})
}
