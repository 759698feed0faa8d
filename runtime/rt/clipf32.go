// SPDX-License-Identifier: MIT-0

package rt

// ClipF32Args are the bounds of a clamp.
type ClipF32Args struct{ Lo, Hi float32 }

// ClipF32 clamps; NaN stays.
func ClipF32(w *Worker, a *ClipF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	r := rowF32{dst: dst[lo:hi], x: src[lo:hi], lo: a.Lo, hi: a.Hi}
	r.clip()
}
