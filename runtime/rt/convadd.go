// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvAddArgs describe a convolution whose codes are added to another tensor of the result's shape:
// the end of a residual block. The convolution's codes are operand A of the sum.
type ConvAddArgs struct {
	Conv
	Sum Sum
}

// Conv2DAdd convolves, requantizes and adds: the same codes as Conv2D followed by AddCodes. mid,
// when it is not empty, receives the codes before the sum. pad has PadBytes bytes.
func Conv2DAdd(w *Worker, a *ConvAddArgs, dst, src, other, mid, pad []uint8) {
	var g tiles
	for g.begin(w, &a.Conv, src, pad, chunk); g.next(); {
		g.t.dst = unsafe.Pointer(&dst[g.at*a.Out+g.channel])
		g.t.run(g.lanes)
		if !g.last() {
			continue
		}
		if g.first == 0 && g.stop == a.Out {
			a.add(dst, other, mid, g.at*a.Out, g.t.n*a.Out)
			continue
		}
		for i := range g.t.n {
			a.add(dst, other, mid, (g.at+i)*a.Out+g.first, g.stop-g.first)
		}
	}
	w.wait()
}

// add ends n codes from lo on.
func (a *ConvAddArgs) add(dst, other, mid []uint8, lo, n int) {
	row := dst[lo : lo+n]
	if len(mid) > 0 {
		copy(mid[lo:], row)
	}
	a.Sum.add(row, row, other[lo:lo+n])
}
