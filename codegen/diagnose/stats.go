package diagnose

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Values are counted in bins of the upper 14 bits of their pattern, sign, exponent and five bits of the
// significand: a bin is 1/32 of its place wide, and there are as many for small numbers as for great.
const (
	binShift = 18
	binCount = 1 << (32 - binShift)
)

// Magnitudes of a channel are counted in half octaves.
const (
	magShift = 22
	magCount = 1 << (31 - magShift)
)

// maxChannels is how many channels of one tensor are told apart.
const maxChannels = 4096

// stats are what is known of one tensor over a data set. Memory does not depend on how much data
// there is.
type stats struct {
	n        uint64
	lo, hi   float32
	bins     []uint64
	channels []channel // along axis 1; nil for tensors without
}

// A channel of a tensor.
type channel struct {
	n      uint64
	lo, hi float32
	mags   [magCount]uint32
}

func newStats(t ir.Type) *stats {
	s := &stats{bins: make([]uint64, binCount)}
	if len(t.Shape) >= 2 && t.Shape[1] > 0 && t.Shape[1] <= maxChannels {
		s.channels = make([]channel, t.Shape[1])
	}
	return s
}

// ordered maps float32 to uint32 so that the order is kept.
func ordered(v float32) uint32 {
	b := math.Float32bits(v)
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}

// edge is the least number of a bin.
func edge(bin int) float32 {
	u := uint32(bin) << binShift
	if u>>31 != 0 {
		return math.Float32frombits(u &^ (1 << 31))
	}
	return math.Float32frombits(^u)
}

func (s *stats) add(t *tensor.Tensor) {
	x := t.F32
	if len(x) == 0 {
		return
	}
	if s.n == 0 {
		s.lo, s.hi = x[0], x[0]
	}
	s.n += uint64(len(x))
	for _, v := range x {
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
		s.bins[ordered(v)>>binShift]++
	}
	if s.channels == nil {
		return
	}
	inner := tensor.Elems(t.Shape[2:])
	for i := 0; i < len(x); i += inner {
		c := &s.channels[i/inner%len(s.channels)]
		if c.n == 0 {
			c.lo, c.hi = x[i], x[i]
		}
		c.n += uint64(inner)
		for _, v := range x[i : i+inner] {
			c.lo, c.hi = min(c.lo, v), max(c.hi, v)
			c.mags[math.Float32bits(v)<<1>>1>>magShift]++
		}
	}
}

// reach is the greatest magnitude.
func (s *stats) reach() float64 { return max(-float64(s.lo), float64(s.hi)) }

func (c *channel) reach() float64 {
	if c.n == 0 {
		return 0
	}
	return max(-float64(c.lo), float64(c.hi))
}

// beyond is the part of the values whose magnitude is at least m, to the bin.
func (s *stats) beyond(m float64) float64 {
	if s.n == 0 {
		return 0
	}
	var n uint64
	for i, c := range s.bins {
		if c > 0 && math.Abs(float64(edge(i))) >= m {
			n += c
		}
	}
	return float64(n) / float64(s.n)
}

// beyond is the part of the channel's values whose magnitude is at least m, to the half octave.
func (c *channel) beyond(m float64) float64 {
	if c.n == 0 {
		return 0
	}
	var n uint64
	for i, k := range c.mags {
		if k > 0 && float64(math.Float32frombits(uint32(i)<<magShift)) >= m {
			n += uint64(k)
		}
	}
	return float64(n) / float64(c.n)
}

// quantile is the magnitude that the part p of the values does not exceed, to the bin.
func (s *stats) quantile(p float64) float64 {
	lo, hi := binCount/2-1, binCount/2 // magnitudes ascend from the middle outwards, both ways
	var n uint64
	want := uint64(math.Ceil(p * float64(s.n)))
	for ; lo >= 0; lo, hi = lo-1, hi+1 {
		if n += s.bins[lo] + s.bins[hi]; n >= want && n > 0 {
			if hi+1 < binCount {
				return min(s.reach(), float64(edge(hi+1)))
			}
			break
		}
	}
	return s.reach()
}

// widest is the channel with the greatest magnitude, and how many times the median channel's that is;
// -1 when channels are not told apart.
func (s *stats) widest() (index int, ratio float64) {
	if len(s.channels) < 2 {
		return len(s.channels) - 1, 1
	}
	reach := make([]float64, len(s.channels))
	for i := range s.channels {
		reach[i] = s.channels[i].reach()
		if reach[i] > reach[index] {
			index = i
		}
	}
	return index, over(reach[index], median(reach))
}

// histogram gives n bins of equal width between lo and hi. A bin of stats is spread evenly over those
// that it meets; what lies outside is counted at the ends.
func (s *stats) histogram(lo, hi float64, n int) []float64 {
	out := make([]float64, n)
	if !(hi > lo) {
		return out
	}
	width := (hi - lo) / float64(n)
	at := func(x float64) float64 { return min(max((x-lo)/width, 0), float64(n)) }
	for i, c := range s.bins {
		if c == 0 {
			continue
		}
		a, b := float64(edge(i)), float64(s.hi)
		if i+1 < binCount {
			b = float64(edge(i + 1))
		}
		a, b = min(max(a, float64(s.lo)), float64(s.hi)), min(max(b, float64(s.lo)), float64(s.hi))
		from, to := at(min(a, b)), at(max(a, b))
		first, last := min(int(from), n-1), min(int(to), n-1)
		if first == last || !(to > from) {
			out[first] += float64(c)
			continue
		}
		for k := first; k <= last; k++ {
			part := (min(to, float64(k+1)) - max(from, float64(k))) / (to - from)
			out[k] += float64(part * float64(c))
		}
	}
	return out
}
