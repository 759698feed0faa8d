package calib

import "math"

// A cholesky is the lower triangular factor L of a symmetric positive definite matrix, n by n, row-major:
// the matrix is L times its transpose. Sums have one order, so that its bits are the same on every machine.
type cholesky struct {
	n int
	l []float64
}

// panel is how many columns are finished at a time: rows below them are independent of each other.
const panel = 48

// newCholesky factorizes the matrix whose lower triangle is in a, row-major, and keeps a. It says whether
// the matrix is positive definite.
func newCholesky(n int, a []float64) (*cholesky, bool) {
	c := &cholesky{n: n, l: a}
	for from := 0; from < n; from += panel {
		to := min(from+panel, n)
		for i := from; i < to; i++ {
			c.finish(i, from, i)
			row := a[i*n:]
			d := row[i] - dot(row[:i], row[:i])
			if !(d > 0) || math.IsInf(d, 1) {
				return nil, false
			}
			row[i] = math.Sqrt(d)
		}
		each(n-to, func(i int) { c.finish(to+i, from, to) })
	}
	return c, true
}

// finish computes the columns [from, to) of row i.
func (c *cholesky) finish(i, from, to int) {
	row := c.l[i*c.n:]
	for j := from; j < to; j++ {
		above := c.l[j*c.n:]
		row[j] = (row[j] - dot(row[:j], above[:j])) / above[j]
	}
}

// at is an element of L on or below the diagonal.
func (c *cholesky) at(i, j int) float64 { return c.l[i*c.n+j] }

// row is row i of L up to and without the diagonal.
func (c *cholesky) row(i int) []float64 { return c.l[i*c.n : i*c.n+i] }

// solve replaces b by the solution x of (L times its transpose) x = b.
func (c *cholesky) solve(b []float64) {
	for i := range b {
		b[i] = (b[i] - dot(c.row(i), b[:i])) / c.at(i, i)
	}
	for i := len(b) - 1; i >= 0; i-- {
		b[i] /= c.at(i, i)
		axpy(-b[i], c.row(i), b)
	}
}

// dot is the sum of products in four parts, by the index modulo four, added at the end.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds f times x to as many elements of y.
func axpy(f float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(f * v)
	}
}
