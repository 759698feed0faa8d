// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// ConvWideArgs describe a convolution of codes of int16, in two planes of bytes. Conv is the one of the
// high plane, whose biases fold its zero point alone; LowBias and LowZero are those of the low one. Two
// sums h and l become float32(h)*(256*M) + float32(l)*M.
type ConvWideArgs struct {
	Conv
	LowBias []int32
	LowZero uint8
}

// PadBytes is the size of the padded images of both planes.
func (a *ConvWideArgs) PadBytes() int { return 2 * a.Conv.PadBytes() }

// ConvWide convolves and takes sums to codes of int8. pad has PadBytes bytes.
func ConvWide(w *Worker, a *ConvWideArgs, dst, src, pad []uint8) {
	var s wideSums
	a.each(w, &s, src, pad, func(i, at, channel, n int) {
		wideCodes(dst[at*a.Out+channel:][:n], s.high[i][:n], s.low[i][:n], a.M[channel:], &a.Codes)
	})
	w.wait()
}

// ConvWideToF32 convolves and gives the accumulators' values.
func ConvWideToF32(w *Worker, a *ConvWideArgs, dst []float32, src, pad []uint8) {
	var s wideSums
	a.each(w, &s, src, pad, func(i, at, channel, n int) {
		wideNumbers(dst[at*a.Out+channel:][:n], s.high[i][:n], s.low[i][:n], a.M[channel:])
	})
	w.wait()
}

// widePixels is the number of pixels whose sums are kept at once.
const widePixels = 10

// wideSums are the sums of both planes for the channels of one panel.
type wideSums struct{ high, low [widePixels][64]int32 }

// each finds sums and calls f for those of pixel at, rows i of s, and n channels from channel on.
func (a *ConvWideArgs) each(w *Worker, s *wideSums, src, pad []uint8, f func(i, at, channel, n int)) {
	planes := [2][]uint8{src[:len(src)/2], src[len(src)/2:]}
	pads := [2][]uint8{pad[:len(pad)/2], pad[len(pad)/2:]}
	if a.Padded {
		a.borderOf(w, pads[1], planes[1], a.LowZero)
		planes[1] = pads[1]
	}
	var g tiles
	g.t.sums, g.t.ldd = 1, int(unsafe.Sizeof(s.high[0]))
	for g.begin(w, &a.Conv, planes[0], pads[0], widePixels); g.next(); {
		first := g.t.src
		g.t.dst = unsafe.Pointer(&s.high)
		g.t.run(g.lanes)
		g.t.dst, g.t.src, g.t.bias = unsafe.Pointer(&s.low), unsafe.Pointer(unsafe.SliceData(planes[1])), &a.LowBias[g.channel]
		g.t.run(g.lanes)
		g.t.src = first
		n := min(g.lanes, a.Out-g.channel)
		for i := range g.t.n {
			f(i, g.at+i, g.channel, n)
		}
	}
}

// wideCodes takes pairs of sums to codes of int8.
func wideCodes(dst []uint8, high, low []int32, m []float32, q *Codes) {
	high, low, m = high[:len(dst)], low[:len(dst)], m[:len(dst)]
	for i := range dst {
		dst[i] = q.code(float32(float32(float32(high[i])*float32(256*m[i])) + float32(float32(low[i])*m[i])))
	}
}

// wideNumbers takes pairs of sums to the numbers they stand for.
func wideNumbers(dst []float32, high, low []int32, m []float32) {
	high, low, m = high[:len(dst)], low[:len(dst)], m[:len(dst)]
	for i := range dst {
		dst[i] = float32(float32(float32(high[i])*float32(256*m[i])) + float32(float32(low[i])*m[i]))
	}
}
