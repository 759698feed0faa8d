// SPDX-License-Identifier: MIT-0

package rt

import "github.com/amctc/amctc/runtime/f32"

// PairF32Args name a function of two numbers, with the walk over both operands.
type PairF32Args struct {
	Strided
	Name string
}

// PairF32 applies a function of package f32 to every pair of numbers.
func PairF32(w *Worker, a *PairF32Args, dst, x, y []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	f := f32.Binary(a.Name)
	n, sa, sb := a.last()
	a.rows(func(at, pa, pb int) {
		for i := range dst[at : at+n] {
			dst[at+i] = f(x[pa], y[pb])
			pa += sa
			pb += sb
		}
	})
}
