// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// Conv describes a convolution of codes: N images of C channels, Out channels. It reads its source
// in place when every window lies inside and a window's row is a whole number of groups of four
// codes; with Padded, it first copies the images into memory with a border of the stored code Zero.
// A product of matrices is a convolution of N images of one position.
type Conv struct {
	N, C, Out int
	Window
	Packed
	Zero   uint8
	Padded bool
	Codes
}

// Conv2D convolves and requantizes. pad has PadBytes bytes.
func Conv2D(w *Worker, a *Conv, dst, src, pad []uint8) {
	var g tiles
	for g.begin(w, a, src, pad, chunk); g.next(); {
		g.t.dst = unsafe.Pointer(&dst[g.at*a.Out+g.channel])
		g.t.run(g.lanes)
	}
	w.wait()
}

// Conv2DToF32 convolves and gives the accumulators' values. pad has PadBytes bytes.
func Conv2DToF32(w *Worker, a *Conv, dst []float32, src, pad []uint8) {
	const pixels = 10
	var g tiles
	var sums [pixels][64]int32
	g.t.sums, g.t.ldd = 1, int(unsafe.Sizeof(sums[0]))
	for g.begin(w, a, src, pad, pixels); g.next(); {
		g.t.dst = unsafe.Pointer(&sums)
		g.t.run(g.lanes)
		n := min(g.lanes, a.Out-g.channel)
		for i := range g.t.n {
			scaleRow(dst[(g.at+i)*a.Out+g.channel:][:n], sums[i][:n], a.M[g.channel:])
		}
	}
	w.wait()
}
