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
func Rescale(a *RescaleArgs, dst, src []uint8) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = a.code(float32(float32(int32(src[i])-a.In) * a.M))
	}
}
