// SPDX-License-Identifier: MIT-0

package rt

// DequantizeArgs describe codes to float32: (u-Zero)*S. Zero is the offset plus 128.
type DequantizeArgs struct {
	Zero int32
	S    float32
}

// Dequantize takes codes to float32.
func Dequantize(w *Worker, a *DequantizeArgs, dst []float32, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	for i := range dst {
		dst[i] = float32(float32(int32(src[i])-a.Zero) * a.S)
	}
}
