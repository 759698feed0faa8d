// SPDX-License-Identifier: MIT-0

package rt

// BatchNormF32Args describe y = x*A[c] + B[c] on rows of len(A) channels of Inner numbers each.
type BatchNormF32Args struct {
	Inner int
	A, B  []float32
}

// BatchNormF32 scales and shifts; product and sum are rounded.
func BatchNormF32(w *Worker, a *BatchNormF32Args, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for at := 0; at < len(dst); {
		for c, m := range a.A {
			b := a.B[c]
			for range a.Inner {
				dst[at] = float32(float32(src[at]*m) + b)
				at++
			}
		}
	}
}
