// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// DepthwisePackedF32Args describe a float32 convolution with one filter for each channel, whose weights
// change from call to call.
type DepthwisePackedF32Args struct {
	N, C int
	Window
}

// Scratch is how many numbers of memory a call needs.
func (a *DepthwisePackedF32Args) Scratch() int { return (a.KH*a.KW + 1) * a.C }

// DepthwisePackedF32 is DepthwiseF32 with weights [c][kh][kw] and a bias from memory; the bias may be empty.
func DepthwisePackedF32(w *Worker, a *DepthwisePackedF32Args, dst, src, weights, bias, scratch []float32) {
	k := a.KH * a.KW
	d := DepthwiseF32Args{N: a.N, C: a.C, Window: a.Window, w: scratch[:k*a.C], bias: scratch[k*a.C : (k+1)*a.C]}
	if w.alone() {
		clear(d.bias)
		copy(d.bias, bias)
	}
	lo, hi := w.share(k, 1)
	for t := lo; t < hi; t++ {
		row := d.w[t*a.C : (t+1)*a.C]
		for c := range row {
			row[c] = weights[c*k+t]
		}
	}
	w.wait()
	DepthwiseF32(w, &d, dst, src)
}

// DepthwiseWeightsF32Args describe the gradient by the weights of a float32 convolution with one filter for
// each channel.
type DepthwiseWeightsF32Args struct {
	N, C int
	Window
}

// padded is the size of an image with the border that windows see.
func (a *DepthwiseWeightsF32Args) padded() (h, w int) {
	return max(a.H+a.Top, (a.OutH-1)*a.SH+(a.KH-1)*a.DH+1), max(a.W+a.Left, (a.OutW-1)*a.SW+(a.KW-1)*a.DW+1)
}

// Scratch is how many numbers of memory a call needs: padded images, sums of each sample, and zeros.
func (a *DepthwiseWeightsF32Args) Scratch() int {
	h, w := a.padded()
	return a.N*h*w*a.C + a.N*a.KH*a.KW*a.C + a.C
}

// DepthwiseWeightsF32 gives the gradients [c][kh][kw], summed as ConvWeightsF32 does.
func DepthwiseWeightsF32(w *Worker, a *DepthwiseWeightsF32Args, dst, src, grad, scratch []float32) {
	high, wide := a.padded()
	k, image := a.KH*a.KW, high*wide*a.C
	images, rest := scratch[:a.N*image], scratch[a.N*image:]
	sums, zero := rest[:a.N*k*a.C], rest[a.N*k*a.C:][:a.C]
	if w.alone() {
		clear(zero)
	}
	lo, hi := w.share(a.N, 1)
	for n := lo; n < hi; n++ {
		to := images[n*image : (n+1)*image]
		clear(to)
		for y := range a.H {
			copy(to[((y+a.Top)*wide+a.Left)*a.C:][:a.W*a.C], src[(n*a.H+y)*a.W*a.C:])
		}
	}
	w.wait()
	c := 4 * a.C
	s := spotsF32{n: 1, c: c, bias: unsafe.Pointer(&zero[0]), rows: a.OutH, cols: a.OutW, row: a.SH * wide * c, col: a.SW * c, wcol: c, stride: c, ldd: c}
	for n := lo; n < hi; n++ {
		s.w = unsafe.Pointer(&grad[n*a.OutH*a.OutW*a.C])
		for t := range k {
			s.src = unsafe.Pointer(&images[n*image+(t/a.KW*a.DH*wide+t%a.KW*a.DW)*a.C])
			s.dst = unsafe.Pointer(&sums[(n*k+t)*a.C])
			s.run()
		}
	}
	w.wait()
	lo, hi = w.share(k, 1)
	for t := lo; t < hi; t++ {
		total := sums[t*a.C : (t+1)*a.C]
		for i, v := range total {
			total[i] = float32(0 + v)
		}
		for n := 1; n < a.N; n++ {
			for i, v := range sums[(n*k+t)*a.C:][:a.C] {
				total[i] = float32(total[i] + v)
			}
		}
		for i, v := range total {
			dst[i*k+t] = v
		}
	}
	w.wait()
}
