// SPDX-License-Identifier: MIT-0

package rt

// MatMulF32 multiplies matrices. Every output starts at +0 and adds in ascending k.
func MatMulF32(w *Worker, p *Products, dst, x, y []float32) {
	lo, hi := w.share(product(p.Dims)*p.Rows, 1)
	for r := lo; r < hi; r++ {
		a, b := p.pair(r / p.Rows)
		row := x[(a*p.Rows+r%p.Rows)*p.K:][:p.K]
		out := dst[r*p.Out:][:p.Out]
		clear(out)
		columns := y[b*p.K*p.Out:]
		for k, v := range row {
			for j, u := range columns[k*p.Out:][:p.Out] {
				out[j] = float32(out[j] + float32(v*u))
			}
		}
	}
	w.wait()
}
