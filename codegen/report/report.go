// Package report says where accuracy went: for every tensor of the integer network its factors and
// how near it comes to the float network.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// A Row is one operator of the integer network.
type Row struct {
	Layer  string   `json:"layer"`
	From   []string `json:"from"`
	Op     string   `json:"op"`
	Value  string   `json:"value"`
	Inputs []string `json:"inputs"` // values, constants left out
	Shape  []int    `json:"shape"`
	Codes  bool     `json:"codes"` // int8, or float32
	Scale  float32  `json:"scale,omitempty"`
	Offset int32    `json:"offset"`
	// WeightScales is the number of weight scales, with the least and the greatest.
	WeightScales   int     `json:"weight_scales,omitempty"`
	WeightScaleMin float32 `json:"weight_scale_min,omitempty"`
	WeightScaleMax float32 `json:"weight_scale_max,omitempty"`
	// SQNR in dB and Cosine compare with the float network; Compared is false when the float
	// network has no such tensor.
	Compared bool    `json:"compared"`
	SQNR     float64 `json:"sqnr_db"`
	Cosine   float64 `json:"cosine"`
	MSE      float64 `json:"mse"`
	// Min and Max are the float network's, over the samples that were compared.
	Min float32 `json:"min"`
	Max float32 `json:"max"`
	// AtEnds is the part of the codes that is the lowest or the highest.
	AtEnds float64 `json:"at_ends,omitempty"`
	MACs   int64   `json:"macs,omitempty"`
}

// MarshalJSON writes an infinite SQNR as null, because JSON has no infinity.
func (r Row) MarshalJSON() ([]byte, error) {
	type plain Row
	var s *float64
	if !math.IsInf(r.SQNR, 0) && !math.IsNaN(r.SQNR) {
		s = &r.SQNR
	}
	return json.Marshal(struct {
		plain
		SQNR *float64 `json:"sqnr_db"`
	}{plain(r), s})
}

// Measure runs the float and the integer function on samples and compares tensors of one name.
func Measure(ctx context.Context, e ir.Engine, float, integer *ir.Func, samples [][]*tensor.Tensor) ([]Row, error) {
	rf, err := e.Prepare(float)
	if err != nil {
		return nil, err
	}
	ri, err := e.Prepare(integer)
	if err != nil {
		return nil, err
	}
	errs := make(map[string]*seen)
	ends := make(map[string]*[2]int)
	i := -1
	for want, err := range ahead(references(ctx, rf, float, samples)) {
		if err != nil {
			return nil, err
		}
		i++
		if _, err := ri.Run(ctx, samples[i], func(v *ir.Value, t *tensor.Tensor) {
			if c := ends[v.Name]; t.DType == tensor.I8 {
				if c == nil {
					c = new([2]int)
					ends[v.Name] = c
				}
				c[1] += len(t.I8)
				for _, q := range t.I8 {
					if q == -128 || q == 127 {
						c[0]++
					}
				}
			}
			ref := want[v.Name]
			if ref == nil && v.Def.Op.Name == "q.quantize" {
				ref = source(v, want)
			}
			got := real(v.Type, t)
			if len(ref) != len(got) {
				return
			}
			x := errs[v.Name]
			if x == nil {
				x = &seen{}
				errs[v.Name] = x
			}
			x.add(ref, got)
		}); err != nil {
			return nil, err
		}
	}
	var rows []Row
	for _, n := range integer.Nodes {
		rows = append(rows, row(n, errs, ends))
	}
	return rows, nil
}

// seen is what was seen of one tensor in both networks.
type seen struct {
	calib.Error
	some   bool
	lo, hi float32 // of the float network
}

func (s *seen) add(ref, got []float32) {
	s.Add(ref, got)
	if len(ref) == 0 {
		return
	}
	lo, hi := slices.Min(ref), slices.Max(ref)
	if s.some {
		lo, hi = min(lo, s.lo), max(hi, s.hi)
	}
	s.some, s.lo, s.hi = true, lo, hi
}

// references runs the float function and yields its float tensors by name, sample after sample.
func references(ctx context.Context, r ir.Runner, f *ir.Func, samples [][]*tensor.Tensor) iter.Seq2[map[string][]float32, error] {
	return func(yield func(map[string][]float32, error) bool) {
		for _, in := range samples {
			seen := make(map[string][]float32)
			_, err := r.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) {
				if t.DType == tensor.F32 {
					seen[v.Name] = slices.Clone(t.F32)
				}
			})
			for i, p := range f.Params {
				seen[p.Name] = in[i].F32
			}
			if !yield(seen, err) || err != nil {
				return
			}
		}
	}
}

// ahead computes the next element of seq while the last one is used.
func ahead[K, V any](seq iter.Seq2[K, V]) iter.Seq2[K, V] {
	type pair struct {
		k K
		v V
	}
	return func(yield func(K, V) bool) {
		next, stop := make(chan pair), make(chan struct{})
		defer func() {
			close(stop)
			for range next { // until the goroutine has ended
			}
		}()
		go func() {
			defer close(next)
			for k, v := range seq {
				select {
				case next <- pair{k, v}:
				case <-stop:
					return
				}
			}
		}()
		for p := range next {
			if !yield(p.k, p.v) {
				return
			}
		}
	}
}

func source(v *ir.Value, want map[string][]float32) []float32 { return want[v.Def.Operands[0].Name] }

func real(t ir.Type, x *tensor.Tensor) []float32 {
	switch x.DType {
	case tensor.I8:
		return dequantized(x.I8, t.Quant)
	case tensor.I16:
		return dequantized(x.I16, t.Quant)
	}
	return x.F32
}

func dequantized[T int8 | int16](codes []T, m *ir.Quant) []float32 {
	s, o := m.At(0)
	out := make([]float32, len(codes))
	for i, q := range codes {
		out[i] = float32(float32(int32(q)-o) * s)
	}
	return out
}

func row(n *ir.Node, errs map[string]*seen, ends map[string]*[2]int) Row {
	v := n.Result()
	r := Row{Layer: n.Name, From: n.From, Op: n.Op.Name, Value: v.Name, Shape: v.Type.Shape, MACs: MACs(n)}
	for _, o := range n.Operands {
		if !o.IsConst() {
			r.Inputs = append(r.Inputs, o.Name)
		}
	}
	if q := v.Type.Quant; q != nil {
		r.Codes = true
		r.Scale, r.Offset = q.At(0)
	}
	if len(n.Operands) > 1 && n.Operands[1].IsConst() && n.Operands[1].Type.IsQuant() && len(n.Operands) == 3 {
		s := n.Operands[1].Type.Quant.Scale
		r.WeightScales, r.WeightScaleMin, r.WeightScaleMax = len(s), slices.Min(s), slices.Max(s)
	}
	if e := errs[v.Name]; e != nil {
		r.Compared, r.SQNR, r.Cosine, r.MSE = true, e.SQNR(), e.Cosine(), e.MSE()
		r.Min, r.Max = e.lo, e.hi
	}
	if c := ends[v.Name]; c != nil {
		r.AtEnds = float64(c[0]) / float64(c[1])
	}
	return r
}

// MACs is the number of multiply-adds of one sample.
func MACs(n *ir.Node) int64 {
	if len(n.Operands) < 2 {
		return 0
	}
	w := n.Operands[1].Type
	switch n.Op.Name {
	case "nn.conv2d", "q.conv2d":
		return int64(n.Result().Type.Elems()) * int64(tensor.Elems(w.Shape[1:]))
	case "nn.dense", "q.dense":
		return int64(n.Result().Type.Elems()) * int64(w.Shape[1])
	case "nn.matmul", "q.matmul":
		return int64(n.Result().Type.Elems()) * int64(w.Shape[len(w.Shape)-2])
	}
	return 0
}

// ConstBytes is the size of a module's constants.
func ConstBytes(m *ir.Module) int64 {
	var n int64
	for _, c := range m.UsedConsts() {
		n += int64(c.Data.Len()) * int64(c.Data.DType.Size())
	}
	return n
}

// CoreCycles is the cycles of one sample on so many AI cores.
type CoreCycles struct {
	Cores  int   `json:"cores"`
	Cycles int64 `json:"cycles"`
}

// Report is everything that compile tells, machine-readable.
type Report struct {
	Format     string `json:"format"`
	Version    string `json:"amctc"`
	Model      string `json:"model"`
	Target     string `json:"target"`
	Samples    int    `json:"calibration_samples"`
	Measured   int    `json:"measured_samples"`
	Layers     []Row  `json:"layers"`
	FloatBytes int64  `json:"float_bytes"`
	IntBytes   int64  `json:"int_bytes"`
	MACs       int64  `json:"macs"`
	IntMACs    int64  `json:"int_macs"`
	ArenaBytes int    `json:"arena_bytes"`
	Cycles     int64  `json:"cycles"`
	// Cores are the cycles by number of AI cores, those that the program uses last; none for one core.
	Cores   []CoreCycles `json:"cores,omitempty"`
	MHz     int          `json:"mhz"`
	Steps   int64        `json:"instructions"`         // of the simulated sample
	Assumed int64        `json:"assumed_instructions"` // of these, rely on a rule without a published source
	Rules   []string     `json:"assumed_rules"`        // the target's rules of that kind
	Remarks []string     `json:"remarks"`
}

// Total fills the sums from the rows.
func (r *Report) Total() {
	r.MACs, r.IntMACs = 0, 0
	for _, l := range r.Layers {
		r.MACs += l.MACs
		if strings.HasPrefix(l.Op, "q.") {
			r.IntMACs += l.MACs
		}
	}
}

// JSON is the report's file form.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// format names the file form and its version.
const format = "amctc-report 1"

// New is a report without rows.
func New() *Report { return &Report{Format: format, Rules: []string{}, Remarks: []string{}} }

// Parse reads the file form; it refuses other versions by name.
func Parse(data []byte) (*Report, error) {
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if r.Format != format {
		return nil, fmt.Errorf("the report is of format %q; this amctc reads %q", r.Format, format)
	}
	return r, nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Row) UnmarshalJSON(data []byte) error {
	type plain Row
	v := struct {
		*plain
		SQNR *float64 `json:"sqnr_db"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	r.SQNR = math.Inf(1)
	if v.SQNR != nil {
		r.SQNR = *v.SQNR
	}
	return nil
}

// Shape is a shape as text, a free batch as N.
func Shape(s []int) string {
	out := make([]string, len(s))
	for i, d := range s {
		out[i] = fmt.Sprint(d)
		if d == ir.Free {
			out[i] = "N"
		}
	}
	return strings.Join(out, "x")
}
