// SPDX-License-Identifier: MIT-0

package rt

// TakeF32Args describe entries of an axis of Outer runs of N entries of Inner numbers each. An index of -1
// stands for zeros.
type TakeF32Args struct {
	Outer, N, Inner int
	Indices         []int32
}

// TakeF32 copies the listed entries.
func TakeF32(w *Worker, a *TakeF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(a.Outer, 1)
	for o := lo; o < hi; o++ {
		from := src[o*a.N*a.Inner:][:a.N*a.Inner]
		to := dst[o*len(a.Indices)*a.Inner:]
		for i, k := range a.Indices {
			row := to[i*a.Inner : (i+1)*a.Inner]
			switch {
			case k < 0:
				clear(row)
			case a.Inner == 1:
				row[0] = from[k]
			default:
				copy(row, from[int(k)*a.Inner:])
			}
		}
	}
}
