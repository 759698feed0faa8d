// SPDX-License-Identifier: MIT-0

package rt

// ClipF32Args are the bounds of a clamp.
type ClipF32Args struct{ Lo, Hi float32 }

// ClipF32 clamps; NaN stays.
func ClipF32(w *Worker, a *ClipF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	for i, v := range src {
		if v < a.Lo {
			v = a.Lo
		} else if v > a.Hi {
			v = a.Hi
		}
		dst[i] = v
	}
}
