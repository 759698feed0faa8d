package passes

import (
	"reflect"
	"slices"
)

// Factors are the quantization factors of a network, by record key, in the order found. They are
// what AMCT's record file holds.
type Factors struct {
	order []string
	byKey map[string]*LayerFactors
}

// LayerFactors are the factors of one layer, or of one operand of an operator without weights.
type LayerFactors struct {
	Key     string
	ScaleD  float32   // activation scale; 0 when the record has none
	OffsetD int32     // activation offset, a code
	ScaleW  []float32 // weight scales, one or one for each output channel; nil without weights
	ActBits int       // width of activation codes: 4, 8 or 16
	Cluster []int32   // levels of non-uniform weights, ascending; nil for uniform ones
	WtsBits int       // width of weight codes, 4, 6, 7 or 8; 8 without weights
	// Balance are AMCT's tensor_balance_factor: the layer's input is divided by them, channel by channel,
	// and the weights that read a channel are multiplied; nil when the layer is not balanced.
	Balance []float32
	// ShiftBit are the shifts N of accumulators, one or one for each output channel; nil or zeros where all
	// 32 bits are kept.
	ShiftBit   []uint32
	Half       bool // scales are those of float16 and accumulators have 19 bits of theirs (FORCE_FP16_QUANT)
	SkipFusion bool // the layer's batch normalization stays apart from it
}

// Clone copies the entry.
func (l *LayerFactors) Clone() LayerFactors {
	c := *l
	c.ScaleW, c.Cluster = slices.Clone(l.ScaleW), slices.Clone(l.Cluster)
	c.Balance, c.ShiftBit = slices.Clone(l.Balance), slices.Clone(l.ShiftBit)
	return c
}

// Equal says whether both hold the same factors.
func (l *LayerFactors) Equal(m *LayerFactors) bool { return reflect.DeepEqual(l, m) }

// NewFactors is an empty set.
func NewFactors() *Factors { return &Factors{byKey: make(map[string]*LayerFactors)} }

// Get is the entry under key, or nil.
func (f *Factors) Get(key string) *LayerFactors { return f.byKey[key] }

// At is the entry under key, made when there is none.
func (f *Factors) At(key string) *LayerFactors {
	if l := f.byKey[key]; l != nil {
		return l
	}
	l := &LayerFactors{Key: key, ActBits: 8, WtsBits: 8}
	f.byKey[key] = l
	f.order = append(f.order, key)
	return l
}

// All are the entries in the order in which they were made.
func (f *Factors) All() []*LayerFactors {
	out := make([]*LayerFactors, len(f.order))
	for i, k := range f.order {
		out[i] = f.byKey[k]
	}
	return out
}

// Clone copies the set and its entries.
func (f *Factors) Clone() *Factors {
	out := NewFactors()
	for _, l := range f.All() {
		*out.At(l.Key) = l.Clone()
	}
	return out
}
