// SPDX-License-Identifier: MIT-0

package rt

// ReluF32Args are empty: a maximum with zero has no constants.
type ReluF32Args struct{}

// ReluF32 keeps positive numbers and NaN; everything else becomes +0.
func ReluF32(w *Worker, _ *ReluF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	r := rowF32{dst: dst[lo:hi], x: src[lo:hi]}
	r.relu()
}
