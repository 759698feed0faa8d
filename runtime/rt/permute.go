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

// PermuteI64 moves indices.
func PermuteI64(w *Worker, a *Permute, dst, src []int64) {
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
func move[T uint8 | float32 | int64](dims, from []int, dst, src []T) []T {
	n, s := dims[0], from[0]
	switch rest := product(dims[1:]); {
	case s == 1 && len(dims) > 1 && dense(dims[1:], from[1:]):
		transpose(dst, src, n, rest, from[len(from)-1])
		return dst[n*rest:]
	case len(dims) > 1:
		for i := range n {
			dst = move(dims[1:], from[1:], dst, src[i*s:])
		}
		return dst
	case s == 1:
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

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// dense says whether the elements of the dimensions are equally far from each other, in order.
func dense(dims, from []int) bool {
	for i := range len(dims) - 1 {
		if from[i] != dims[i+1]*from[i+1] {
			return false
		}
	}
	return true
}

// transpose writes rows of columns elements: element (i, j) comes from i+j*stride. It goes in squares
// of which both sides stay in the nearest cache.
func transpose[T uint8 | float32 | int64](dst, src []T, rows, columns, stride int) {
	const square = 16
	for j0 := 0; j0 < columns; j0 += square {
		j1 := min(j0+square, columns)
		for i0 := 0; i0 < rows; i0 += square {
			for i := i0; i < min(i0+square, rows); i++ {
				to, at := dst[i*columns+j0:i*columns+j1], i+j0*stride
				for j := range to {
					to[j] = src[at]
					at += stride
				}
			}
		}
	}
}
