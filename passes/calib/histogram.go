package calib

import (
	"errors"
	"math"
	"slices"
)

// A histogram observes a tensor in two sweeps: its extremes, then how its elements lie between them, in
// bins of equal width. choose finds the range from that.
type histogram struct {
	bits    int
	asym    bool
	choose  func(h *histogram) (lowest, highest float32)
	extreme minMax
	bins    []uint64
	zeros   uint64 // elements that are zero; they are in bins too
	n       uint64
	pass    int
	lowest  float32 // of the data, within bounds
	highest float32
	found   Params
	err     error
}

// maxBins bounds what a configuration may ask for.
const maxBins = 8192

func newHistogram(asym bool, bits, bins int, choose func(*histogram) (float32, float32)) *histogram {
	return &histogram{asym: asym, bits: bits, bins: make([]uint64, min(max(bins, 2), maxBins)), choose: choose}
}

func (h *histogram) Begin(pass int) {
	h.pass = pass
	if pass == 0 {
		h.extreme.Begin(0)
	}
	h.n, h.zeros = 0, 0
}

func (h *histogram) Add(x []float32) error {
	if h.pass == 0 {
		return h.extreme.Add(x)
	}
	width := h.width()
	for _, v := range x {
		v = min(max(v, h.lowest), h.highest)
		if v == 0 {
			h.zeros++
		}
		h.bins[h.at(float64(v), width)]++
	}
	h.n += uint64(len(x))
	return nil
}

// at is the bin of an element between the extremes, with bins of the given width.
func (h *histogram) at(v, width float64) int {
	if width <= 0 {
		return 0
	}
	return min(int((v-float64(h.lowest))/width), len(h.bins)-1)
}

// width is that of a bin.
func (h *histogram) width() float64 {
	return (float64(h.highest) - float64(h.lowest)) / float64(len(h.bins))
}

// edge is the lower edge of a bin.
func (h *histogram) edge(i int) float64 { return float64(h.lowest) + float64(float64(i)*h.width()) }

func (h *histogram) End() (bool, error) {
	if h.pass == 0 {
		if _, err := h.extreme.End(); err != nil {
			return false, err
		}
		h.lowest, h.highest = h.extreme.lo, h.extreme.hi
		if e := &h.extreme; e.bounded {
			h.lowest, h.highest = max(h.lowest, e.blo), min(h.highest, e.bhi)
			h.lowest = min(h.lowest, h.highest)
		}
		return true, nil
	}
	if h.n != h.extreme.n {
		return false, errors.New("sweep 2 saw another number of elements than the first: the data must be the same every time")
	}
	lowest, highest := h.lowest, h.highest
	if h.width() > 0 {
		lowest, highest = h.choose(h)
	}
	h.found, h.err = MinMax(lowest, highest, h.asym, h.bits)
	return false, h.err
}

func (h *histogram) Result() (Params, error) { return h.found, h.err }

func (h *histogram) Bound(lo, hi float32) { h.extreme.Bound(lo, hi) }

func (h *histogram) Bytes() int { return 8*len(h.bins) + 256 }

// NewHFMG observes with AMCT's histogram search (AMCT 2.2) in bins bins: 1024, 2048, 4096 or 8192. The
// histogram is that of all data over their whole range, which two sweeps give exactly; AMCT merges those of
// batches, so that a bound may lie a bin apart.
func NewHFMG(asym bool, bits, bins int) Observer { return newHistogram(asym, bits, bins, hfmg) }

// hfmg narrows the range from both ends, by at least a hundred-thousandth of the elements at a time, down to a
// quarter of the bins, and takes the range with the least squared error.
func hfmg(h *histogram) (lowest, highest float32) {
	n := len(h.bins)
	left, right := 0, n-1
	step := float64(max((h.n+99999)/100000, 1))
	bestL, bestR, best := 0, n-1, math.Inf(1)
	for right-left > (n+3)/4 {
		tl, tr := left, right
		var sum float64
		for sum < step && tl < tr {
			sum += float64(h.bins[tl])
			tl++
		}
		sum = 0
		for sum < step && tr > tl {
			sum += float64(h.bins[tr])
			tr--
		}
		if right-tr >= tl-left {
			right = tr
		} else {
			left = tl
		}
		if e := h.rangeError(left, right); e < best {
			bestL, bestR, best = left, right, e
		}
	}
	return float32(h.edge(bestL)), float32(h.edge(bestR + 1))
}

// rangeError is the squared error of the codes of a range of bins, elements spread evenly in their bins.
func (h *histogram) rangeError(l, r int) float64 {
	width := h.width()
	codes := math.Ldexp(1, h.bits)
	dw := width * float64(r-l+1) / codes
	if dw < Eps {
		return 0
	}
	norm := func(a, b float64) float64 { return (float64(b*b*b) - float64(a*a*a)) / 3 }
	clip := func(x float64) float64 { return min(max(math.Floor(x/dw), 0), codes-1) }
	var total float64
	for i, count := range h.bins {
		if count == 0 {
			continue
		}
		s := float64(float64(i-l) * width)
		e := s + width
		ib, ie := clip(s), clip(e)
		c := float64(ib*dw) + dw/2
		var part float64
		if ib == ie {
			part = norm(s-c, e-c)
		} else {
			part = norm(s-c, dw/2) + float64((ie-ib-1)*norm(-dw/2, dw/2)) + norm(-dw/2, e-float64(ie*dw)-dw/2)
		}
		total += float64(float64(count) / width * part)
	}
	return total
}

// NewMSE observes with a search of both ends of the range: the pair of ends, each a part of the extreme,
// whose codes have the least squared error.
func NewMSE(asym bool, bits int) Observer { return newHistogram(asym, bits, maxBins, leastSquares) }

// leastSquares tries parts of both ends from 0.1 to 1: in steps of 0.05, and then of 0.01 around the best.
func leastSquares(h *histogram) (lowest, highest float32) {
	bestA, bestB, best := 100, 100, math.Inf(1)
	try := func(a, b int) {
		lo, hi := h.part(a), h.partHigh(b)
		if e := h.codeError(lo, hi); e < best {
			bestA, bestB, best = a, b, e
		}
	}
	search := func(a0, a1, b0, b1, step int) {
		for a := a1; a >= a0; a -= step {
			for b := b1; b >= b0; b -= step {
				if !h.asym && a != b {
					continue // both ends move together
				}
				try(a, b)
			}
		}
	}
	ends := func(fixed bool) int {
		if fixed {
			return 100 // an end at 0 does not move
		}
		return 10
	}
	search(ends(h.lowest >= 0 && h.asym), 100, ends(h.highest <= 0 && h.asym), 100, 5)
	a, b := bestA, bestB
	search(max(a-4, 1), min(a+4, 100), max(b-4, 1), min(b+4, 100), 1)
	return h.part(bestA), h.partHigh(bestB)
}

func (h *histogram) part(hundredths int) float32 {
	return float32(float32(hundredths) / 100 * min(h.lowest, 0))
}

func (h *histogram) partHigh(hundredths int) float32 {
	return float32(float32(hundredths) / 100 * max(h.highest, 0))
}

// codeError is the squared error of the codes of a range, elements taken to lie in the middle of their bins.
func (h *histogram) codeError(lowest, highest float32) float64 {
	p, err := MinMax(lowest, highest, h.asym, h.bits)
	if err != nil {
		return math.Inf(1)
	}
	lo, hi := CodeRange(h.bits)
	s, o := float64(p.Scale), float64(p.Offset)
	var e float64
	for i, count := range h.bins {
		if count == 0 {
			continue
		}
		x := h.edge(i) + h.width()/2
		q := min(max(math.RoundToEven(x/s)+o, float64(lo)), float64(hi))
		d := float64((q-o)*s) - x
		e += float64(float64(d*d) * float64(count))
	}
	return e
}

// NewEntropy observes with a search for the range that loses least information: the divergence of
// Kullback and Leibler of the clipped histogram and the one that codes leave (Migacz 2017), both ends
// moving together. Zeros are left out: every range codes them exactly, and behind a ReLU, where they are a
// large part, the error of spreading them over their code's bins would decide.
func NewEntropy(asym bool, bits int) Observer { return newHistogram(asym, bits, maxBins, leastLoss) }

func leastLoss(h *histogram) (lowest, highest float32) {
	best, bestKL := 128, math.Inf(1)
	levels := 1 << h.bits
	bins := slices.Clone(h.bins)
	if h.zeros > 0 {
		bins[h.at(0, h.width())] -= h.zeros
	}
	for t := 128; t >= 16; t-- {
		lo, hi := float64(min(h.lowest, 0))*float64(t)/128, float64(max(h.highest, 0))*float64(t)/128
		first := min(max(int(math.Floor((lo-float64(h.lowest))/h.width())), 0), len(h.bins)-1)
		last := min(max(int(math.Ceil((hi-float64(h.lowest))/h.width())), first+1), len(h.bins))
		p := make([]float64, last-first)
		for i, c := range bins {
			p[min(max(i, first), last-1)-first] += float64(c)
		}
		inside := make([]float64, last-first)
		for i := range inside {
			inside[i] = float64(bins[first+i])
		}
		if len(p) <= levels {
			break // codes tell all bins apart: nothing is lost but at the ends
		}
		if kl := divergence(p, spreadBins(inside, levels)); kl < bestKL {
			best, bestKL = t, kl
		}
	}
	return float32(float64(min(h.lowest, 0)) * float64(best) / 128), float32(float64(max(h.highest, 0)) * float64(best) / 128)
}

// NewPercentile observes the range that leaves out the parts of the elements that the percentiles say, at
// both ends, exactly: IFMR's first two sweeps without its search.
func NewPercentile(cfg IFMRConfig) Observer {
	cfg.Start, cfg.End, cfg.Step = 0.5, 1, 0.5
	return &percentile{ifmr: *NewIFMR(cfg).(*ifmr)}
}

type percentile struct{ ifmr }

func (o *percentile) End() (bool, error) {
	more, err := o.ifmr.End()
	return more && o.pass == 0, err
}

func (o *percentile) Result() (Params, error) {
	switch {
	case o.err != nil:
		return Params{}, o.err
	case o.total == 0:
		return Params{}, ErrEmpty
	}
	return MinMax(o.min, o.max, o.cfg.Asymmetric, o.cfg.Bits)
}
