// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvF32Args describe a float32 convolution; Weights are [out][kh][kw][in/group], Bias may be
// empty.
type ConvF32Args struct {
	N, C, Out, Group int
	Window
	Weights, Bias []float32

	groups []packedF32
}

// Prepare packs the weights.
func (a *ConvF32Args) Prepare() {
	k, og := a.KH*a.KW*(a.C/a.Group), a.Out/a.Group
	a.groups = make([]packedF32, a.Group)
	for g := range a.groups {
		var bias []float32
		if len(a.Bias) > 0 {
			bias = a.Bias[g*og : (g+1)*og]
		}
		a.groups[g] = packF32(a.Weights[g*og*k:(g+1)*og*k], bias, k, og)
	}
}

// ConvF32 convolves. Every output starts at its bias, or +0, and adds its taps in ascending order
// of kernel row, kernel column and channel; taps outside are skipped.
func ConvF32(w *Worker, a *ConvF32Args, dst, src []float32) {
	defer w.wait()
	t := tileF32{src: unsafe.Pointer(unsafe.SliceData(src)), offs: &w.offs[0], outs: &w.outs[0]}
	for image := range a.N {
		lo, hi := w.share(a.OutH, 1)
		a.Window.runs(lo, hi, func(r run) { a.run(w, &t, dst, image, &r) })
	}
}

// run computes the outputs of an image whose windows have the same taps inside.
func (a *ConvF32Args) run(w *Worker, t *tileF32, dst []float32, image int, r *run) {
	flush := func() {
		if t.n > 0 && r.rows > 0 && r.cols > 0 {
			a.multiply(t, dst, r)
		} else if t.n > 0 {
			a.empty(w, dst, t.n)
		}
		t.n = 0
	}
	for oy := r.y0; oy < r.y1; oy++ {
		y := oy*a.SH - a.Top + r.row*a.DH
		for ox := r.x0; ox < r.x1; ox++ {
			x := ox*a.SW - a.Left + r.col*a.DW
			w.offs[t.n] = int32(4 * ((image*a.H+y)*a.W + x) * a.C)
			w.outs[t.n] = int32(4 * ((image*a.OutH+oy)*a.OutW + ox) * a.Out)
			if t.n++; t.n == chunk {
				flush()
			}
		}
	}
	flush()
}

// multiply computes the pixels of a tile in every group. A row of a window is one segment when its
// numbers follow each other; otherwise rows are added one position after the other.
func (a *ConvF32Args) multiply(t *tileF32, dst []float32, r *run) {
	cg, og := a.C/a.Group, a.Out/a.Group
	src := t.src
	for g := range a.groups {
		t.src, t.dst = element(src, g*cg), unsafe.Pointer(&dst[g*og])
		first := (r.row*a.KW + r.col) * cg
		switch {
		case a.Group == 1 && a.DW == 1:
			t.segs, t.taps = r.rows, r.cols*cg
			t.step = 4 * (a.DH*a.W*a.C - t.taps)
			a.groups[g].multiply(t, first, a.KW*cg-t.taps)
		case r.rows == 1:
			t.segs, t.taps, t.step = r.cols, cg, 4*(a.DW*a.C-cg)
			a.groups[g].multiply(t, first, 0)
		default:
			a.positions(t, &a.groups[g], r)
		}
	}
	t.src = src
}

// positions computes the pixels of a tile whose windows are no rows of numbers that follow each other.
func (a *ConvF32Args) positions(t *tileF32, p *packedF32, r *run) {
	cg := a.C / a.Group
	for i := range t.n {
		from, out := unsafe.Add(t.src, at32(t.offs, i)), unsafe.Add(t.dst, at32(t.outs, i))
		weights := 0
		for channel := 0; channel < p.out; {
			lanes := PanelLanes(p.out - channel)
			for lane := 0; lane < min(lanes, p.out-channel); lane += 8 {
				s := *(*[8]float32)(p.bias[channel+lane:])
				for ky := range r.rows {
					for kx := range r.cols {
						x := unsafe.Slice((*float32)(element(from, (ky*a.DH*a.W+kx*a.DW)*a.C)), cg)
						at := ((r.row+ky)*a.KW + r.col + kx) * cg * lanes
						dotF32(&s, x, unsafe.Pointer(&p.w[weights+at+lane]), 4*lanes)
					}
				}
				copy(unsafe.Slice((*float32)(element(out, channel+lane)), min(8, p.out-channel-lane)), s[:])
			}
			weights += lanes * p.k
			channel += lanes
		}
	}
}

// empty stores the biases at n outputs whose windows lie outside.
func (a *ConvF32Args) empty(w *Worker, dst []float32, n int) {
	for i := range n {
		out := dst[w.outs[i]/4:][:a.Out]
		clear(out)
		copy(out, a.Bias)
	}
}

// element is the place of float32 number i.
func element(p unsafe.Pointer, i int) unsafe.Pointer { return unsafe.Add(p, 4*i) }
