package calib

import (
	"fmt"
	"math"
)

// Interval bounds a sum and every partial sum of it, in any order.
type Interval struct{ Lo, Hi int64 }

// Proof bounds the accumulators of a layer over all its channels, in the three forms that engines
// sum: Plain is b + sum (q-o)*w, Signed is b - o*sum w + sum q*w, and Folded, the form of machines
// that multiply an unsigned byte, is b - (128+o)*sum w + sum u*w with u = q+128. Products is sum u*w
// alone: machines that keep two sums in one register part them before they add the start.
type Proof struct {
	Plain, Signed, Folded, Products Interval
}

// Worst spans all forms.
func (p Proof) Worst() Interval { return p.Plain.union(p.Signed).union(p.Folded).union(p.Products) }

// ProveAccumulator bounds the accumulators of a layer from its actual weights, channel-major, and
// its quantized biases, one for each channel, for input codes in [lo, hi] and zero point offset.
// The error names the first channel whose sums may leave int32 in one of the forms.
func ProveAccumulator(w []int8, bias []int32, lo, hi, offset int32) (Proof, error) {
	var p Proof
	per := len(w) / max(1, len(bias))
	for c, b := range bias {
		var sum int64
		for _, v := range w[c*per : (c+1)*per] {
			sum += int64(v)
		}
		plain := span(w[c*per:(c+1)*per], int64(b), int64(lo-offset), int64(hi-offset))
		signed := span(w[c*per:(c+1)*per], int64(b)-int64(offset)*sum, int64(lo), int64(hi))
		folded := span(w[c*per:(c+1)*per], int64(b)-int64(128+offset)*sum, int64(lo+128), int64(hi+128))
		products := span(w[c*per:(c+1)*per], 0, int64(lo+128), int64(hi+128))
		for _, iv := range []Interval{plain, signed, folded, products} {
			if iv.Lo < math.MinInt32 || iv.Hi > math.MaxInt32 {
				return p, fmt.Errorf("the accumulator of output channel %d may reach [%d, %d], beyond int32", c, iv.Lo, iv.Hi)
			}
		}
		p.Plain, p.Signed, p.Folded = p.Plain.union(plain), p.Signed.union(signed), p.Folded.union(folded)
		p.Products = p.Products.union(products)
	}
	return p, nil
}

// ProveWideAccumulator is ProveAccumulator for int16 codes: the proof spans the sums of the high halves,
// which have no bias, and of the low halves less 128, as both are summed.
func ProveWideAccumulator(w []int8, bias []int32, lo, hi, offset int32) (Proof, error) {
	h, err := ProveAccumulator(w, make([]int32, len(bias)), lo>>8, hi>>8, offset>>8)
	if err != nil {
		return h, err
	}
	l, err := ProveAccumulator(w, bias, -128, 127, offset&255-128)
	return Proof{h.Plain.union(l.Plain), h.Signed.union(l.Signed), h.Folded.union(l.Folded), h.Products.union(l.Products)}, err
}

func (a Interval) union(b Interval) Interval { return Interval{min(a.Lo, b.Lo), max(a.Hi, b.Hi)} }

// span bounds start plus every partial sum, in any order, of x*w with x in [lo, hi] for each w.
func span(w []int8, start, lo, hi int64) Interval {
	iv := Interval{start, start}
	for _, v := range w {
		a, b := lo*int64(v), hi*int64(v)
		iv.Lo += min(0, a, b)
		iv.Hi += max(0, a, b)
	}
	return iv
}
