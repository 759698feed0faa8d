package calib

import "errors"

// correction is how much corrected weights are held to the original ones, as a part of the mean energy
// of the inputs.
const correction = 0.05

// Corrected gives the weights [out][K] that, on the inputs rows, come nearest to what w gives on the
// ideal ones: the inputs that the layers before, already rounded, would have given unrounded. gram is
// that of rows.
func Corrected(w []float32, gram *Gram, rows, ideal []float32) ([]float32, error) {
	k, n := gram.K, gram.Rows
	out := len(w) / k
	// (G + d) x = cross*w + d*w for each output, cross the sum of row times ideal row, so that
	// cross*w is the sum of row times the ideal output.
	var mean float64
	for i := range k {
		mean += gram.At(i, i)
	}
	damp := float64(correction*mean/float64(k)) + 1e-12
	a := make([]float64, k*k)
	for i := range k {
		for j := range i + 1 {
			a[i*k+j] = gram.At(i, j)
		}
		a[i*k+i] += damp
	}
	c, ok := newCholesky(k, a)
	if !ok {
		return nil, errors.New("the inputs' Hessian is not positive definite")
	}
	res := make([]float32, len(w))
	each(out, func(o int) {
		want := w[o*k : (o+1)*k]
		sum := make([]float64, k)
		for r := range n {
			var y float64
			for i, v := range ideal[r*k : (r+1)*k] {
				y += float64(float64(v) * float64(want[i]))
			}
			for i, v := range rows[r*k : (r+1)*k] {
				sum[i] += float64(float64(v) * y)
			}
		}
		for i := range k {
			sum[i] += float64(damp * float64(want[i]))
		}
		c.solve(sum)
		for i, v := range sum {
			res[o*k+i] = float32(v)
		}
	})
	return res, nil
}

// OutputError is the squared error at one output of codes that are wanted to be w.
func OutputError(codes []int8, w []float32, scale float32, g *Gram) float64 {
	d := make([]float64, g.K)
	for i, q := range codes {
		d[i] = float64(float64(q)*float64(scale)) - float64(w[i])
	}
	var e float64
	for i, x := range d {
		var s float64
		for j, y := range d {
			s += float64(g.At(i, j) * y)
		}
		e += float64(x * s)
	}
	return e
}
