package stats

import (
	"fmt"
	"math"
	"strconv"
)

// version is that of the file's first line, "amstats 1".
const (
	magic   = "amstats"
	version = 1
)

// Format is the text form. Its lines are
//
//	amstats 1
//	weights float
//	samples N
//	node "NAME" DIGEST                     for each node
//	tensor "NAME" DIGEST                   for each tensor, and then
//	keys "KEY" …
//	count N zeros N exp N first N
//	low HEX …                              the lowest elements, ascending, as bits of float32
//	high HEX …                             the greatest ones
//	bins N …                               bin first and those after it; bin i is [i·2^exp, (i+1)·2^exp)
//	end
//
// In the lists of the last three, X*N is X N times.
func (s *Statistics) Format() []byte {
	b := fmt.Appendf(nil, "%s %d\nweights %s\nsamples %d\n", magic, version, s.Weights, s.Samples)
	for _, n := range s.Nodes {
		b = fmt.Appendf(b, "node %s %s\n", strconv.Quote(n.Name), n.Digest)
	}
	for _, t := range s.Tensors {
		b = fmt.Appendf(b, "tensor %s %s\nkeys", strconv.Quote(t.Name), t.Digest)
		for _, k := range t.Keys {
			b = append(b, ' ')
			b = strconv.AppendQuote(b, k)
		}
		x := t.Sketch
		first, counts := x.Bins()
		if len(counts) == 0 {
			first = 0
		}
		b = fmt.Appendf(b, "\ncount %d zeros %d exp %d first %d", x.Count, x.Zeros, x.Exp, first)
		hex := func(b []byte, v float32) []byte { return fmt.Appendf(b, "%08x", math.Float32bits(v)) }
		b = runs(append(b, "\nlow"...), x.Low, hex)
		b = runs(append(b, "\nhigh"...), x.High, hex)
		b = runs(append(b, "\nbins"...), counts, func(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) })
		b = append(b, '\n')
	}
	return append(b, "end\n"...)
}

// runs appends a list, equal neighbours as one.
func runs[T comparable](b []byte, list []T, one func([]byte, T) []byte) []byte {
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n] == list[i] {
			n++
		}
		b = one(append(b, ' '), list[i])
		if n > 1 {
			b = fmt.Appendf(b, "*%d", n)
		}
		i += n
	}
	return b
}
