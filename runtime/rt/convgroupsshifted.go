// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvGroupsShiftedArgs describe a convolution in groups, or with holes between the columns of a window, whose
// accumulators are kept in 16 bits. Shift has the right shift of each output channel, from 1 to 16.
type ConvGroupsShiftedArgs struct {
	ConvGroupsArgs
	Shift []uint8
}

// ConvGroupsShifted convolves, shifts and requantizes.
func ConvGroupsShifted(w *Worker, a *ConvGroupsShiftedArgs, dst, src []uint8) {
	var s shiftedSums
	a.each(w, &s, src, func(i, at, channel, n int, m []float32) {
		s.codes(dst[at*a.Out+channel:][:n], i, m, &a.Codes)
	})
	w.wait()
}

// ConvGroupsShiftedToF32 convolves, shifts and gives the accumulators' values.
func ConvGroupsShiftedToF32(w *Worker, a *ConvGroupsShiftedArgs, dst []float32, src []uint8) {
	var s shiftedSums
	a.each(w, &s, src, func(i, at, channel, n int, m []float32) {
		scaleRow(dst[at*a.Out+channel:][:n], s[i][:n], m)
	})
	w.wait()
}

// each finds sums and calls f for those of pixel at, row i of s, and n channels from channel on, with their
// factors.
func (a *ConvGroupsShiftedArgs) each(w *Worker, s *shiftedSums, src []uint8, f func(i, at, channel, n int, m []float32)) {
	var t tile
	var sums [patchPixels][64]int32
	t.sums, t.ldd = 1, int(unsafe.Sizeof(sums[0]))
	t.dst = unsafe.Pointer(&sums)
	og := a.Out / a.Group
	a.ConvGroupsArgs.each(w, &t, src, func(at, channel, lanes int) {
		t.run(lanes)
		n := min(lanes, og-channel%og)
		for i := range t.n {
			row := s[0][:n]
			copy(row, sums[i][:n])
			shiftRow(row, a.Shift[channel:])
			f(0, at+i, channel, n, unsafe.Slice(t.m, n))
		}
	})
}
