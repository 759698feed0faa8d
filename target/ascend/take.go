package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// A span is a part of a list of indices that are one step apart.
type span struct{ at, first, step, n int }

// spans takes a list of indices apart; those of -1 are left out.
func spans(list []int) (out []span) {
	for i, v := range list {
		if v < 0 {
			continue
		}
		if k := len(out) - 1; k >= 0 {
			s := &out[k]
			if s.at+s.n == i && (s.n == 1 && v >= s.first || v == s.first+s.n*s.step) {
				if s.n == 1 {
					s.step = v - s.first
				}
				s.n++
				continue
			}
		}
		out = append(out, span{i, v, 0, 1})
	}
	return out
}

// lowerTake copies entries of an axis of codes, span by span; what no entry fills is the code of zero. Images stay as they lie unless channels are taken.
func lowerTake(k *kernel) {
	x, y, axis, list := k.in(0), k.out(), k.node.Int("axis"), k.node.Ints("indices")
	run := func(dst string, dims []int, src string, of []int) {
		if slices.Contains(list, -1) {
			k.fill(dst, op.PadCode(k.node.Operands[0].Type, 0), tensor.Elems(dims))
			k.phase()
		}
		to, from := tensor.Strides(dims), tensor.Strides(of)
		for i, s := range spans(list) {
			if i > 0 {
				k.phase()
			}
			d, f := slices.Clone(of), slices.Clone(from)
			d[axis], f[axis] = s.n, s.step*from[axis]
			k.move(box{dst, s.at * to[axis], to}, box{src, s.first * from[axis], f}, d)
		}
	}
	if y.Layout == target.NC1HWC0 && x.Layout == y.Layout && axis != 1 {
		run(y.Sym, y.imageDims(), x.Sym, x.imageDims())
		return
	}
	src := k.rowMajor(x, "x")
	k.fromRowMajor(func(sym string) { run(sym, y.Dims, src, x.Dims) })
}
