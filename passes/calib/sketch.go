package calib

import (
	"fmt"
	"math"
	"slices"
)

// SketchBins is how many bins of a sketch may lie between the extremes of its tensor, zero included.
const SketchBins = 1 << 14

// SketchTail is how many of the greatest and of the lowest elements a sketch keeps as they are.
const SketchTail = 512

// minExp is the exponent of the narrowest bin: every float32 is a multiple of its width.
const minExp = -149

// A Sketch is what is kept of one tensor so that factors can be found later, under any scheme: the number of
// elements and of zeros among them, the SketchTail lowest and greatest elements, and how many of the others
// than zero lie in each bin. Bin i is [i·w, (i+1)·w), w = 2^Exp, with the least Exp, at least -149, for which
// no more than SketchBins bins lie between the extremes and zero. Everything is a function of the elements
// alone, so sketches of parts, merged in any order, are the sketch of the whole.
type Sketch struct {
	Count, Zeros uint64
	Low          []float32 // the lowest elements, ascending
	High         []float32 // the greatest elements, ascending
	Exp          int
	bins         []uint64 // bin i at i - base
	base         int
	tail         tails
}

// NewSketch is the sketch of no elements.
func NewSketch() *Sketch { return &Sketch{Exp: minExp} }

// Min is the lowest element of a sketch that is not empty.
func (s *Sketch) Min() float32 { return s.Low[0] }

// Max is the greatest element of a sketch that is not empty.
func (s *Sketch) Max() float32 { return s.High[len(s.High)-1] }

// Bytes bounds the memory that a sketch holds.
func (s *Sketch) Bytes() int { return 2*SketchBins*8 + 2*2*SketchTail*4 + 256 }

// Bins are the counts of bins first, first+1 and so on, from the lowest that is not empty to the highest.
func (s *Sketch) Bins() (first int, counts []uint64) {
	a, b := 0, len(s.bins)
	for a < b && s.bins[a] == 0 {
		a++
	}
	for b > a && s.bins[b-1] == 0 {
		b--
	}
	return a + s.base, s.bins[a:b]
}

// Add sees the next elements. It reports NaN and infinity, and then leaves the sketch as it was.
func (s *Sketch) Add(x []float32) error {
	if err := checkFinite(x, s.Count); err != nil {
		return err
	}
	if len(x) == 0 {
		return nil
	}
	lo, hi := x[0], x[0]
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	s.widen(lo, hi)
	inv := math.Ldexp(1, -s.Exp)
	for _, v := range x {
		if v == 0 {
			s.Zeros++
			continue
		}
		s.bins[int(math.Floor(float64(v)*inv))+SketchBins]++ // widen left room for every bin
	}
	s.Count += uint64(len(x))
	s.tail.add(s, x)
	return nil
}

// widen makes bins wide enough for elements between lo and hi.
func (s *Sketch) widen(lo, hi float32) {
	if len(s.bins) < 2*SketchBins { // new, or restored with the bins that hold something
		first, counts := s.Bins()
		s.bins, s.base = make([]uint64, 2*SketchBins), -SketchBins
		if len(counts) > 0 {
			copy(s.bins[first+SketchBins:], counts)
		}
	}
	by := 0
	for !fits(lo, hi, s.Exp+by) {
		by++
	}
	if len(s.Low) > 0 {
		for !fits(min(lo, s.Min()), max(hi, s.Max()), s.Exp+by) {
			by++
		}
	}
	s.coarsen(by)
}

// coarsen makes bins 2^by times as wide, in place: bins move towards zero.
func (s *Sketch) coarsen(by int) {
	if by == 0 {
		return
	}
	move := func(i int) {
		n := s.bins[i]
		s.bins[i] = 0
		s.bins[(i-SketchBins)>>by+SketchBins] += n
	}
	for i := SketchBins; i < len(s.bins); i++ {
		move(i)
	}
	for i := SketchBins - 1; i >= 0; i-- {
		move(i)
	}
	s.Exp += by
}

// fits says whether bins of width 2^exp are few enough for elements between lo and hi, and zero.
func fits(lo, hi float32, exp int) bool {
	inv := math.Ldexp(1, -exp)
	return math.Floor(float64(max(hi, 0))*inv)-math.Floor(float64(min(lo, 0))*inv)+1 <= SketchBins
}

// Merge adds the elements of t, which is not changed.
func (s *Sketch) Merge(t *Sketch) {
	if t.Count == 0 {
		return
	}
	s.widen(t.Min(), t.Max())
	by := s.Exp - t.Exp // not negative: s spans what t spans
	at, counts := t.Bins()
	for i, n := range counts {
		s.bins[(at+i)>>by+SketchBins] += n
	}
	s.Count += t.Count
	s.Zeros += t.Zeros
	s.Low = first(append(slices.Clone(s.Low), t.Low...))
	s.High = last(append(slices.Clone(s.High), t.High...))
}

// Restore makes a sketch of its parts, bins from first on, and reports parts that no elements have. It keeps
// the slices.
func Restore(count, zeros uint64, low, high []float32, exp, first int, counts []uint64) (*Sketch, error) {
	s := &Sketch{Count: count, Zeros: zeros, Low: low, High: high, Exp: exp}
	if count == 0 {
		if zeros != 0 || len(low)+len(high)+len(counts) > 0 {
			return nil, fmt.Errorf("no elements, but some are told")
		}
		if exp != minExp {
			return nil, fmt.Errorf("bins of width 2^%d of no elements, want 2^%d", exp, minExp)
		}
		return s, nil
	}
	tail := int(min(count, SketchTail))
	if len(low) != tail || len(high) != tail {
		return nil, fmt.Errorf("%d lowest and %d greatest elements, want %d of %d elements", len(low), len(high), tail, count)
	}
	for _, list := range [][]float32{low, high} {
		for i, v := range list {
			if v-v != 0 || i > 0 && v < list[i-1] || v == 0 && math.Signbit(float64(v)) {
				return nil, fmt.Errorf("extreme elements are not finite and ascending")
			}
		}
	}
	if s.Min() > s.Max() {
		return nil, fmt.Errorf("the lowest element lies above the greatest")
	}
	if exp < minExp || !fits(s.Min(), s.Max(), exp) || exp > minExp && fits(s.Min(), s.Max(), exp-1) {
		return nil, fmt.Errorf("bins of width 2^%d are not those of elements from %v to %v", exp, s.Min(), s.Max())
	}
	inv := math.Ldexp(1, -exp)
	lowest, highest := int(math.Floor(float64(s.Min())*inv)), int(math.Floor(float64(s.Max())*inv))
	if len(counts) > 0 && (counts[0] == 0 || counts[len(counts)-1] == 0) {
		return nil, fmt.Errorf("the outermost bin is empty")
	}
	if len(counts) > 0 && (first < lowest || first > highest || len(counts) > highest-first+1) {
		return nil, fmt.Errorf("bins from %d to %d lie outside the elements, which are in bins %d to %d", first, first+len(counts)-1, lowest, highest)
	}
	s.bins, s.base = counts, first
	rest := count - zeros
	if zeros > count {
		return nil, fmt.Errorf("more zeros than elements")
	}
	for _, n := range counts {
		if n > rest {
			return nil, fmt.Errorf("bins hold more elements than there are")
		}
		rest -= n
	}
	if rest != 0 {
		return nil, fmt.Errorf("bins hold fewer elements than there are")
	}
	return s, nil
}

// tails collects extreme elements on their way to Low and High, so that these are sorted seldom.
type tails struct{ low, high []float32 }

func (t *tails) add(s *Sketch, x []float32) {
	full := len(s.Low) == SketchTail
	var lo, hi float32
	if full {
		lo, hi = s.Low[SketchTail-1], s.High[0]
	}
	for _, v := range x {
		if v == 0 {
			v = 0 // there is one zero
		}
		if !full || v < lo {
			t.low = append(t.low, v)
		}
		if !full || v > hi {
			t.high = append(t.high, v)
		}
		if len(t.low) >= SketchTail || len(t.high) >= SketchTail {
			t.flush(s)
			if full = len(s.Low) == SketchTail; full {
				lo, hi = s.Low[SketchTail-1], s.High[0]
			}
		}
	}
	t.flush(s)
}

func (t *tails) flush(s *Sketch) {
	if len(t.low) > 0 {
		s.Low = first(append(s.Low, t.low...))
	}
	if len(t.high) > 0 {
		s.High = last(append(s.High, t.high...))
	}
	t.low, t.high = t.low[:0], t.high[:0]
}

// first are the lowest of x, sorted.
func first(x []float32) []float32 {
	slices.Sort(x)
	return x[:min(len(x), SketchTail)]
}

// last are the greatest of x, sorted.
func last(x []float32) []float32 {
	slices.Sort(x)
	return append(x[:0], x[max(0, len(x)-SketchTail):]...)
}
