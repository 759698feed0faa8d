// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// tiles walks over a worker's share of a convolution: pixels in chunks, and for each chunk the
// panels. After next, t is ready but for dst: the first of its pixels is at, its first channel is
// channel, its panel has lanes channels.
type tiles struct {
	t              tile
	at             int
	channel, lanes int

	a            *Conv
	pixels       int // in a chunk
	end          int // of the pixels
	first, stop  int // channels of this worker's panels
	weights      int // where the next panel begins
	firstWeights int
	height, row  int // of an image in memory: rows, bytes of a row
	offs         []int32
}

// begin prepares the source and finds this worker's share. Chunks have at most pixels pixels.
func (g *tiles) begin(w *Worker, a *Conv, src, pad []uint8, pixels int) {
	height, width := a.H, a.W
	if a.Padded {
		a.border(w, pad, src)
		w.wait()
		src = pad
		height, width = a.covered()
	}
	g.a, g.pixels, g.height, g.row = a, pixels, height, width*a.C
	g.t.by(w)
	g.t.src = unsafe.Pointer(unsafe.SliceData(src))
	g.offs = w.offs[:]
	g.t.segs, g.t.groups = a.KH, groups(a.KW*a.C)
	g.t.step = a.DH*g.row - 4*g.t.groups
	g.t.requantization(&a.Codes, &a.Packed)
	if g.t.sums == 0 {
		g.t.ldd = a.Out
	}
	g.split(w)
	g.at -= pixels
	g.channel, g.lanes = g.stop, 0
}

// groups is the number of groups of four that n taps take.
func groups(n int) int { return (n + 3) / 4 }

// split gives every worker some of the pixels, or of the panels when there are few pixels or the
// weights are what has to be read.
func (g *tiles) split(w *Worker) {
	a := g.a
	total := a.N * a.OutH * a.OutW
	g.at, g.end = 0, total
	g.first, g.stop, g.firstWeights = 0, a.Out, 0
	if w.n == 1 {
		return
	}
	panels := (a.Out + 63) / 64
	if panels < 2*w.n || total >= chunk*w.n {
		g.at, g.end = w.share(total, 2)
		return
	}
	lo, hi := w.share(panels, 1)
	g.first, g.stop = 64*lo, min(64*hi, a.Out)
	g.firstWeights = g.first * g.taps()
}

// taps is the number of taps of one channel as packed.
func (g *tiles) taps() int { return g.t.segs * g.t.groups * 4 }

// next goes to the next panel, or to the first of the next chunk.
func (g *tiles) next() bool {
	g.channel += g.lanes
	if g.channel >= g.stop {
		g.at += g.pixels
		if g.at >= g.end || g.first >= g.stop {
			return false
		}
		g.t.n = min(g.pixels, g.end-g.at)
		g.place()
		g.channel, g.weights = g.first, g.firstWeights
	}
	a := g.a
	rest := a.Out - g.channel
	g.lanes = PanelLanes(rest)
	g.t.w = &a.Weights[g.weights]
	g.t.bias, g.t.m = &a.Bias[g.channel], &a.M[g.channel]
	g.t.mask = ^uint64(0)
	if rest < 64 {
		g.t.mask = 1<<rest - 1
	}
	g.weights += g.lanes * g.taps()
	g.t.ahead = g.lanes * g.taps()
	if g.channel+g.lanes >= g.stop && g.at+g.pixels < g.end {
		g.t.ahead -= g.weights - g.firstWeights
	}
	return true
}

// last says whether the panel is the last of its chunk.
func (g *tiles) last() bool { return g.channel+g.lanes >= g.stop }

// place finds the first tap of every pixel of the chunk.
func (g *tiles) place() {
	a := g.a
	ox := g.at % a.OutW
	oy := g.at / a.OutW % a.OutH
	image := g.at / (a.OutW * a.OutH)
	step := int32(a.SW * a.C)
	at := int32((image*g.height+oy*a.SH)*g.row) + int32(ox)*step
	offs := g.offs[:g.t.n]
	if a.OutW*a.SW*a.C == g.row && a.SH == 1 && a.OutH == g.height {
		for i := range offs { // every position in turn
			offs[i] = at
			at += step
		}
		return
	}
	for i := range offs {
		offs[i] = at
		at += step
		if ox++; ox == a.OutW {
			ox = 0
			if oy++; oy == a.OutH {
				oy = 0
				image++
			}
			at = int32((image*g.height + oy*a.SH) * g.row)
		}
	}
}
