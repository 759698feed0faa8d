package passes

import (
	"cmp"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// fewSamples are too few to stand for what a network will see.
const fewSamples = 16

// inputs watches what calibration is given: how many samples, and whether they say anything.
type inputs struct {
	samples  int
	first    []*tensor.Tensor // the first sample
	differ   bool             // some sample is not the first
	constant bool             // every element of every sample so far is the same within its tensor
}

// see takes one batch. A parameter with a free leading dimension has one row for each sample.
func (s *inputs) see(f *ir.Func, in []*tensor.Tensor) {
	rows := 1
	for i, p := range f.Params {
		if p.Type.IsFree() {
			rows = in[i].Shape[0]
		}
	}
	if s.first == nil {
		s.constant = true
		for i, p := range f.Params {
			s.first = append(s.first, row(p, in[i], 0).copied())
		}
	}
	s.samples += rows
	for k := range rows {
		for i, p := range f.Params {
			if !s.constant && s.differ {
				return
			}
			x := row(p, in[i], k)
			s.differ = s.differ || !slices.Equal(x, s.first[i].F32)
			s.constant = s.constant && !slices.ContainsFunc(x, func(v float32) bool { return v != x[0] })
		}
	}
}

type numbers []float32

// row are the elements of sample k: float32, or pixels.
func row(p *ir.Value, t *tensor.Tensor, k int) numbers {
	if p.Type.IsFree() {
		t = t.Rows(k, k+1)
	}
	if t.I64 == nil {
		return t.F32
	}
	out := make(numbers, len(t.I64))
	for i, v := range t.I64 {
		out[i] = float32(v)
	}
	return out
}

func (n numbers) copied() *tensor.Tensor {
	return tensor.FromF32(slices.Clone(n), len(n))
}

// tell warns about samples that are few or say nothing.
func (s *inputs) tell(c *Context) {
	warn := func(code diag.Code, format string, args ...any) {
		d := diag.Errorf(code, diag.Span{}, "", format, args...)
		d.Severity = diag.Warning
		c.Remarks.Add(d)
	}
	c.fewSamples(s.samples)
	switch {
	case s.samples == 0:
	case s.constant:
		warn("Q033", "every one of the %d calibration samples has the same number in all its elements: ranges found on them mean nothing", s.samples)
	case s.samples > 1 && !s.differ:
		warn("Q033", "all %d calibration samples are the same: ranges found on them are those of one", s.samples)
	}
}

func (c *Context) fewSamples(n int) {
	if n > 0 && n < fewSamples {
		d := diag.Errorf("Q032", diag.Span{}, "", "calibration saw %d samples; ranges found on fewer than %d may miss much of what the network will see", n, fewSamples)
		d.Severity = diag.Warning
		c.Remarks.Add(d)
	}
}

// A Coverage is how data lie in the range of the codes that a record key gives a tensor.
type Coverage struct {
	Key     string  `json:"key"`
	Value   string  `json:"value"` // the tensor
	Lowest  float32 `json:"lowest"`
	Highest float32 `json:"highest"` // the numbers that the ends of the codes stand for
	Values  uint64  `json:"values"`
	Outside uint64  `json:"outside"` // values that are half a step or more beyond an end: they are clipped
	Least   float32 `json:"least"`
	Most    float32 `json:"most"` // of the data
}

// Share is the part of the values that is clipped.
func (r *Coverage) Share() float64 { return float64(r.Outside) / float64(max(1, r.Values)) }

// Leaves says whether data are clipped more than those that the range was found on, which may be nil: by a thousandth
// of the values at least, and twice as often.
func (r *Coverage) Leaves(calibration *Coverage) bool {
	var before float64
	if calibration != nil {
		before = calibration.Share()
	}
	return r.Share() > before+max(.001, before)
}

// Cover runs the float module m, as it is quantized, on data and gives the coverage of every tensor that c.Factors hold
// factors for, in the order of the network.
func Cover(c *Context, e ir.Engine, m *ir.Module, d Data) ([]Coverage, error) {
	own := NewContext(c, c.Ops)
	own.Settings = c.Settings
	own.Factors = c.Factors
	observed, err := observe(own, m)
	if err != nil {
		return nil, err
	}
	f := observed.Main()
	var list []*Coverage
	by := make(map[*ir.Value]*Coverage)
	half := make(map[*Coverage]float32)
	for _, n := range f.Nodes {
		if n.Op.Name != "q.observe" || n.Operands[0].IsConst() {
			continue
		}
		k := c.Factors.Get(n.Attr("key").(string))
		if k == nil || k.ScaleD == 0 {
			continue
		}
		q := activationMap(k)
		r := &Coverage{Key: k.Key, Value: n.Operands[0].Name, Lowest: float32(float32(q.Min-k.OffsetD) * k.ScaleD), Highest: float32(float32(q.Max-k.OffsetD) * k.ScaleD),
			Least: float32(math.Inf(1)), Most: float32(math.Inf(-1))}
		list, by[n.Result()] = append(list, r), r
		half[r] = float32(k.ScaleD / 2)
	}
	r, err := e.Prepare(f)
	if err != nil {
		return nil, err
	}
	err = runAll(c, r, d, "ranges", func(v *ir.Value, t *tensor.Tensor) {
		r := by[v]
		if r == nil {
			return
		}
		lo, hi := r.Lowest-half[r], r.Highest+half[r]
		r.Values += uint64(len(t.F32))
		for _, x := range t.F32 {
			r.Least, r.Most = min(r.Least, x), max(r.Most, x)
			if x < lo || x > hi {
				r.Outside++
			}
		}
	})
	out := make([]Coverage, len(list))
	for i, r := range list {
		out[i] = *r
	}
	return out, err
}

// Leaving are the tensors of data that leave their ranges more than in calibration, the worst first. A warning in
// c says how many. calibration is the coverage of the calibration data by the same network, or nil.
func Leaving(c *Context, data, calibration []Coverage) []Coverage {
	var out []Coverage
	for i, r := range data {
		var before *Coverage
		if calibration != nil {
			before = &calibration[i]
		}
		if r.Leaves(before) {
			out = append(out, r)
		}
	}
	if len(out) > 0 {
		slices.SortStableFunc(out, func(a, b Coverage) int { return cmp.Compare(b.Share(), a.Share()) })
		d := diag.Errorf("Q034", diag.Span{}, "", "the data leave the calibrated ranges of %d of %d tensors more than calibration's did; most in %s: %.2f %% of %%%s are clipped to [%v, %v]",
			len(out), len(data), out[0].Key, float64(100*out[0].Share()), out[0].Value, out[0].Lowest, out[0].Highest)
		d.Severity = diag.Warning
		c.Remarks.Add(d)
	}
	return out
}
