// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvGroupsWideArgs describe a convolution of codes of int16 in groups, or with holes between the
// columns of a window: ConvGroupsArgs of the high plane, and biases and zero point of the low one.
type ConvGroupsWideArgs struct {
	ConvGroupsArgs
	LowBias []int32
	LowZero uint8
}

// Local is the memory that every worker needs in bytes.
func (a *ConvGroupsWideArgs) Local() int { return 2 * a.ConvGroupsArgs.Local() }

// ConvGroupsWide convolves and takes sums to codes of int8.
func ConvGroupsWide(w *Worker, a *ConvGroupsWideArgs, dst, src []uint8) {
	a.each(w, src, func(at, channel, n int, high, low []int32, m []float32) {
		wideCodes(dst[at*a.Out+channel:][:n], high, low, m, &a.Codes)
	})
	w.wait()
}

// ConvGroupsWideToF32 convolves and gives the accumulators' values.
func ConvGroupsWideToF32(w *Worker, a *ConvGroupsWideArgs, dst []float32, src []uint8) {
	a.each(w, src, func(at, channel, n int, high, low []int32, m []float32) {
		wideNumbers(dst[at*a.Out+channel:][:n], high, low, m)
	})
	w.wait()
}

// each gathers the windows of this worker's pixels in both planes and calls f with the sums of every
// panel.
func (a *ConvGroupsWideArgs) each(w *Worker, src []uint8, f func(at, channel, n int, high, low []int32, m []float32)) {
	var t tile
	var sums [2][patchPixels][64]int32
	taps := 4 * a.groups()
	og := a.Out / a.Group
	planes := [2][]uint8{src[:len(src)/2], src[len(src)/2:]}
	zeros := [2]uint8{a.Zero, a.LowZero}
	patches := [2][]uint8{w.local[:patchPixels*taps], w.local[patchPixels*taps:][:patchPixels*taps]}
	for i := range patchPixels {
		w.offs[i] = int32(i * taps)
	}
	t.by(w)
	t.sums, t.ldd = 1, int(unsafe.Sizeof(sums[0][0]))
	t.segs, t.groups = 1, taps/4
	lo, end := w.share(a.N*a.OutH*a.OutW, 2)
	for ; lo < end; lo += patchPixels {
		t.n = min(patchPixels, end-lo)
		weights, lane := 0, 0
		for group := range a.Group {
			for i := range t.n {
				for p, plane := range planes {
					a.gatherOf(lo+i, group, plane, patches[p][i*taps:(i+1)*taps], zeros[p])
				}
			}
			for channel := 0; channel < og; {
				lanes := PanelLanes(og - channel)
				t.w, t.m = &a.Weights[weights], &a.M[lane]
				for p, bias := range [2][]int32{a.Bias, a.LowBias} {
					t.bias, t.src, t.dst = &bias[lane], unsafe.Pointer(unsafe.SliceData(patches[p])), unsafe.Pointer(&sums[p])
					t.run(lanes)
				}
				n := min(lanes, og-channel)
				for i := range t.n {
					f(lo+i, group*og+channel, n, sums[0][i][:n], sums[1][i][:n], a.M[lane:][:n])
				}
				weights += lanes * taps
				lane += lanes
				channel += lanes
			}
		}
	}
}
