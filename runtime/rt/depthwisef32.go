// SPDX-License-Identifier: MIT-0

package rt

// DepthwiseF32Args describe a float32 convolution with one filter for each channel; Weights are
// [c][kh][kw], Bias may be empty.
type DepthwiseF32Args struct {
	N, C int
	Window
	Weights, Bias []float32

	w []float32 // [kh][kw][c]
}

// Prepare packs the weights.
func (a *DepthwiseF32Args) Prepare() {
	k := a.KH * a.KW
	a.w = make([]float32, k*a.C)
	for c := range a.C {
		for i, v := range a.Weights[c*k : (c+1)*k] {
			a.w[i*a.C+c] = v
		}
	}
}

// DepthwiseF32 convolves each channel, in the order of ConvF32.
func DepthwiseF32(w *Worker, a *DepthwiseF32Args, dst, src []float32) {
	defer w.wait()
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		row := dst[at*a.C : (at+1)*a.C]
		clear(row)
		copy(row, a.Bias)
		image, y0, x0 := at/(a.OutW*a.OutH), at/a.OutW%a.OutH*a.SH-a.Top, at%a.OutW*a.SW-a.Left
		ylo, yhi := inside(y0, a.DH, a.KH, a.H)
		xlo, xhi := inside(x0, a.DW, a.KW, a.W)
		for ky := ylo; ky < yhi; ky++ {
			for kx := xlo; kx < xhi; kx++ {
				w := a.w[(ky*a.KW+kx)*a.C:][:len(row)]
				from := src[((image*a.H+y0+ky*a.DH)*a.W+x0+kx*a.DW)*a.C:][:len(row)]
				for c := range row {
					row[c] = float32(row[c] + float32(from[c]*w[c]))
				}
			}
		}
	}
}
