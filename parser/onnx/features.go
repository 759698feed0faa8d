package onnx

import (
	"math"
	"slices"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/runtime/f32"
)

// The operators of this file turn known numbers into features: of a text, and of a spectrum.

// A gram is a sequence of numbers of the pool, and where its count goes.
type gram struct {
	items  []int64
	column int
}

// buildTfIdf counts, in each row of known integers, the sequences of its pool. Items of a sequence lie 1 to
// max_skip_count+1 apart, the same for all of one sequence; sequences of one item are counted once.
func buildTfIdf(c *call) {
	grams, columns, ok := c.grams()
	if !ok {
		return
	}
	weight := c.floatsAttr("weights")
	if weight != nil && len(weight) != len(grams) {
		c.errorf(codeAttr, "attribute weights has %d numbers, the pool holds %d sequences", len(weight), len(grams))
		return
	}
	mode := c.stringAttr("mode", "")
	if mode != "TF" && mode != "IDF" && mode != "TFIDF" {
		c.errorf(codeAttr, "attribute mode is %q, want TF, IDF or TFIDF", mode)
		return
	}
	list, ok := c.intsOf(0, "input")
	s := c.in[0].shape()
	if !ok {
		return
	}
	if len(s) != 1 && len(s) != 2 {
		c.errorf(codeShape, "its input has shape %v, want one row or several", s)
		return
	}
	lo, hi, skip := c.intAttr("min_gram_length", 1), c.intAttr("max_gram_length", 1), c.intAttr("max_skip_count", 0)
	if lo < 1 || hi < lo || hi > limit || skip < 0 || skip > limit {
		c.errorf(codeAttr, "sequences have %d to %d items and skip up to %d, want 1 or more, ascending, and none below 0", lo, hi, skip)
		return
	}
	width := s[len(s)-1]
	rows := 1
	if len(s) == 2 {
		rows = s[0]
	}
	shape := append(slices.Clone(s[:len(s)-1]), columns)
	// Each row is searched at every place, with every distance, for every sequence of the pool.
	work := float64(float64(float64(rows)*float64(width)) * float64(float64(min(skip, width)+1)*float64(len(grams))))
	if !(work <= maxTaps) {
		c.errorf(codeTooLarge, "it compares %.0f sequences, too many", work)
		return
	}
	if !c.chargeShape(shape) {
		return
	}
	count := make([]int, rows*columns)
	for r := range rows {
		row := list[r*width : (r+1)*width]
		for _, g := range grams {
			if n := len(g.items); n >= lo && n <= hi {
				count[r*columns+g.column] += occurrences(row, g.items, skip)
			}
		}
	}
	of := make([]float32, columns)
	for i, g := range grams {
		of[g.column] = 1
		if weight != nil {
			of[g.column] = weight[i]
		}
	}
	c.made(pb.TensorProto_FLOAT, shape, func(i int) float64 {
		n := float32(count[i])
		switch {
		case mode == "IDF" && n > 0:
			n = of[i%columns]
		case mode == "TFIDF":
			n = float32(n * of[i%columns])
		}
		return float64(n)
	})
}

// occurrences counts a sequence in a row. A row that is too short for one with gaps is searched with smaller gaps
// only.
func occurrences(row []int, items []int64, skip int) int {
	n := 0
	for step := 1; step <= skip+1; step++ {
		span := (len(items) - 1) * step
		if span >= len(row) {
			break
		}
		for at := 0; at+span < len(row); at++ {
			same := true
			for k, v := range items {
				same = same && int64(row[at+k*step]) == v
			}
			if same {
				n++
			}
		}
		if len(items) == 1 {
			break
		}
	}
	return n
}

// grams reads the pool: first all sequences of one item, then those of two, and so on, from the places that
// ngram_counts names. columns is the width of the result.
func (c *call) grams() (list []gram, columns int, ok bool) {
	if c.hasAttr("pool_strings") {
		c.errorf(codeElem, "its pool holds strings, which are no numbers; do this step outside of the network")
		return nil, 0, false
	}
	pool, starts, at := c.intsAttr("pool_int64s"), c.intsAttr("ngram_counts"), c.intsAttr("ngram_indexes")
	if c.failed {
		return nil, 0, false
	}
	for i, from := range starts {
		to := len(pool)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		if from < 0 || to < from || to > len(pool) || (to-from)%(i+1) != 0 {
			c.errorf(codeAttr, "attribute ngram_counts is %v, which divides no pool of %d items into sequences of 1, 2, ... items", starts, len(pool))
			return nil, 0, false
		}
		for ; from < to; from += i + 1 {
			g := gram{column: len(list)}
			for _, v := range pool[from : from+i+1] {
				g.items = append(g.items, int64(v))
			}
			list = append(list, g)
		}
	}
	if len(at) != len(list) || len(list) == 0 {
		c.errorf(codeAttr, "attribute ngram_indexes has %d numbers, the pool holds %d sequences", len(at), len(list))
		return nil, 0, false
	}
	for i := range list {
		if at[i] < 0 || at[i] > maxTaps {
			c.errorf(codeAttr, "number %d of attribute ngram_indexes is %d", i, at[i])
			return nil, 0, false
		}
		list[i].column = at[i]
		columns = max(columns, at[i]+1)
	}
	return list, columns, true
}

// buildMelWeightMatrix makes the matrix (bins of a spectrum, bands): triangles whose corners are evenly apart on the
// mel scale, 2595*log10(1+f/700).
func buildMelWeightMatrix(c *call) {
	var n [3]int
	for i, what := range []string{"num_mel_bins", "dft_length", "sample_rate"} {
		v, ok := c.intsOf(i, what)
		if !ok {
			return
		}
		if len(v) != 1 || v[0] < 1 || v[0] > maxTaps {
			c.errorf(codeForm, "its %s is %v, want one number between 1 and 2^26", what, v)
			return
		}
		n[i] = v[0]
	}
	var edge [2]float64
	for i, what := range []string{"lower edge", "upper edge"} {
		l := c.lit(3+i, what)
		if l == nil {
			return
		}
		if l.len() != 1 || !(l.tensor().Real(0) >= 0 && l.tensor().Real(0) <= maxTaps) {
			c.errorf(codeForm, "its %s is no frequency between 0 and 2^26", what)
			return
		}
		edge[i] = l.tensor().Real(0)
	}
	bands, length, rate := n[0], n[1], n[2]
	if edge[1] < edge[0] {
		c.errorf(codeForm, "its lower edge %v lies above its upper edge %v", edge[0], edge[1])
		return
	}
	bins := length/2 + 1
	if !c.chargeShape([]int{bins, bands}) {
		return
	}
	corner := melCorners(bands, length, rate, edge)
	m := make([]float64, bins*bands)
	for b := range bands {
		lo, top, hi := corner[b], corner[b+1], corner[b+2]
		for k := int(min(lo, float64(bins))); k < bins && float64(k) < hi; k++ {
			switch f := float64(k); {
			case f < top:
				m[k*bands+b] = (f - lo) / (top - lo)
			default:
				m[k*bands+b] = (hi - f) / (hi - top)
			}
		}
		if top < float64(bins) {
			m[int(top)*bands+b] = 1
		}
	}
	c.made(pb.TensorProto_DataType(c.intAttr("output_datatype", 1)), []int{bins, bands}, func(i int) float64 { return m[i] })
}

// melCorners are the bins of the corners of the bands, whole numbers: band b rises from corner b to b+1 and falls to
// b+2.
func melCorners(bands, length, rate int, edge [2]float64) []float64 {
	const perMel = math.Ln10 / 2595
	var mel [2]float64
	for i, f := range edge {
		mel[i] = f32.Wide("log")(1+f/700) / perMel
	}
	step := (mel[1] - mel[0]) / float64(bands+2)
	out := make([]float64, bands+2)
	for i := range out {
		hz := float64(700 * (f32.Wide("exp")(float64(float64(mel[0]+float64(float64(i)*step))*perMel)) - 1))
		out[i] = math.Floor(float64(float64(length+1)*hz) / float64(rate))
	}
	return out
}
