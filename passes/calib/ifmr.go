package calib

import (
	"errors"
	"fmt"
	"math"
)

// IFMRConfig are the parameters of IFMR (AMCT 2.1).
type IFMRConfig struct {
	MaxPercentile float64 // in (0.5, 1]
	MinPercentile float64
	Start, End    float64 // search range of the upper bound, in units of the maximum
	Step          float64
	Asymmetric    bool
	Bits          int
}

// DefaultIFMR are AMCT's defaults, asymmetric int8.
func DefaultIFMR() IFMRConfig {
	return IFMRConfig{MaxPercentile: 0.999999, MinPercentile: 0.999999, Start: 0.7, End: 1.3, Step: 0.01, Asymmetric: true, Bits: 8}
}

// maxCandidates bounds what a configuration may ask for.
const maxCandidates = 4096

// Check reports parameters outside AMCT's ranges.
func (c IFMRConfig) Check() error {
	switch {
	case !(c.MaxPercentile > 0.5 && c.MaxPercentile <= 1):
		return fmt.Errorf("max_percentile %v must lie in (0.5, 1]", c.MaxPercentile)
	case !(c.MinPercentile > 0.5 && c.MinPercentile <= 1):
		return fmt.Errorf("min_percentile %v must lie in (0.5, 1]", c.MinPercentile)
	case !(c.Start > 0 && c.End > c.Start && c.End < 1e6):
		return fmt.Errorf("search_range [%v, %v] must be positive and ascending", c.Start, c.End)
	case !(c.Step > 0 && c.Step <= c.End-c.Start):
		return fmt.Errorf("search_step %v must be positive and at most %v", c.Step, c.End-c.Start)
	case (c.End-c.Start)/c.Step > maxCandidates:
		return fmt.Errorf("search_step %v gives more than %d candidates", c.Step, maxCandidates)
	}
	return nil
}

// candidates is the number of candidates: start + i*step, both ends included.
func (c IFMRConfig) candidates() int {
	if c.Check() != nil {
		return 0
	}
	return int(math.Round((c.End-c.Start)/c.Step)) + 1
}

// ifmr is IFMR, exact in constant memory by three sweeps: the k-th largest and smallest element are
// found by counting the upper 16 bits of the ordered float pattern and then the lower 16 within
// the bin found; the third sweep sums the candidates' squared errors in float64, element by
// element, so that the sums do not depend on how the data are cut.
type ifmr struct {
	cfg      IFMRConfig
	pass     int
	n        uint64
	total    uint64
	upper    []uint64
	lowMax   []uint64
	lowMin   []uint64
	binMax   uint32
	binMin   uint32
	rankMax  uint64 // of the wanted element within its bin, from the top
	rankMin  uint64 // from the bottom
	inBins   uint64 // elements of the first sweep in the bins found
	max, min float32
	cand     *ranges
	block    []float32 // elements on their way to the candidates
	bounded  bool
	blo, bhi float32
	err      error
}

// NewIFMR observes with the exact IFMR search. Candidate i moves the upper bound to
// start + i*step, i = 0 … round((end-start)/step), both ends included.
func NewIFMR(cfg IFMRConfig) Observer {
	if cfg.Bits == 0 {
		cfg.Bits = 8
	}
	return &ifmr{cfg: cfg, err: cfg.Check()}
}

// IFMRBytes is the most that an exact IFMR observer with default candidates holds: the counters
// of its second sweep, or the candidates and the block of its third.
const IFMRBytes = 2*8<<16 + 61*candidateBytes + 256

func (o *ifmr) Bytes() int {
	return IFMRBytes + (o.cfg.candidates()-61)*candidateBytes
}

func (o *ifmr) Bound(lo, hi float32) { o.bounded, o.blo, o.bhi = true, lo, hi }

func (o *ifmr) Begin(pass int) {
	o.pass, o.n = pass, 0
	switch pass {
	case 0:
		o.upper = make([]uint64, 1<<16)
	case 1:
		o.lowMax = make([]uint64, 1<<16)
		o.lowMin = o.lowMax
		if o.binMin != o.binMax {
			o.lowMin = make([]uint64, 1<<16)
		}
	}
}

// ordered maps float32 to uint32 so that the order is kept.
func ordered(v float32) uint32 {
	b := math.Float32bits(v)
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}

func unordered(u uint32) float32 {
	if u>>31 != 0 {
		return math.Float32frombits(u &^ (1 << 31))
	}
	return math.Float32frombits(^u)
}

func (o *ifmr) Add(x []float32) error {
	if o.err != nil {
		return o.err
	}
	switch o.pass {
	case 0:
		if err := checkFinite(x, o.n); err != nil {
			return err
		}
		for _, v := range x {
			o.upper[ordered(v)>>16]++
		}
	case 1:
		for _, v := range x {
			u := ordered(v)
			switch u >> 16 {
			case o.binMax:
				o.lowMax[u&0xffff]++
			case o.binMin:
				o.lowMin[u&0xffff]++
			}
		}
	default:
		o.addLoss(x)
	}
	o.n += uint64(len(x))
	return nil
}

func (o *ifmr) End() (bool, error) {
	if o.err != nil {
		return false, o.err
	}
	if o.pass == 0 {
		o.total = o.n
		if o.n == 0 {
			return false, ErrEmpty
		}
		o.binMax, o.rankMax = fromTop(o.upper, rank(o.cfg.MaxPercentile, o.total))
		o.binMin, o.rankMin = fromBottom(o.upper, rank(o.cfg.MinPercentile, o.total))
		o.inBins = o.upper[o.binMax]
		if o.binMin != o.binMax {
			o.inBins += o.upper[o.binMin]
		}
		o.upper = nil
		return true, nil
	}
	if o.n != o.total {
		return false, fmt.Errorf("sweep %d saw %d elements, the first saw %d: the data must be the same every time", o.pass+1, o.n, o.total)
	}
	if o.pass == 1 {
		n := sum(o.lowMax)
		if o.binMin != o.binMax {
			n += sum(o.lowMin)
		}
		if n != o.inBins {
			return false, errors.New("sweep 2 saw other numbers than the first: the data must be the same every time")
		}
		hi, _ := fromTop(o.lowMax, o.rankMax)
		lo, _ := fromBottom(o.lowMin, o.rankMin)
		o.max = max(0, unordered(o.binMax<<16|hi))
		o.min = min(0, unordered(o.binMin<<16|lo))
		o.lowMax, o.lowMin = nil, nil
		return true, o.candidates()
	}
	for _, l := range o.cand.loss {
		if l-l != 0 {
			return false, errors.New("sweep 3 saw other numbers than the first: the data must be the same every time")
		}
	}
	o.block = nil
	return false, nil
}

func sum(count []uint64) uint64 {
	var n uint64
	for _, c := range count {
		n += c
	}
	return n
}

// rank is k: the wanted element is the k-th largest or smallest of n.
func rank(p float64, n uint64) uint64 {
	if 1-p < Eps {
		return 1
	}
	return max(1, n-uint64(math.Floor(p*float64(n))))
}

// fromTop is the bin that holds the k-th largest element, and its rank within the bin.
func fromTop(count []uint64, k uint64) (uint32, uint64) {
	for i := len(count) - 1; i >= 0; i-- {
		if count[i] >= k {
			return uint32(i), k
		}
		k -= count[i]
	}
	return 0, 1
}

func fromBottom(count []uint64, k uint64) (uint32, uint64) {
	for i, c := range count {
		if c >= k {
			return uint32(i), k
		}
		k -= c
	}
	return uint32(len(count) - 1), 1
}

func (o *ifmr) Result() (Params, error) {
	if o.err != nil {
		return Params{}, o.err
	}
	if o.total == 0 {
		return Params{}, ErrEmpty
	}
	best := 0
	for i, l := range o.cand.loss[:o.cand.n] {
		if l < o.cand.loss[best] {
			best = i
		}
	}
	scale := o.cand.scale[best]
	var offset int32
	if o.cfg.Asymmetric {
		lo, hi := CodeRange(o.cfg.Bits)
		offset = lo
		if o.cand.hi[best] > o.cand.lo[best] {
			offset = -int32(math.RoundToEven(float64(float32(o.min/scale)))) + lo
		}
		offset = min(max(offset, lo), hi)
	}
	return params(scale, offset, o.cfg.Bits, best), nil
}
