// SPDX-License-Identifier: MIT-0

package rt

// Pad describes a border: the source is dense, row-major, of dimensions Dims; its element
// (i, j, ...) goes to Base + i*To[0]+j*To[1]+..., the last stride being 1. Everything else becomes
// Value, or Code where elements are codes.
type Pad struct {
	Dims, To []int
	Base     int
	Value    float32
	Code     uint8
}

// PadF32 adds a border to float32 numbers.
func PadF32(w *Worker, a *Pad, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for i := range dst {
		dst[i] = a.Value
	}
	inner(a.Dims, a.To, dst[a.Base:], src)
}

// PadU8 adds a border to codes.
func PadU8(w *Worker, a *Pad, dst, src []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for i := range dst {
		dst[i] = a.Code
	}
	inner(a.Dims, a.To, dst[a.Base:], src)
}

// inner copies rows and gives the rest of src.
func inner[T uint8 | float32](dims, to []int, dst, src []T) []T {
	n := dims[0]
	if len(dims) == 1 {
		copy(dst[:n], src[:n])
		return src[n:]
	}
	for i := range n {
		src = inner(dims[1:], to[1:], dst[i*to[0]:], src)
	}
	return src
}
