// SPDX-License-Identifier: MIT-0

package rt

// MaxPoolF32 takes the greatest number of each window; NaN when there is one, and the first of
// equal zeros.
func MaxPoolF32(w *Worker, a *Pool, dst, src []float32) {
	defer w.wait()
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		row, fresh := dst[at*a.C:(at+1)*a.C], true
		a.taps(at, func(first int) {
			from := src[first : first+len(row)]
			if fresh {
				copy(row, from)
				fresh = false
				return
			}
			r := rowF32{dst: row, x: row, y: from}
			r.max()
		})
	}
}
