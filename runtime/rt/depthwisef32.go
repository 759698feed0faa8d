// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// DepthwiseF32Args describe a float32 convolution with one filter for each channel; Weights are
// [c][kh][kw], Bias may be empty.
type DepthwiseF32Args struct {
	N, C int
	Window
	Weights, Bias []float32

	w, bias []float32 // [kh][kw][c], [c]
}

// Prepare packs the weights.
func (a *DepthwiseF32Args) Prepare() {
	k := a.KH * a.KW
	a.w, a.bias = make([]float32, k*a.C), make([]float32, a.C)
	copy(a.bias, a.Bias)
	for c := range a.C {
		for i, v := range a.Weights[c*k : (c+1)*k] {
			a.w[i*a.C+c] = v
		}
	}
}

// spotsF32 is one call of the kernel that computes n outputs of c bytes of channels, each of a window
// of rows by cols taps that all exist: the bias, plus products in order. In bytes, rows of a window
// are row apart, columns col, columns of weights wcol, with skip between their rows; outputs are
// stride apart in src, ldd in dst. The fields are read by assembly.
type spotsF32 struct {
	dst, src    unsafe.Pointer
	n, c        int
	w, bias     unsafe.Pointer
	rows, cols  int
	row, col    int
	skip        int
	stride, ldd int
	wcol        int
}

func (s *spotsF32) runGeneric() {
	for i := range s.n {
		out := unsafe.Slice((*float32)(unsafe.Add(s.dst, i*s.ldd)), s.c/4)
		copy(out, unsafe.Slice((*float32)(s.bias), s.c/4))
		w := s.w
		for ky := range s.rows {
			for kx := range s.cols {
				x := unsafe.Slice((*float32)(unsafe.Add(s.src, i*s.stride+ky*s.row+kx*s.col)), s.c/4)
				v := unsafe.Slice((*float32)(w), s.c/4)
				for c := range out {
					out[c] = float32(out[c] + float32(x[c]*v[c]))
				}
				w = unsafe.Add(w, s.wcol)
			}
			w = unsafe.Add(w, s.skip)
		}
	}
}

// DepthwiseF32 convolves each channel, in the order of ConvF32.
func DepthwiseF32(w *Worker, a *DepthwiseF32Args, dst, src []float32) {
	defer w.wait()
	c := 4 * a.C
	s := spotsF32{c: c, row: a.DH * a.W * c, col: a.DW * c, stride: a.SW * c, ldd: c, wcol: c, bias: unsafe.Pointer(unsafe.SliceData(a.bias))}
	for image := range a.N {
		lo, hi := w.share(a.OutH, 1)
		a.runs(lo, hi, func(r run) {
			s.n, s.rows, s.cols, s.skip = r.x1-r.x0, r.rows, r.cols, (a.KW-r.cols)*c
			for oy := r.y0; oy < r.y1; oy++ {
				s.dst = unsafe.Pointer(&dst[((image*a.OutH+oy)*a.OutW+r.x0)*a.C])
				if r.rows == 0 || r.cols == 0 {
					for i := range s.n {
						copy(unsafe.Slice((*float32)(element(s.dst, i*a.C)), a.C), a.bias)
					}
					continue
				}
				s.src = unsafe.Pointer(&src[((image*a.H+oy*a.SH-a.Top+r.row*a.DH)*a.W+r.x0*a.SW-a.Left+r.col*a.DW)*a.C])
				s.w = unsafe.Pointer(&a.w[(r.row*a.KW+r.col)*a.C])
				s.run()
			}
		})
	}
}
