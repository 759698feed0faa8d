// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvGroupsArgs describe a convolution of codes in Group groups of channels, or with holes between
// the columns of a window. Packed has the panels of the groups one after another. Taps outside are
// the stored code Zero.
type ConvGroupsArgs struct {
	N, C, Out, Group int
	Window
	Packed
	Zero uint8
	Codes
}

// patchPixels is the number of windows that are gathered at once.
const patchPixels = 20

// Local is the memory that every worker needs in bytes.
func (a *ConvGroupsArgs) Local() int { return patchPixels * 4 * a.groups() }

// groups is the number of groups of four taps of one window.
func (a *ConvGroupsArgs) groups() int { return groups(a.KH * a.KW * (a.C / a.Group)) }

// ConvGroups convolves and requantizes.
func ConvGroups(w *Worker, a *ConvGroupsArgs, dst, src []uint8) {
	var t tile
	t.requantization(&a.Codes, &a.Packed)
	t.ldd = a.Out
	a.each(w, &t, src, func(at, channel, lanes int) {
		t.dst = unsafe.Pointer(&dst[at*a.Out+channel])
		t.run(lanes)
	})
	w.wait()
}

// ConvGroupsToF32 convolves and gives the accumulators' values.
func ConvGroupsToF32(w *Worker, a *ConvGroupsArgs, dst []float32, src []uint8) {
	var t tile
	var sums [patchPixels][64]int32
	t.sums, t.ldd = 1, int(unsafe.Sizeof(sums[0]))
	t.dst = unsafe.Pointer(&sums)
	a.each(w, &t, src, func(at, channel, lanes int) {
		t.run(lanes)
		n := min(lanes, a.Out/a.Group-channel%(a.Out/a.Group))
		for i := range t.n {
			scaleRow(dst[(at+i)*a.Out+channel:][:n], sums[i][:n], unsafe.Slice(t.m, n))
		}
	})
	w.wait()
}

// each gathers the windows of this worker's pixels and calls f for every panel of every chunk, with
// the chunk's first pixel and the panel's first channel.
func (a *ConvGroupsArgs) each(w *Worker, t *tile, src []uint8, f func(at, channel, lanes int)) {
	taps := 4 * a.groups()
	og := a.Out / a.Group
	patches := w.local[:patchPixels*taps]
	for i := range patchPixels {
		w.offs[i] = int32(i * taps)
	}
	t.by(w)
	t.src = unsafe.Pointer(unsafe.SliceData(patches))
	t.segs, t.groups = 1, taps/4
	lo, end := w.share(a.N*a.OutH*a.OutW, 2)
	for ; lo < end; lo += patchPixels {
		t.n = min(patchPixels, end-lo)
		weights, lane := 0, 0
		for group := range a.Group {
			for i := range t.n {
				a.gather(lo+i, group, src, patches[i*taps:(i+1)*taps])
			}
			for channel := 0; channel < og; {
				lanes := PanelLanes(og - channel)
				t.w, t.bias, t.m = &a.Weights[weights], &a.Bias[lane], &a.M[lane]
				t.mask = 1<<min(og-channel, 63) - 1
				if og-channel >= 64 {
					t.mask = ^uint64(0)
				}
				f(lo, group*og+channel, lanes)
				weights += lanes * taps
				lane += lanes
				channel += lanes
			}
		}
	}
}

// gather stores the taps of one output position and group.
func (a *ConvGroupsArgs) gather(at, group int, src, x []uint8) { a.gatherOf(at, group, src, x, a.Zero) }

// gatherOf is gather with taps outside of the code zero.
func (a *ConvGroupsArgs) gatherOf(at, group int, src, x []uint8, zero uint8) {
	cg := a.C / a.Group
	image, oy, ox := at/(a.OutW*a.OutH), at/a.OutW%a.OutH, at%a.OutW
	src = src[image*a.H*a.W*a.C : (image+1)*a.H*a.W*a.C]
	y0, x0 := oy*a.SH-a.Top, ox*a.SW-a.Left
	for ky := range a.KH {
		for kx := range a.KW {
			y, col := y0+ky*a.DH, x0+kx*a.DW
			if y < 0 || y >= a.H || col < 0 || col >= a.W {
				fillU8(x[:cg], zero)
			} else {
				copy(x[:cg], src[(y*a.W+col)*a.C+group*cg:])
			}
			x = x[cg:]
		}
	}
}
