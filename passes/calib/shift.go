package calib

import (
	"fmt"
	"math"
)

// maxShift is the greatest right shift of an accumulator to 16 bits.
const maxShift = 16

// A ShiftSearch finds how far accumulators are shifted right to become 16-bit numbers (AMCT 2.6, SearchN): the N in
// 1..16 for which clip(floor(acc/2^N), -2^15, 2^15-1)*2^N comes nearest to acc, by the sum of squares; the
// smallest of equal ones. Its memory does not depend on how much it sees.
type ShiftSearch struct {
	errors [][maxShift]float64
	seen   bool
}

// NewShiftSearch is for so many channels, each with a shift of its own; 1 shares one.
func NewShiftSearch(channels int) *ShiftSearch {
	return &ShiftSearch{errors: make([][maxShift]float64, channels)}
}

// Add sees outputs x of a channel, in real numbers; scale is scale_d*scale_w of the channel. Accumulators
// are x/scale, rounded.
func (s *ShiftSearch) Add(channel int, x []float32, scale float32) error {
	e := &s.errors[channel]
	for i, v := range x {
		a := math.RoundToEven(float64(float32(v / scale)))
		if !(math.Abs(a) <= math.MaxInt32) {
			return fmt.Errorf("output %v at element %d is not an accumulator of scale %v", v, i, scale)
		}
		s.seen = true
		acc := int64(a)
		for n := range maxShift {
			d := float64(min(max(acc>>(n+1), math.MinInt16), math.MaxInt16)<<(n+1) - acc)
			e[n] += float64(d * d)
		}
	}
	return nil
}

// Result gives the shift of each channel and its error.
func (s *ShiftSearch) Result() (shifts []int, errors []float64, err error) {
	if !s.seen {
		return nil, nil, ErrEmpty
	}
	for _, e := range s.errors {
		best := 0
		for n := range e {
			if e[n] < e[best] {
				best = n
			}
		}
		shifts, errors = append(shifts, best+1), append(errors, e[best])
	}
	return shifts, errors, nil
}
