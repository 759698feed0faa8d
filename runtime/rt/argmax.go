// SPDX-License-Identifier: MIT-0

package rt

// ArgMaxArgs describe the lines of which the index of the greatest element is wanted, or of the least one; of
// equal ones the first, or the last.
type ArgMaxArgs struct {
	Lines
	Least, Last bool
}

// ArgMaxU8 gives an index of stored codes for every line.
func ArgMaxU8(w *Worker, a *ArgMaxArgs, dst []int64, src []uint8) { argMax(w, a, dst, src) }

// ArgMaxF32 gives an index of float32 numbers for every line. NaN counts as the greatest number.
func ArgMaxF32(w *Worker, a *ArgMaxArgs, dst []int64, src []float32) { argMax(w, a, dst, src) }

func argMax[T uint8 | float32](w *Worker, a *ArgMaxArgs, dst []int64, src []T) {
	defer w.wait()
	lo, hi := w.share(product(a.Dims), 1)
	for line := lo; line < hi; line++ {
		at := a.start(line)
		best, index := src[at], 0
		for i := 1; i < a.N; i++ {
			at += a.Step
			v := src[at]
			before, behind := above(v, best), above(best, v)
			if a.Least {
				before, behind = behind, before
			}
			if before || a.Last && !behind {
				best, index = v, i
			}
		}
		dst[line] = int64(index)
	}
}
