// SPDX-License-Identifier: MIT-0

package rt

// MulF32 multiplies element by element.
func MulF32(w *Worker, a *Strided, dst, x, y []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	n, sa, sb := a.last()
	a.rows(func(at, pa, pb int) {
		if sa == 1 && sb == 1 {
			r := rowF32{dst: dst[at : at+n], x: x[pa : pa+n], y: y[pb : pb+n]}
			r.mul()
			return
		}
		for i := range dst[at : at+n] {
			dst[at+i] = float32(x[pa] * y[pb])
			pa += sa
			pb += sb
		}
	})
}
