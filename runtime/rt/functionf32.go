// SPDX-License-Identifier: MIT-0

package rt

import "github.com/amctc/amctc/runtime/f32"

// FunctionF32Args name a function of one number, with its parameters.
type FunctionF32Args struct {
	Name string
	A, B float32
}

// FunctionF32 applies a function of package f32 to every number.
func FunctionF32(w *Worker, a *FunctionF32Args, dst, src []float32) {
	defer w.wait()
	f := f32.Unary(a.Name)
	lo, hi := w.share(len(dst), 64)
	for i, v := range src[lo:hi] {
		dst[lo+i] = f(v, a.A, a.B)
	}
}
