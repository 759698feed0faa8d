// SPDX-License-Identifier: MIT-0

package rt

// RescaleArgs describe codes of one map to codes of another: In is the offset of the source plus
// 128, M the ratio of the scales.
type RescaleArgs struct {
	In int32
	M  float32
	Codes
}

// Rescale moves codes to another map.
func Rescale(w *Worker, a *RescaleArgs, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	for i := range dst {
		dst[i] = a.code(float32(float32(int32(src[i])-a.In) * a.M))
	}
}
