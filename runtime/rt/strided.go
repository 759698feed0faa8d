// SPDX-License-Identifier: MIT-0

package rt

// Strided describes an operation on two operands of different layout: the destination is dense,
// row-major, of dimensions Dims; element (i, j, ...) of operand A is at i*A[0]+j*A[1]+..., and so
// for B. A stride of 0 broadcasts. There is at least one dimension.
type Strided struct{ Dims, A, B []int }

// rows calls f for every run along the last dimension with the offsets of its first element.
func (s *Strided) rows(f func(at, pa, pb int)) { s.walk(0, 0, 0, 0, f) }

func (s *Strided) walk(d, at, pa, pb int, f func(at, pa, pb int)) int {
	if d == len(s.Dims)-1 {
		f(at, pa, pb)
		return at + s.Dims[d]
	}
	for range s.Dims[d] {
		at = s.walk(d+1, at, pa, pb, f)
		pa += s.A[d]
		pb += s.B[d]
	}
	return at
}

// last is the last dimension with both strides.
func (s *Strided) last() (n, sa, sb int) {
	d := len(s.Dims) - 1
	return s.Dims[d], s.A[d], s.B[d]
}
