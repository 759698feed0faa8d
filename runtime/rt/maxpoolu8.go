// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// MaxPoolU8 takes the greatest code of each window.
func MaxPoolU8(w *Worker, a *Pool, dst, src []uint8) {
	lo, hi := w.share(a.N*a.OutH, 1)
	var p windows
	for row := lo; row < hi; row++ {
		for x := 0; x < a.OutW; x += p.n {
			p.fill(a, row, x, src)
			p.dst = unsafe.Pointer(&dst[(row*a.OutW+x)*a.C])
			p.max()
		}
	}
	w.wait()
}
