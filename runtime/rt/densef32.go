// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// DenseF32Args describe a float32 product of Rows rows of K numbers with Weights [Out][K]; Bias may
// be empty.
type DenseF32Args struct {
	Rows, K, Out  int
	Weights, Bias []float32

	packed packedF32
}

// Prepare packs the weights.
func (a *DenseF32Args) Prepare() { a.packed = packF32(a.Weights, a.Bias, a.K, a.Out) }

// DenseF32 multiplies. Every output starts at its bias, or +0, and adds in ascending k.
func DenseF32(w *Worker, a *DenseF32Args, dst, src []float32) {
	t := tileF32{dst: unsafe.Pointer(unsafe.SliceData(dst)), src: unsafe.Pointer(unsafe.SliceData(src)), offs: &w.offs[0], outs: &w.outs[0], segs: 1, taps: a.K}
	lo, hi := w.share(a.Rows, 1)
	for ; lo < hi; lo += chunk {
		t.n = min(chunk, hi-lo)
		for i := range t.n {
			w.offs[i], w.outs[i] = int32(4*(lo+i)*a.K), int32(4*(lo+i)*a.Out)
		}
		a.packed.multiply(&t, 0, 0)
	}
	w.wait()
}
