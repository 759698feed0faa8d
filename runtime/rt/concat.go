// SPDX-License-Identifier: MIT-0

package rt

// Concat describes placing one part of a joined tensor: Outer runs of N elements, each at element
// At of a destination row of Row elements.
type Concat struct{ Outer, Row, At, N int }

// ConcatF32 places float32 numbers.
func ConcatF32(w *Worker, a *Concat, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	place(a, dst, src)
}

// ConcatU8 places codes.
func ConcatU8(w *Worker, a *Concat, dst, src []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	place(a, dst, src)
}

func place[T uint8 | float32](a *Concat, dst, src []T) {
	for i := range a.Outer {
		copy(dst[i*a.Row+a.At:][:a.N], src[i*a.N:(i+1)*a.N])
	}
}
