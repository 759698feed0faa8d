package amctc

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// recordBits are the widths of weights that AMCT has beside 8. A record does not name another one: its
// codes are those of 8 bits that the weights are rounded to already.
var recordBits = []int{4, 6, 7}

// ToRecord is the AMCT form of factors.
func ToRecord(f *passes.Factors) *amct.Record {
	r := &amct.Record{}
	for _, l := range f.All() {
		e := &amct.Layer{Key: l.Key, ScaleW: l.ScaleW, OffsetW: make([]int32, len(l.ScaleW)), IsTensorQuantize: l.ScaleW == nil}
		if slices.Contains(recordBits, l.WtsBits) {
			e.WtsType = fmt.Sprintf("INT%d", l.WtsBits)
		}
		if l.ActBits != 8 {
			e.ActType = fmt.Sprintf("INT%d", l.ActBits)
		}
		e.HasScaleD, e.ScaleD, e.OffsetD = l.ScaleD != 0, l.ScaleD, l.OffsetD
		e.Cluster, e.TensorBalanceFactor, e.ShiftBit, e.SkipFusion = l.Cluster, l.Balance, l.ShiftBit, l.SkipFusion
		if l.Half {
			e.PrecisionMode = amct.HalfPrecision
		}
		r.Layers = append(r.Layers, e)
	}
	return r
}

// FromRecord takes the factors of a record. Keys that no node of the network has are an error:
// a misspelled key would silently leave a layer float. Factors that passes do not act on are errors too.
func FromRecord(r *amct.Record, f *ir.Func) (*passes.Factors, error) {
	var found diag.List
	known := recordKeys(f)
	out := passes.NewFactors()
	for _, l := range r.Layers {
		if _, ok := slices.BinarySearch(known, l.Key); !ok {
			hint := ""
			if near := diag.Suggest(l.Key, known); near != "" {
				hint = "; did you mean " + near + "?"
			}
			found.Errorf("R007", diag.Span{Node: l.Key}, "", "the record has factors for %q, which the network does not have%s", l.Key, hint)
			continue
		}
		refuseFactors(&found, l)
		e := out.At(l.Key)
		e.ScaleD, e.OffsetD, e.ScaleW, e.ActBits, e.WtsBits = l.ScaleD, l.OffsetD, l.ScaleW, l.ActBits(), l.WtsBits()
		e.Half = l.PrecisionMode == amct.HalfPrecision
		e.Cluster, e.Balance, e.ShiftBit, e.SkipFusion = l.Cluster, l.TensorBalanceFactor, l.ShiftBit, l.SkipFusion
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// recordKeys are the keys that a record of f may have, sorted.
func recordKeys(f *ir.Func) []string {
	var out []string
	for _, n := range f.Nodes {
		out = append(out, n.Name)
		if n.Op.Quant != nil {
			if !n.Op.Quant.FloatResult {
				out = append(out, passes.ResultKey(n))
			}
			for _, i := range n.Op.Quant.Activations {
				out = append(out, passes.Key(n, i))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refuseFactors reports what an entry asks for and passes do not act on.
func refuseFactors(found *diag.List, l *amct.Layer) {
	no := func(format string, args ...any) {
		found.Errorf("R006", diag.Span{Node: l.Key}, "", format, args...)
	}
	if bits := l.ActBits(); !slices.Contains(passes.Support.ActivationBits, bits) {
		no("act_type INT%d is not supported, in layer %q; calibrate with activations of 8 bits", bits, l.Key)
	}
	if len(l.TensorBalanceFactor) > 0 && !passes.Support.Balance {
		no("tensor_balance_factor is not supported, in layer %q; calibrate without the balancer", l.Key)
	}
	if slices.Max(append([]uint32{0}, l.ShiftBit...)) > 0 {
		switch {
		case l.ActBits() > 8:
			no("shift_bit stands beside act_type INT%d, in layer %q, whose accumulators have two parts; quantize to 8 bits, or remove shift_bit", l.ActBits(), l.Key)
		case len(l.ScaleW) == 0:
			no("shift_bit stands at %q, which has no weights and so no accumulator; remove it", l.Key)
		}
	}
}

// ApplyRecord takes what a record says of the network's form as settings: layers whose batch normalization
// stays apart. It is done before Prepare.
func ApplyRecord(s *passes.Settings, r *amct.Record) {
	for _, l := range r.Layers {
		if !l.SkipFusion {
			continue
		}
		if s.SkipFusion == nil {
			s.SkipFusion = make(map[string]bool)
		}
		s.SkipFusion[l.Key] = true
	}
}
