// SPDX-License-Identifier: MIT-0

package rt

import "sync/atomic"

// A Counter counts the values of one tensor, over any number of runs at once, and those of them that are outside a range.
type Counter struct {
	// Lo and Hi are the least and greatest number within the range; a NaN is outside.
	Lo, Hi float32
	// Low and High are the codes at whose end values are clipped, as stored, or -1 for an end that clips nothing that counts.
	Low, High int16

	values, outside atomic.Uint64
}

// Numbers counts float32 numbers. Every worker of a team calls it.
func (c *Counter) Numbers(w *Worker, src []float32) {
	lo, hi := w.share(len(src), 64)
	n := 0
	for _, v := range src[lo:hi] {
		if !(v >= c.Lo && v <= c.Hi) {
			n++
		}
	}
	c.add(hi-lo, n)
	w.wait()
}

// Codes counts stored codes: those at an end of their range are outside. Every worker of a team calls it.
func (c *Counter) Codes(w *Worker, src []uint8) {
	lo, hi := w.share(len(src), 64)
	n := 0
	for _, v := range src[lo:hi] {
		if int16(v) == c.Low || int16(v) == c.High {
			n++
		}
	}
	c.add(hi-lo, n)
	w.wait()
}

func (c *Counter) add(values, outside int) {
	c.values.Add(uint64(values))
	c.outside.Add(uint64(outside))
}

// Counts are the numbers of values, and of those outside, since the last Reset.
func (c *Counter) Counts() (values, outside uint64) { return c.values.Load(), c.outside.Load() }

// Reset counts from zero again.
func (c *Counter) Reset() {
	c.values.Store(0)
	c.outside.Store(0)
}
