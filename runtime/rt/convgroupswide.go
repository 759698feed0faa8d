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
	var s wideSums
	a.each(w, &s, src, func(i, at, channel, lane, n int) {
		wideCodes(dst[at*a.Out+channel:][:n], s.high[i][:n], s.low[i][:n], a.M[lane:], &a.Codes)
	})
	w.wait()
}

// ConvGroupsWideToF32 convolves and gives the accumulators' values.
func ConvGroupsWideToF32(w *Worker, a *ConvGroupsWideArgs, dst []float32, src []uint8) {
	var s wideSums
	a.each(w, &s, src, func(i, at, channel, lane, n int) {
		wideNumbers(dst[at*a.Out+channel:][:n], s.high[i][:n], s.low[i][:n], a.M[lane:])
	})
	w.wait()
}

// each gathers the windows of this worker's pixels in both planes, finds sums and calls f for those of
// pixel at, rows i of s, and n channels from channel on, whose factors begin at lane.
func (a *ConvGroupsWideArgs) each(w *Worker, s *wideSums, src []uint8, f func(i, at, channel, lane, n int)) {
	var t tile
	taps := 4 * a.groups()
	og := a.Out / a.Group
	sums := [2]unsafe.Pointer{unsafe.Pointer(&s.high), unsafe.Pointer(&s.low)}
	planes := [2][]uint8{src[:len(src)/2], src[len(src)/2:]}
	zeros := [2]uint8{a.Zero, a.LowZero}
	patches := [2][]uint8{w.local[:widePixels*taps], w.local[widePixels*taps:][:widePixels*taps]}
	for i := range widePixels {
		w.offs[i] = int32(i * taps)
	}
	t.by(w)
	t.sums, t.ldd = 1, int(unsafe.Sizeof(s.high[0]))
	t.segs, t.groups = 1, taps/4
	lo, end := w.share(a.N*a.OutH*a.OutW, 2)
	for ; lo < end; lo += widePixels {
		t.n = min(widePixels, end-lo)
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
					t.bias, t.src, t.dst = &bias[lane], unsafe.Pointer(unsafe.SliceData(patches[p])), sums[p]
					t.run(lanes)
				}
				n := min(lanes, og-channel)
				for i := range t.n {
					f(i, lo+i, group*og+channel, lane, n)
				}
				weights += lanes * taps
				lane += lanes
				channel += lanes
			}
		}
	}
}
