package calib

import (
	"fmt"
	"math"
)

// FromSketch finds the factors that o would find of the elements that s was made of. o is an observer that saw
// nothing, its bounds told. exact says that they are those that o would find: of extremes, and of percentiles
// that the kept elements hold. Other searches take elements as spread evenly within bins, of which a range that
// fills the extremes has at least SketchBins/2.
func FromSketch(o Observer, s *Sketch) (p Params, exact bool, err error) {
	if s.Count == 0 {
		return Params{}, false, ErrEmpty
	}
	switch o := o.(type) {
	case *minMax:
		o.lo, o.hi, o.n = s.Min(), s.Max(), s.Count
		p, err = o.Result()
		return p, true, err
	case *ifmr:
		if _, err := o.fromSketch(s); err != nil {
			return Params{}, false, err
		}
		for i := range o.cand.n {
			o.cand.loss[i] = s.loss(float64(o.cand.scale[i]), float64(o.cand.lo[i]), float64(o.cand.hi[i]))
		}
		p, err = o.Result()
		return p, false, err
	case *percentile:
		if exact, err = o.fromSketch(s); err != nil {
			return Params{}, false, err
		}
		p, err = o.Result()
		return p, exact, err
	case *histogram:
		e := &o.extreme
		e.lo, e.hi, e.n = s.Min(), s.Max(), s.Count
		if _, err := o.End(); err != nil {
			return Params{}, false, err
		}
		s.spread(o.bins, float64(o.lowest), float64(o.highest))
		o.pass, o.n = 1, s.Count
		if o.lowest <= 0 && o.highest >= 0 {
			o.zeros = s.Zeros
		}
		if _, err := o.End(); err != nil {
			return Params{}, false, err
		}
		p, err = o.Result()
		return p, o.width() == 0, err
	}
	return Params{}, false, fmt.Errorf("%T takes no stored statistics", o)
}

// fromSketch takes the place of the first two sweeps.
func (o *ifmr) fromSketch(s *Sketch) (exact bool, err error) {
	if o.err != nil {
		return false, o.err
	}
	o.total = s.Count
	top, a := s.fromTop(rank(o.cfg.MaxPercentile, s.Count))
	low, b := s.fromBottom(rank(o.cfg.MinPercentile, s.Count))
	o.max, o.min = max(0, top), min(0, low)
	return a && b, o.candidates()
}

// fromTop is the k-th greatest element, exact when it is among those that are kept.
func (s *Sketch) fromTop(k uint64) (v float32, exact bool) {
	if k <= uint64(len(s.High)) {
		return s.High[len(s.High)-int(k)], true
	}
	return s.quantile(s.Count - k), false
}

// fromBottom is the k-th lowest element.
func (s *Sketch) fromBottom(k uint64) (v float32, exact bool) {
	if k <= uint64(len(s.Low)) {
		return s.Low[k-1], true
	}
	return s.quantile(k - 1), false
}

// quantile is the element with n others before it in ascending order, as even spread within its bin has it.
func (s *Sketch) quantile(n uint64) float32 {
	w := math.Ldexp(1, s.Exp)
	first, counts := s.Bins()
	var below uint64
	zeros := s.Zeros
	for i, c := range counts {
		if first+i >= 0 { // zeros stand before the bin of small positive elements
			if n < below+zeros {
				return 0
			}
			below += zeros
			zeros = 0
		}
		if n < below+c {
			x := float64((float64(first+i) + (float64(n-below)+0.5)/float64(c)) * w)
			return min(max(float32(x), s.Min()), s.Max())
		}
		below += c
	}
	return s.Max() // one of the zeros behind all bins
}

// loss is IFMR's squared error of a range with even spread within bins: elements are clipped to [lo, hi] and
// rounded to multiples of scale. Zeros have none.
func (s *Sketch) loss(scale, lo, hi float64) float64 {
	first, counts := s.Bins()
	w := math.Ldexp(1, s.Exp)
	var total float64
	for i, n := range counts {
		if n == 0 {
			continue
		}
		// The outermost bins reach no further than the extremes.
		a := max(float64(float64(first+i)*w), float64(s.Min()))
		b := min(float64(float64(first+i+1)*w), float64(s.Max()))
		total += float64(float64(n) * meanError(a, b, scale, lo, hi))
	}
	return total
}

// meanError is the mean squared error of elements spread evenly over [a, b].
func meanError(a, b, scale, lo, hi float64) float64 {
	if b <= a {
		x := min(max(a, lo), hi)
		d := float64(math.RoundToEven(x/scale)*scale) - a
		return float64(d * d)
	}
	var sum float64
	if a < lo { // clipped to the lower end
		e := min(b, lo)
		sum += cubes(a, e, float64(math.RoundToEven(lo/scale)*scale))
	}
	if b > hi {
		e := max(a, hi)
		sum += cubes(e, b, float64(math.RoundToEven(hi/scale)*scale))
	}
	if l, r := max(a, lo), min(b, hi); l < r {
		p, q := math.RoundToEven(l/scale), math.RoundToEven(r/scale)
		if p == q {
			sum += cubes(l, r, float64(p*scale))
		} else {
			half := scale / 2
			sum += cubes(l, float64(p*scale)+half, float64(p*scale)) + cubes(float64(q*scale)-half, r, float64(q*scale))
			sum += float64((q - p - 1) * cubes(-half, half, 0))
		}
	}
	return sum / (b - a)
}

// cubes is the integral of (x-c)² from a to b.
func cubes(a, b, c float64) float64 {
	p, q := a-c, b-c
	return (float64(float64(q*q)*q) - float64(float64(p*p)*p)) / 3
}

// spread puts the elements into bins of equal width between lo and hi, those beyond into the outermost ones;
// elements of a bin are spread evenly over it and rounded to whole numbers so that none is lost.
func (s *Sketch) spread(bins []uint64, lo, hi float64) {
	clear(bins)
	width := (hi - lo) / float64(len(bins))
	at := func(x float64) int {
		if width <= 0 {
			return 0
		}
		return int(min(max(math.Floor((x-lo)/width), 0), float64(len(bins)-1)))
	}
	bins[at(0)] += s.Zeros
	first, counts := s.Bins()
	w := math.Ldexp(1, s.Exp)
	for i, n := range counts {
		if n == 0 {
			continue
		}
		a := max(float64(float64(first+i)*w), float64(s.Min()))
		b := min(float64(float64(first+i+1)*w), float64(s.Max()))
		l, r := at(a), at(b)
		if l == r || b <= a {
			bins[l] += n
			continue
		}
		var done uint64
		for k := l; k < r; k++ {
			edge := lo + float64(float64(k+1)*width)
			upto := uint64(math.Round(float64(n) * min(max((edge-a)/(b-a), 0), 1)))
			upto = min(max(upto, done), n)
			bins[k] += upto - done
			done = upto
		}
		bins[r] += n - done
	}
}
