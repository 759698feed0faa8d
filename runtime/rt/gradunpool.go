// SPDX-License-Identifier: MIT-0

package rt

// MaxUnpoolGrad gives each element that was put back the gradient of its place.
func MaxUnpoolGrad(w *Worker, a *MaxUnpoolArgs, dst, grad []float32, indices []int64) {
	defer w.wait()
	sample := a.C * a.To
	lo, hi := w.share(len(indices), 1)
	for i := lo; i < hi; i++ {
		image, end := i/(a.C*a.From), sample
		to := (image*a.From+i%a.From)*a.C + i/a.From%a.C
		if a.Whole {
			image, end = 0, a.N*sample
		}
		dst[to] = 0
		if at := indices[i]; at >= 0 && at < int64(end) {
			k := image*sample + int(at)
			dst[to] = grad[(k/sample*a.To+k%a.To)*a.C+k%sample/a.To]
		}
	}
}
