// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvShiftedArgs describe a convolution whose accumulators are kept in 16 bits. Shift has the right
// shift of each output channel, from 1 to 16.
type ConvShiftedArgs struct {
	Conv
	Shift []uint8
}

// ConvShifted convolves, shifts and requantizes. pad has PadBytes bytes.
func ConvShifted(w *Worker, a *ConvShiftedArgs, dst, src, pad []uint8) {
	var s shiftedSums
	a.each(w, &s, src, pad, func(i, at, channel, n int) {
		s.codes(dst[at*a.Out+channel:][:n], i, a.M[channel:], &a.Codes)
	})
	w.wait()
}

// ConvShiftedToF32 convolves, shifts and gives the accumulators' values. pad has PadBytes bytes.
func ConvShiftedToF32(w *Worker, a *ConvShiftedArgs, dst []float32, src, pad []uint8) {
	var s shiftedSums
	a.each(w, &s, src, pad, func(i, at, channel, n int) {
		scaleRow(dst[at*a.Out+channel:][:n], s[i][:n], a.M[channel:])
	})
	w.wait()
}

// shiftedPixels is the number of pixels whose sums are kept at once.
const shiftedPixels = 10

// shiftedSums are the sums of the channels of one panel.
type shiftedSums [shiftedPixels][64]int32

// each finds sums and calls f for those of pixel at, row i of s, and n channels from channel on.
func (a *ConvShiftedArgs) each(w *Worker, s *shiftedSums, src, pad []uint8, f func(i, at, channel, n int)) {
	var g tiles
	g.t.sums, g.t.ldd = 1, int(unsafe.Sizeof(s[0]))
	for g.begin(w, &a.Conv, src, pad, shiftedPixels); g.next(); {
		g.t.dst = unsafe.Pointer(s)
		g.t.run(g.lanes)
		n := min(g.lanes, a.Out-g.channel)
		for i := range g.t.n {
			shiftRow(s[i][:n], a.Shift[g.channel:])
			f(i, g.at+i, g.channel, n)
		}
	}
}

// codes takes row i to codes of int8.
func (s *shiftedSums) codes(dst []uint8, i int, m []float32, q *Codes) {
	acc, m := s[i][:len(dst)], m[:len(dst)]
	for i := range dst {
		dst[i] = q.code(float32(float32(acc[i]) * m[i]))
	}
}

// shiftRow leaves of each sum 16 bits beginning at its shift.
func shiftRow(acc []int32, shift []uint8) {
	shift = shift[:len(acc)]
	for i, v := range acc {
		n := shift[i] & 31
		acc[i] = min(max(v>>n, -1<<15), 1<<15-1) << n
	}
}
