package calib

import (
	"sync"
)

// ranges are the ranges that IFMR weighs, in lists of a whole number of groups; those behind the last
// repeat it.
type ranges struct {
	n      int
	scale  []float32
	lo, hi []float32 // elements are clipped to [lo, hi]
	loss   []float64 // sums of squared errors
}

// rangeGroup is the number of ranges that are weighed together.
const rangeGroup = 8

const candidateBytes = 24

func newRanges(n int) *ranges {
	whole := (n + rangeGroup - 1) / rangeGroup * rangeGroup
	numbers := make([]float32, 3*whole)
	return &ranges{n: n, scale: numbers[:whole], lo: numbers[whole : 2*whole], hi: numbers[2*whole:], loss: make([]float64, whole)}
}

// blockLen is how many elements go to the candidates at once.
const blockLen = 1 << 14

// candidates makes the candidates of the range found (AMCT 2.1, steps 3 and 4): asymmetric, only
// the upper bound moves; symmetric, both move together. None reaches beyond a clamp.
func (o *ifmr) candidates() error {
	if o.bounded {
		o.max, o.min = min(o.max, max(0, o.bhi)), max(o.min, min(0, o.blo))
	}
	lo, hi := CodeRange(o.cfg.Bits)
	c := newRanges(o.cfg.candidates())
	o.cand = c
	for i := range c.scale {
		r := float32(o.cfg.Start + float64(float64(min(i, c.n-1))*o.cfg.Step))
		if o.cfg.Asymmetric {
			c.hi[i], c.lo[i] = float32(r*o.max), o.min
			if o.bounded {
				c.hi[i] = min(c.hi[i], max(0, o.bhi))
			}
			c.scale[i] = float32(float32(c.hi[i]-c.lo[i]) / float32(hi-lo))
		} else {
			limit := float32(hi)
			m := abs(o.max)
			if m < abs(o.min) {
				m, limit = abs(o.min), float32(hi+1)
			}
			c.hi[i] = float32(r * m)
			if o.bounded {
				c.hi[i] = min(c.hi[i], max(abs(o.blo), abs(o.bhi)))
			}
			c.lo[i], c.scale[i] = -c.hi[i], float32(c.hi[i]/limit)
		}
		var err error
		if c.scale[i], _, err = ProcessScale(c.scale[i], 0, o.cfg.Asymmetric, o.cfg.Bits); err != nil {
			return err
		}
	}
	return nil
}

// addLoss adds the squared errors of x to every candidate, each in the order of the elements, so
// that the sums depend neither on how the data are cut nor on the number of processors. Zeros,
// which every candidate holds exactly, add nothing and are left out.
func (o *ifmr) addLoss(x []float32) {
	if o.block == nil {
		o.block = make([]float32, 0, blockLen)
	}
	for len(x) > 0 {
		n := min(len(x), blockLen)
		block := o.block
		for _, v := range x[:n] {
			if v != 0 {
				block = append(block, v)
			}
		}
		o.weigh(block)
		x = x[n:]
	}
}

// weigh hands a block to all candidates, larger ones to two halves of them at the same time.
func (o *ifmr) weigh(x []float32) {
	if len(x) == 0 {
		return
	}
	groups := len(o.cand.scale) / rangeGroup
	half := groups / 2
	if len(x) < 1<<10 {
		half = 0
	}
	var wg sync.WaitGroup
	if half > 0 {
		wg.Go(func() {
			for g := range half {
				o.cand.add(g*rangeGroup, x)
			}
		})
	}
	for g := half; g < groups; g++ {
		o.cand.add(g*rangeGroup, x)
	}
	wg.Wait()
}

// addGeneric follows AMCT 2.1, step 5, for the group of ranges at index at: (round(clip(x)/scale)*scale - x)^2,
// without offset, the squares summed in float64. A squared float32 is exact there.
func (c *ranges) addGeneric(at int, x []float32) {
	for i := at; i < at+rangeGroup; i++ {
		c.loss[i] = c.one(i, x)
	}
}

func (c *ranges) one(i int, x []float32) float64 {
	const magic = 3 << 22 // adding and subtracting it rounds to even below 2^22
	scale, lo, hi, loss := c.scale[i], c.lo[i], c.hi[i], c.loss[i]
	for _, v := range x {
		u := v
		if u > hi {
			u = hi
		} else if u < lo {
			u = lo
		}
		q := float32(u / scale)
		q = float32(float32(q+magic) - magic)
		d := float64(float32(float32(q*scale) - v))
		loss += float64(d * d)
	}
	return loss
}
