package calib

import (
	"sync"
)

// A candidate is one range that IFMR weighs.
type candidate struct {
	scale  float32
	lo, hi float32 // elements are clipped to [lo, hi]
	loss   float64 // sum of squared errors
}

const candidateBytes = 24

// blockLen is how many elements go to the candidates at once.
const blockLen = 1 << 14

// candidates makes the candidates of the range found (AMCT 2.1, steps 3 and 4): asymmetric, only
// the upper bound moves; symmetric, both move together. None reaches beyond a clamp.
func (o *ifmr) candidates() error {
	if o.bounded {
		o.max, o.min = min(o.max, max(0, o.bhi)), max(o.min, min(0, o.blo))
	}
	lo, hi := CodeRange(o.cfg.Bits)
	o.cand = make([]candidate, o.cfg.candidates())
	for i := range o.cand {
		r := float32(o.cfg.Start + float64(float64(i)*o.cfg.Step))
		c := &o.cand[i]
		if o.cfg.Asymmetric {
			c.hi, c.lo = float32(r*o.max), o.min
			if o.bounded {
				c.hi = min(c.hi, max(0, o.bhi))
			}
			c.scale = float32(float32(c.hi-c.lo) / float32(hi-lo))
		} else {
			limit := float32(hi)
			m := abs(o.max)
			if m < abs(o.min) {
				m, limit = abs(o.min), float32(hi+1)
			}
			c.hi = float32(r * m)
			if o.bounded {
				c.hi = min(c.hi, max(abs(o.blo), abs(o.bhi)))
			}
			c.lo, c.scale = -c.hi, float32(c.hi/limit)
		}
		var err error
		if c.scale, _, err = ProcessScale(c.scale, 0, o.cfg.Asymmetric, o.cfg.Bits); err != nil {
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

// weigh hands a block to all candidates, the larger ones in two halves at the same time.
func (o *ifmr) weigh(x []float32) {
	half := len(o.cand) / 2
	if len(x) < 1<<10 {
		half = 0
	}
	var wg sync.WaitGroup
	if half > 0 {
		wg.Go(func() {
			for i := range o.cand[:half] {
				o.cand[i].add(x)
			}
		})
	}
	for i := range o.cand[half:] {
		o.cand[half+i].add(x)
	}
	wg.Wait()
}

// add follows AMCT 2.1, step 5: (round(clip(x)/scale)*scale - x)^2, without offset, the squares
// summed in float64. A squared float32 is exact there.
func (c *candidate) add(x []float32) {
	const magic = 3 << 22 // adding and subtracting it rounds to even below 2^22
	scale, lo, hi, loss := c.scale, c.lo, c.hi, c.loss
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
	c.loss = loss
}
