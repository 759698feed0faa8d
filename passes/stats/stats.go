// Package stats is what calibration data say about the tensors of a network, kept apart from how it is to
// be quantized: factors under any scheme can be found from it later, without the data. Statistics of parts of
// the data, merged, are those of the whole.
package stats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes/calib"
)

// Float is the only Weights so far.
const Float = "float"

// Statistics are those of every tensor of a float network that could be quantized.
type Statistics struct {
	// Weights says with which weights the network was run: Float. Quantized ones, which AMCT takes, would make
	// statistics depend on settings.
	Weights string
	Samples uint64
	Nodes   []Node    // of the network, in order
	Tensors []*Tensor // in the order of the operands
}

// A Node is an operator of the network; Digest is that of ir.Digests.Node.
type Node struct{ Name, Digest string }

// A Tensor is a value of the network, with Digest that of ir.Digests.Value. Keys are the record keys of the
// operands that it is.
type Tensor struct {
	Name, Digest string
	Keys         []string
	Sketch       *calib.Sketch
}

// Tensor is that with the given digest, or nil.
func (s *Statistics) Tensor(digest string) *Tensor {
	for _, t := range s.Tensors {
		if t.Digest == digest {
			return t
		}
	}
	return nil
}

// Merge adds statistics of other data for the same network. from names them in messages.
func (s *Statistics) Merge(t *Statistics, from string) error {
	bad := func(format string, args ...any) error {
		return diag.Errorf("S004", diag.Span{File: from}, "", format, args...)
	}
	if s.Weights != t.Weights {
		return bad("taken with %s weights, the others with %s ones", t.Weights, s.Weights)
	}
	if d := Changed(s.Nodes, t.Nodes); len(d) > 0 {
		return bad("taken from another network: %s", List(d))
	}
	if !slices.EqualFunc(s.Tensors, t.Tensors, func(a, b *Tensor) bool {
		return a.Name == b.Name && a.Digest == b.Digest && slices.Equal(a.Keys, b.Keys)
	}) {
		return bad("taken from another network: its tensors are others")
	}
	if t.Samples > maxSamples-s.Samples {
		return bad("more than %d samples together", uint64(maxSamples))
	}
	for i, x := range s.Tensors {
		if t.Tensors[i].Sketch.Count > maxElements-x.Sketch.Count {
			return bad("more than %d elements of %q together", uint64(maxElements), x.Name)
		}
	}
	for i, x := range s.Tensors {
		x.Sketch.Merge(t.Tensors[i].Sketch)
	}
	s.Samples += t.Samples
	return nil
}

// maxSamples and maxElements are beyond all data, and far from where sums wrap around.
const (
	maxSamples  = 1 << 48
	maxElements = 1 << 60
)

// Changed says which nodes of one list the other has not, or has with other contents, in words.
func Changed(was, is []Node) (out []string) {
	old := make(map[string]string, len(was))
	for _, n := range was {
		old[n.Name] = n.Digest
	}
	now := make(map[string]bool, len(is))
	for _, n := range is {
		now[n.Name] = true
		switch d, ok := old[n.Name]; {
		case !ok:
			out = append(out, fmt.Sprintf("%q is new", n.Name))
		case d != n.Digest:
			out = append(out, fmt.Sprintf("%q has changed", n.Name))
		}
	}
	for _, n := range was {
		if !now[n.Name] {
			out = append(out, fmt.Sprintf("%q is gone", n.Name))
		}
	}
	return out
}

// List writes a list of which no more than four are told.
func List(items []string) string {
	const shown = 4
	if len(items) > shown {
		items = append(slices.Clone(items[:shown]), fmt.Sprintf("and %d more", len(items)-shown))
	}
	return strings.Join(items, ", ")
}
