// SPDX-License-Identifier: MIT-0

package rt

// ResampleF32Args describe weighted sums of Taps entries of an axis of Outer runs of N entries of Inner
// numbers each.
type ResampleF32Args struct {
	Outer, N, Inner, Taps int
	Indices               []int32
	Weights               []float32
}

// ResampleF32 makes the sums, each from +0 in ascending order of the taps.
func ResampleF32(w *Worker, a *ResampleF32Args, dst, src []float32) {
	defer w.wait()
	n := len(a.Indices) / a.Taps
	lo, hi := w.share(a.Outer*n, 1)
	for i := lo; i < hi; i++ {
		from := src[i/n*a.N*a.Inner:][:a.N*a.Inner]
		row := dst[i*a.Inner : (i+1)*a.Inner]
		clear(row)
		for t := i % n * a.Taps; t < (i%n+1)*a.Taps; t++ {
			f := a.Weights[t]
			for k, v := range from[int(a.Indices[t])*a.Inner:][:a.Inner] {
				row[k] = float32(row[k] + float32(f*v))
			}
		}
	}
}
