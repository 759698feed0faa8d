// SPDX-License-Identifier: MIT-0

package rt

// Products describe products of matrices of Rows by K with matrices of K by Out, all row-major. Strided
// walks over them, counted in matrices; the results follow each other.
type Products struct {
	Strided
	Rows, K, Out int
}

// pair gives the operands of product i.
func (p *Products) pair(i int) (a, b int) {
	for d := len(p.Dims) - 1; d >= 0; d-- {
		at := i % p.Dims[d]
		i /= p.Dims[d]
		a += at * p.A[d]
		b += at * p.B[d]
	}
	return a, b
}
