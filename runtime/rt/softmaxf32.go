// SPDX-License-Identifier: MIT-0

package rt

import "github.com/amctc/amctc/runtime/f32"

// SoftmaxF32Args describe the axis: Outer runs of N entries of Inner numbers each.
type SoftmaxF32Args struct{ Outer, N, Inner int }

// SoftmaxF32 normalizes exponentials along the axis: exp(x - maximum), summed in ascending order,
// each divided by the sum.
func SoftmaxF32(w *Worker, a *SoftmaxF32Args, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for o := range a.Outer {
		for j := range a.Inner {
			base := o*a.N*a.Inner + j
			m := a.greatest(src, base)
			var s float32
			for i := range a.N {
				e := f32.Exp(float32(src[base+i*a.Inner] - m))
				dst[base+i*a.Inner] = e
				s = float32(s + e)
			}
			for i := range a.N {
				dst[base+i*a.Inner] = float32(dst[base+i*a.Inner] / s)
			}
		}
	}
}

// greatest is the maximum of the run that begins at base; NaN if any is.
func (a *SoftmaxF32Args) greatest(src []float32, base int) float32 {
	m := src[base]
	for i := range a.N {
		if v := src[base+i*a.Inner]; v > m || v != v {
			m = v
		}
	}
	return m
}
