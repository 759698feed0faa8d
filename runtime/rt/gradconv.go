// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// FlipFiltersArgs describe filters [group][out][kh][kw][in] of Out and In channels of each group.
type FlipFiltersArgs struct{ Group, Out, In, KH, KW int }

// FlipFilters turns filters round and exchanges their inputs and outputs: [group][in][kh][kw][out], the
// last tap first. A convolution with them gives the gradient by the input.
func FlipFilters(w *Worker, a *FlipFiltersArgs, dst, src []float32) {
	defer w.wait()
	k := a.KH * a.KW
	lo, hi := w.share(a.Group*a.In, 1)
	for at := lo; at < hi; at++ {
		g, i := at/a.In, at%a.In
		for t := range k {
			to := dst[(at*k+t)*a.Out:][:a.Out]
			from := src[(g*a.Out*k+k-1-t)*a.In+i:]
			for o := range to {
				to[o] = from[o*k*a.In]
			}
		}
	}
}

// SpreadArgs describe images of H by W positions of C numbers; positions come apart by SH and SW.
type SpreadArgs struct{ N, H, W, C, SH, SW int }

// Spread puts zeros between the positions of images.
func Spread(w *Worker, a *SpreadArgs, dst, src []float32) {
	defer w.wait()
	wide, tall := (a.W-1)*a.SW+1, (a.H-1)*a.SH+1
	lo, hi := w.share(a.N*tall, 1)
	for r := lo; r < hi; r++ {
		row := dst[r*wide*a.C : (r+1)*wide*a.C]
		clear(row)
		n, y := r/tall, r%tall
		if y%a.SH != 0 {
			continue
		}
		from := src[(n*a.H+y/a.SH)*a.W*a.C:]
		for x := range a.W {
			copy(row[x*a.SW*a.C:][:a.C], from[x*a.C:])
		}
	}
}

// ConvWeightsF32Args describe the gradient by the weights of a float32 convolution.
type ConvWeightsF32Args struct {
	N, C, Out, Group int
	Window
}

// planes is the geometry of an image cut into planes: one for each channel and each remainder of rows and
// columns by the stride, padded, so that a tap of all outputs is a rectangle in one plane.
type planes struct{ h, w int }

func (a *ConvWeightsF32Args) planes() planes {
	return planes{h: a.OutH + (a.KH-1)*a.DH/a.SH, w: a.OutW + (a.KW-1)*a.DW/a.SW}
}

// size is the number of numbers of one channel's planes.
func (a *ConvWeightsF32Args) size() int {
	p := a.planes()
	return a.SH * a.SW * p.h * p.w
}

// rows is the number of weights of an output channel.
func (a *ConvWeightsF32Args) rows() int { return a.KH * a.KW * (a.C / a.Group) }

// width is the number of lanes of a group's outputs.
func (a *ConvWeightsF32Args) width() int { return panelsF32(0, a.Out/a.Group) }

// Scratch is how many numbers of memory a call needs: an image in planes, a sample's gradient as wide as
// whole panels, and sums.
func (a *ConvWeightsF32Args) Scratch() int {
	return a.C*a.size() + a.OutH*a.OutW*a.width() + 2*a.Group*a.rows()*a.width()
}

// ConvWeightsF32 gives the gradients [out][in/group][kh][kw]: for every sample the sum over its outputs
// in ascending order from +0 of the tap, +0 outside, times the output's gradient; then the sum of the
// samples in ascending order from +0.
func ConvWeightsF32(w *Worker, a *ConvWeightsF32Args, dst, src, grad, scratch []float32) {
	cg, og := a.C/a.Group, a.Out/a.Group
	rows, width, size := a.rows(), a.width(), a.size()
	image, scratch := scratch[:a.C*size], scratch[a.C*size:]
	wide, scratch := scratch[:a.OutH*a.OutW*width], scratch[a.OutH*a.OutW*width:]
	one, total := scratch[:a.Group*rows*width], scratch[a.Group*rows*width:][:a.Group*rows*width]
	// A worker computes the taps of its own channels of every group, from planes that it cuts itself.
	lo, hi := w.share(cg, 1)
	clearRows := func(g int) []float32 {
		return total[(g*cg+lo)*a.KH*a.KW*width : (g*cg+hi)*a.KH*a.KW*width]
	}
	for g := range a.Group {
		clear(clearRows(g))
	}
	for n := range a.N {
		for g := range a.Group {
			for c := g*cg + lo; c < g*cg+hi; c++ {
				a.cut(image[c*size:(c+1)*size], src[n*a.H*a.W*a.C+c:])
			}
			from := grad[n*a.OutH*a.OutW*a.Out:][:a.OutH*a.OutW*a.Out]
			row := a.Out
			if width != og {
				w.wait() // the last group is done with
				a.widen(w, wide, from, g, og, width)
				w.wait()
				from, row = wide, width
			} else {
				from = from[g*og:]
			}
			a.multiply(w, one, image, from, g, row, lo, hi)
			sums := clearRows(g)
			r := rowF32{dst: sums, x: sums, y: one[(g*cg+lo)*a.KH*a.KW*width:][:len(sums)]}
			r.add()
		}
	}
	for g := range a.Group {
		for c := lo; c < hi; c++ {
			for t := range a.KH * a.KW {
				for o := range og {
					dst[((g*og+o)*cg+c)*a.KH*a.KW+t] = total[((g*cg+c)*a.KH*a.KW+t)*width+o]
				}
			}
		}
	}
	w.wait()
}

// cut puts one channel of an image into planes.
func (a *ConvWeightsF32Args) cut(dst, src []float32) {
	p := a.planes()
	for py := range a.SH {
		for px := range a.SW {
			for y := range p.h {
				row := dst[((py*a.SW+px)*p.h+y)*p.w:][:p.w]
				sy := y*a.SH + py - a.Top
				if sy < 0 || sy >= a.H {
					clear(row)
					continue
				}
				at := (sy*a.W + px - a.Left) * a.C
				for x := range row {
					sx := x*a.SW + px - a.Left
					if sx >= 0 && sx < a.W {
						row[x] = src[at+x*a.SW*a.C]
					} else {
						row[x] = 0
					}
				}
			}
		}
	}
}

// widen copies a group's gradients to rows of width numbers.
func (a *ConvWeightsF32Args) widen(w *Worker, dst, src []float32, g, og, width int) {
	lo, hi := w.share(a.OutH*a.OutW, 1)
	for p := lo; p < hi; p++ {
		row := dst[p*width : (p+1)*width]
		copy(row, src[p*a.Out+g*og:][:og])
		clear(row[og:])
	}
}

var zeros [64]float32

// multiply computes a sample's sums for the taps of channels lo to hi of a group.
func (a *ConvWeightsF32Args) multiply(w *Worker, dst, image, grad []float32, g, row, lo, hi int) {
	cg, og := a.C/a.Group, a.Out/a.Group
	p, size, width := a.planes(), a.size(), a.width()
	t := tileF32{offs: &w.offs[0], outs: &w.outs[0], src: unsafe.Pointer(&image[0]), bias: &zeros[0], segs: a.OutH, taps: a.OutW, step: 4 * (p.w - a.OutW), row: 4 * row}
	taps := a.KH * a.KW
	first, end := (g*cg+lo)*taps, (g*cg+hi)*taps
	for at := first; at < end; at += t.n {
		t.n = min(chunk, end-at)
		for i := range t.n {
			c, k := (at+i)/taps, (at+i)%taps
			y, x := k/a.KW*a.DH, k%a.KW*a.DW
			plane := y%a.SH*a.SW + x%a.SW
			w.offs[i] = int32(4 * (c*size + (plane*p.h+y/a.SH)*p.w + x/a.SW))
			w.outs[i] = int32(4 * (at + i) * width)
		}
		for channel := 0; channel < og; {
			lanes := PanelLanes(og - channel)
			t.w, t.dst = &grad[channel], unsafe.Pointer(&dst[channel])
			t.mask = ^uint64(0)
			if lanes < 64 {
				t.mask = 1<<lanes - 1
			}
			t.run(lanes)
			channel += lanes
		}
	}
}
