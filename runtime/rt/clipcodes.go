// SPDX-License-Identifier: MIT-0

package rt

// ClipCodesArgs are the ends of a range of stored codes.
type ClipCodesArgs struct{ Lo, Hi uint8 }

// ClipCodes clamps codes.
func ClipCodes(w *Worker, a *ClipCodesArgs, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	for i := range dst {
		dst[i] = min(max(src[i], a.Lo), a.Hi)
	}
}
