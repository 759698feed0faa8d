// SPDX-License-Identifier: MIT-0

package rt

// Permute describes moving elements: the destination is dense, row-major, of dimensions Dims;
// element (i, j, ...) comes from i*From[0]+j*From[1]+... There is at least one dimension.
type Permute struct{ Dims, From []int }

// PermuteF32 moves float32 numbers.
func PermuteF32(w *Worker, a *Permute, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	move(a.Dims, a.From, dst, src)
}

// PermuteU8 moves codes.
func PermuteU8(w *Worker, a *Permute, dst, src []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	move(a.Dims, a.From, dst, src)
}

// move writes the elements of the dimensions given and gives the rest of dst.
func move[T uint8 | float32](dims, from []int, dst, src []T) []T {
	n, s := dims[0], from[0]
	if len(dims) > 1 {
		for i := range n {
			dst = move(dims[1:], from[1:], dst, src[i*s:])
		}
		return dst
	}
	if s == 1 {
		copy(dst[:n], src[:n])
		return dst[n:]
	}
	at := 0
	for i := range dst[:n] {
		dst[i] = src[at]
		at += s
	}
	return dst[n:]
}
