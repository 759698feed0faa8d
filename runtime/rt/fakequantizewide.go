// SPDX-License-Identifier: MIT-0

package rt

// FakeQuantizeWideArgs describe quantize to codes of int16 and dequantize at once. S is the scale; of
// the others, only those for one number count.
type FakeQuantizeWideArgs struct {
	QuantizeWideArgs
	S float32
}

// FakeQuantizeWide replaces every number by what its code stands for.
func FakeQuantizeWide(w *Worker, a *FakeQuantizeWideArgs, dst, src []float32) {
	lo, hi := w.share(len(dst), 64)
	for i, v := range src[lo:hi] {
		dst[lo+i] = float32(float32(a.code(float32(v*a.R))-a.Zero) * a.S)
	}
	w.wait()
}
