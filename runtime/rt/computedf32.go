// SPDX-License-Identifier: MIT-0

package rt

// ConvComputedF32Args describe a float32 convolution whose weights are computed.
type ConvComputedF32Args struct {
	N, C, Out, Group int
	Window
}

// ConvComputedF32 is ConvF32 with weights [out][kh][kw][in/group] and a bias from memory; the bias
// may be empty.
func ConvComputedF32(w *Worker, a *ConvComputedF32Args, dst, src, weights, bias []float32) {
	cg, og := a.C/a.Group, a.Out/a.Group
	defer w.wait()
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		image, y0, x0 := at/(a.OutW*a.OutH), at/a.OutW%a.OutH*a.SH-a.Top, at%a.OutW*a.SW-a.Left
		ylo, yhi := inside(y0, a.DH, a.KH, a.H)
		xlo, xhi := inside(x0, a.DW, a.KW, a.W)
		for o := range a.Out {
			var s float32
			if len(bias) > 0 {
				s = bias[o]
			}
			for ky := ylo; ky < yhi; ky++ {
				for kx := xlo; kx < xhi; kx++ {
					w := weights[((o*a.KH+ky)*a.KW+kx)*cg:][:cg]
					from := src[((image*a.H+y0+ky*a.DH)*a.W+x0+kx*a.DW)*a.C+o/og*cg:]
					s = chain(s, from, w)
				}
			}
			dst[at*a.Out+o] = s
		}
	}
}

// DenseComputedF32Args describe a float32 product whose weights are computed.
type DenseComputedF32Args struct{ Rows, K, Out int }

// DenseComputedF32 is DenseF32 with weights [out][k] and a bias from memory; the bias may be empty.
func DenseComputedF32(w *Worker, a *DenseComputedF32Args, dst, src, weights, bias []float32) {
	defer w.wait()
	lo, hi := w.share(a.Rows, 1)
	for r := lo; r < hi; r++ {
		for o := range a.Out {
			var s float32
			if len(bias) > 0 {
				s = bias[o]
			}
			dst[r*a.Out+o] = chain(s, src[r*a.K:], weights[o*a.K:(o+1)*a.K])
		}
	}
}

// chain adds the products of x and w to s in order.
func chain(s float32, x, w []float32) float32 {
	x = x[:len(w)]
	for i, v := range w {
		s = float32(s + float32(x[i]*v))
	}
	return s
}
