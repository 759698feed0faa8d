// SPDX-License-Identifier: MIT-0

package rt

// The reductions.
const (
	ReduceSum = iota
	ReduceMean
	ReduceProd
	ReduceMax
	ReduceMin
)

// ReduceF32Args describe a reduction: results are dense, of dimensions Dims, result (i, j, ...) begins at
// i*From[0]+j*From[1]+... of the source; the elements that it is made of are those of dimensions Over, with
// distances Step, in row-major order. Kind is one of the reductions.
type ReduceF32Args struct {
	Kind                   int
	Dims, From, Over, Step []int
}

// ReduceF32 makes one number of those along some axes, in ascending order.
func ReduceF32(w *Worker, a *ReduceF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(len(dst), 1)
	for i := lo; i < hi; i++ {
		at := 0
		for d, rest := len(a.Dims)-1, i; d >= 0; d-- {
			at += rest % a.Dims[d] * a.From[d]
			rest /= a.Dims[d]
		}
		var acc float32
		switch a.Kind {
		case ReduceProd:
			acc = 1
		case ReduceMax, ReduceMin:
			acc = src[at]
		}
		acc = a.over(src, 0, at, acc)
		if a.Kind == ReduceMean {
			acc = float32(acc / float32(product(a.Over)))
		}
		dst[i] = acc
	}
}

func (a *ReduceF32Args) over(src []float32, d, at int, acc float32) float32 {
	n, s := a.Over[d], a.Step[d]
	if d < len(a.Over)-1 {
		for range n {
			acc = a.over(src, d+1, at, acc)
			at += s
		}
		return acc
	}
	switch a.Kind {
	case ReduceSum, ReduceMean:
		for range n {
			acc = float32(acc + src[at])
			at += s
		}
	case ReduceProd:
		for range n {
			acc = float32(acc * src[at])
			at += s
		}
	case ReduceMax:
		for range n {
			if v := src[at]; v > acc || v != v {
				acc = v
			}
			at += s
		}
	case ReduceMin:
		for range n {
			if v := src[at]; v < acc || v != v {
				acc = v
			}
			at += s
		}
	}
	return acc
}
