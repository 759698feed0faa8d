// SPDX-License-Identifier: MIT-0

package rt

import "github.com/amctc/amctc/runtime/f32"

// LogSoftmaxF32 gives logarithms of normalized exponentials along the axis: x - maximum, less the logarithm of the sum of
// the exponentials of that in ascending order.
func LogSoftmaxF32(w *Worker, a *SoftmaxF32Args, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	log := f32.Unary("log")
	for o := range a.Outer {
		for j := range a.Inner {
			base := o*a.N*a.Inner + j
			m := a.greatest(src, base)
			var s float32
			for i := range a.N {
				d := float32(src[base+i*a.Inner] - m)
				dst[base+i*a.Inner] = d
				s = float32(s + f32.Exp(d))
			}
			l := log(s, 0, 0)
			for i := range a.N {
				dst[base+i*a.Inner] = float32(dst[base+i*a.Inner] - l)
			}
		}
	}
}
