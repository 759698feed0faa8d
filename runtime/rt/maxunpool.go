// SPDX-License-Identifier: MIT-0

package rt

// MaxUnpoolArgs describe N images of C channels, From positions before and To positions behind. Zero is the stored code
// of zero. Indices count in a sample, or in all of them where Whole is set.
type MaxUnpoolArgs struct {
	N, C, From, To int
	Whole          bool
	Zero           uint8
}

// MaxUnpoolU8 puts stored codes where indices say.
func MaxUnpoolU8(w *Worker, a *MaxUnpoolArgs, dst, src []uint8, indices []int64) {
	maxUnpool(w, a, dst, src, indices, a.Zero)
}

// MaxUnpoolF32 puts numbers where indices say.
func MaxUnpoolF32(w *Worker, a *MaxUnpoolArgs, dst, src []float32, indices []int64) {
	maxUnpool(w, a, dst, src, indices, 0)
}

// maxUnpool moves elements between images in pixel order; indices are in row-major order. One worker moves them all: an
// index may name any place.
func maxUnpool[T uint8 | float32](w *Worker, a *MaxUnpoolArgs, dst, src []T, indices []int64, zero T) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for i := range dst {
		dst[i] = zero
	}
	sample := a.C * a.To
	for i, at := range indices {
		image, end := i/(a.C*a.From), sample
		if a.Whole {
			image, end = 0, a.N*sample
		}
		if at < 0 || at >= int64(end) {
			continue
		}
		k := image*sample + int(at)
		c := k % sample / a.To
		dst[(k/sample*a.To+k%a.To)*a.C+c] = src[(i/(a.C*a.From)*a.From+i%a.From)*a.C+i/a.From%a.C]
	}
}
