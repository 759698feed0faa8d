// SPDX-License-Identifier: MIT-0

package rt

// DepthwiseWideArgs describe a convolution of codes of int16 with one filter for each channel; Weights
// are [tap][channel]. High and Low are the stored bytes of the number 0 in both planes.
type DepthwiseWideArgs struct {
	N, C int
	Window
	Weights   []int8
	Bias      []int32
	M         []float32
	High, Low int32
	Codes
}

// wideChannels is the number of channels that are summed at once.
const wideChannels = 128

// depthwiseSums are the sums of both planes for channels of one pixel.
type depthwiseSums struct{ high, low [wideChannels]int32 }

// DepthwiseWide convolves and takes sums to codes of int8.
func DepthwiseWide(w *Worker, a *DepthwiseWideArgs, dst, src []uint8) {
	var s depthwiseSums
	a.each(w, &s, src, func(at, channel, n int) {
		wideCodes(dst[at*a.C+channel:][:n], s.high[:], s.low[:], a.M[channel:], &a.Codes)
	})
	w.wait()
}

// DepthwiseWideToF32 convolves and gives the accumulators' values.
func DepthwiseWideToF32(w *Worker, a *DepthwiseWideArgs, dst []float32, src []uint8) {
	var s depthwiseSums
	a.each(w, &s, src, func(at, channel, n int) {
		wideNumbers(dst[at*a.C+channel:][:n], s.high[:], s.low[:], a.M[channel:])
	})
	w.wait()
}

// each finds sums and calls f for those of pixel at and n channels from channel on.
func (a *DepthwiseWideArgs) each(w *Worker, s *depthwiseSums, src []uint8, f func(at, channel, n int)) {
	planes := [2][]uint8{src[:len(src)/2], src[len(src)/2:]}
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		image, y0, x0 := at/(a.OutW*a.OutH), at/a.OutW%a.OutH*a.SH-a.Top, at%a.OutW*a.SW-a.Left
		ylo, yhi := inside(y0, a.DH, a.KH, a.H)
		xlo, xhi := inside(x0, a.DW, a.KW, a.W)
		for c := 0; c < a.C; c += wideChannels {
			n := min(wideChannels, a.C-c)
			h, l := s.high[:n], s.low[:n]
			clear(h)
			copy(l, a.Bias[c:])
			for ky := ylo; ky < yhi; ky++ {
				for kx := xlo; kx < xhi; kx++ {
					from := ((image*a.H+y0+ky*a.DH)*a.W+x0+kx*a.DW)*a.C + c
					k := a.Weights[(ky*a.KW+kx)*a.C+c:][:n]
					x, y := planes[0][from:][:n], planes[1][from:][:n]
					for i, v := range k {
						h[i] += (int32(x[i]) - a.High) * int32(v)
						l[i] += (int32(y[i]) - a.Low) * int32(v)
					}
				}
			}
			f(at, c, n)
		}
	}
}
