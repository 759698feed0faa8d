// SPDX-License-Identifier: MIT-0

package rt

// DequantizeArgs describe codes to float32: (u-Zero)*S. Zero is the offset plus 128.
type DequantizeArgs struct {
	Zero int32
	S    float32
}

// Dequantize takes codes to float32.
func Dequantize(a *DequantizeArgs, dst []float32, src []uint8) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = float32(float32(int32(src[i])-a.Zero) * a.S)
	}
}
