// SPDX-License-Identifier: MIT-0

package rt

// MaxPoolU8 takes the greatest code of each window.
func MaxPoolU8(w *Worker, a *Pool, dst, src []uint8) {
	defer w.wait()
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		row := dst[at*a.C : (at+1)*a.C]
		clear(row)
		a.taps(at, func(first int) {
			for i, v := range src[first : first+len(row)] {
				row[i] = max(row[i], v)
			}
		})
	}
}
