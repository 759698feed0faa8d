// SPDX-License-Identifier: MIT-0

package rt

// ClipCodesArgs are the ends of a range of stored codes.
type ClipCodesArgs struct{ Lo, Hi uint8 }

// ClipCodes clamps codes.
func ClipCodes(a *ClipCodesArgs, dst, src []uint8) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = min(max(src[i], a.Lo), a.Hi)
	}
}
