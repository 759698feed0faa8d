// SPDX-License-Identifier: MIT-0

package rt

// ConvF32Args describe a float32 convolution; Weights are [out][kh][kw][in/group], Bias may be
// empty.
type ConvF32Args struct {
	N, C, Out, Group int
	Window
	Weights, Bias []float32

	panels []panelF32
}

// Prepare packs the weights.
func (a *ConvF32Args) Prepare() {
	k, og := a.KH*a.KW*(a.C/a.Group), a.Out/a.Group
	a.panels = make([]panelF32, a.Group)
	for g := range a.panels {
		var bias []float32
		if len(a.Bias) > 0 {
			bias = a.Bias[g*og : (g+1)*og]
		}
		a.panels[g] = makePanelF32(a.Weights[g*og*k:(g+1)*og*k], bias, k, og)
	}
}

// ConvF32 convolves. Every output starts at its bias, or +0, and adds its taps in ascending order
// of kernel row, kernel column and channel; taps outside are skipped.
func ConvF32(w *Worker, a *ConvF32Args, dst, src []float32) {
	og := a.Out / a.Group
	defer w.wait()
	lo, hi := w.share(a.N*a.OutH, 1)
	for row := lo; row < hi; row++ {
		for g := range a.panels {
			for o := 0; o < og; o += lanesF32 {
				for ox := range a.OutW {
					var s [lanesF32]float32
					a.sum(&s, row, ox, g, o/lanesF32, src)
					copy(dst[(row*a.OutW+ox)*a.Out+g*og+o:][:min(lanesF32, og-o)], s[:])
				}
			}
		}
	}
}

// sum computes a block of channels of one output.
func (a *ConvF32Args) sum(s *[lanesF32]float32, row, ox, g, block int, src []float32) {
	p, cg := &a.panels[g], a.C/a.Group
	*s = p.bias[block]
	image, y0, x0 := row/a.OutH, row%a.OutH*a.SH-a.Top, ox*a.SW-a.Left
	ylo, yhi := inside(y0, a.DH, a.KH, a.H)
	lo, hi := inside(x0, a.DW, a.KW, a.W)
	if lo == hi {
		return
	}
	for ky := ylo; ky < yhi; ky++ {
		w := p.w[block*p.k+(ky*a.KW+lo)*cg:]
		first := ((image*a.H+y0+ky*a.DH)*a.W+x0+lo*a.DW)*a.C + g*cg
		if a.DW == 1 && a.Group == 1 {
			dotF32(s, src[first:first+(hi-lo)*cg], w)
			continue
		}
		for kx := lo; kx < hi; kx++ {
			dotF32(s, src[first:first+cg], w[(kx-lo)*cg:])
			first += a.DW * a.C
		}
	}
}
