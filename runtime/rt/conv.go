// SPDX-License-Identifier: MIT-0

package rt

// Conv describes a convolution of codes: N images of C channels, Out channels in Group groups,
// Weights [out][kh][kw][in/group]. Offset is the zero point of the input, M the factor of each
// output channel: the multiplier of requantization, or the value of one unit of the accumulator.
type Conv struct {
	N, C, Out, Group int
	Window
	Weights []int8
	Bias    []int32
	Offset  int32
	M       []float32
	Codes

	panels []panel
}

// Prepare packs the weights.
func (a *Conv) Prepare() {
	k, og := a.taps(), a.Out/a.Group
	a.panels = make([]panel, a.Group)
	for g := range a.panels {
		a.panels[g] = makePanel(a.Weights[g*og*k:(g+1)*og*k], a.Bias[g*og:(g+1)*og], k, 128+a.Offset)
	}
}

func (a *Conv) taps() int { return a.KH * a.KW * (a.C / a.Group) }

// Scratch is the number of elements of both scratch slices.
func (a *Conv) Scratch() (patch, acc int) { return strip * a.taps(), 2 * strip * a.Out }

// Conv2D convolves and requantizes. patch and acc are scratch.
func Conv2D(a *Conv, dst, src []uint8, patch []int64, acc []int32) {
	total := a.N * a.OutH * a.OutW
	for at := 0; at < total; at += 2 * strip {
		n := min(2*strip, total-at)
		a.accumulate(at, n, src, patch, acc)
		for i := range n {
			requantize(dst[(at+i)*a.Out:(at+i+1)*a.Out], acc[i*a.Out:], a.M, &a.Codes)
		}
	}
}

// Conv2DToF32 convolves and gives the accumulators' values. patch and acc are scratch.
func Conv2DToF32(a *Conv, dst []float32, src []uint8, patch []int64, acc []int32) {
	total := a.N * a.OutH * a.OutW
	for at := 0; at < total; at += 2 * strip {
		n := min(2*strip, total-at)
		a.accumulate(at, n, src, patch, acc)
		for i := range n {
			scaleRow(dst[(at+i)*a.Out:(at+i+1)*a.Out], acc[i*a.Out:], a.M)
		}
	}
}

// accumulate computes the accumulators of n output positions from position at on.
func (a *Conv) accumulate(at, n int, src []uint8, patch []int64, acc []int32) {
	k, og := a.taps(), a.Out/a.Group
	for g := range a.panels {
		for i := range n {
			a.gather(at+i, g, src, patch[i/2*k:(i/2+1)*k], i%2)
		}
		for i := 0; i < n; i += 2 {
			acc0 := acc[i*a.Out+g*og:]
			a.panels[g].multiply(patch[i/2*k:(i/2+1)*k], acc0, acc0[a.Out:])
		}
	}
}

// gather stores the taps of one output position and group in a lane of a patch; taps outside the
// image are the zero point.
func (a *Conv) gather(at, g int, src []uint8, x []int64, lane int) {
	cg := a.C / a.Group
	image, oy, ox := at/(a.OutW*a.OutH), at/a.OutW%a.OutH, at%a.OutW
	src = src[image*a.H*a.W*a.C : (image+1)*a.H*a.W*a.C]
	zero := uint8(128 + a.Offset)
	y0, x0 := oy*a.SH-a.Top, ox*a.SW-a.Left
	lo, hi := inside(x0, a.DW, a.KW, a.W)
	for ky := range a.KH {
		row := x[ky*a.KW*cg : (ky+1)*a.KW*cg]
		y := y0 + ky*a.DH
		if y < 0 || y >= a.H || lo == hi {
			fill(row, zero, lane)
			continue
		}
		fill(row[:lo*cg], zero, lane)
		fill(row[hi*cg:], zero, lane)
		first := (y*a.W+x0+lo*a.DW)*a.C + g*cg
		if a.DW == 1 && a.Group == 1 {
			put(row[lo*cg:], src[first:first+(hi-lo)*cg], lane)
			continue
		}
		for kx := lo; kx < hi; kx++ {
			put(row[kx*cg:], src[first:first+cg], lane)
			first += a.DW * a.C
		}
	}
}
