package amctc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/search"
)

// AutoOptions are those of Auto.
type AutoOptions struct {
	Strategy  string  // "greedy", AMCT's "binary", or "ladder", which is that with codes of 16 bits before float
	Objective string  // what is made small: ForTime, which is also the empty one, or ForSize
	MaxDrop   float64 // greatest drop of the metric, in its units
	// NoMargin takes the drop as it is measured; otherwise one standard error of it is added for
	// metrics that count samples, and for worst-cosine.
	NoMargin bool
	// Rollback takes layers back to float that are slower as integers on this machine (AMCT 1.4).
	Rollback bool
	Trials   int           // greatest number of evaluations; 0 is no limit
	Time     time.Duration // greatest time, that of earlier runs of the same search included; 0 is no limit
	// Journal remembers measurements between runs; nil remembers nothing.
	Journal *Journal
	// Better is told of the best result so far.
	Better   func(*AutoResult) error
	Progress func(stage string, done, total int)
}

// An Evaluator finds the metric's value for a module, float or integer.
type Evaluator interface {
	Evaluate(ctx context.Context, m *ir.Module, progress func(stage string, done, total int)) (Evaluation, error)
}

// AutoResult is what a search found.
type AutoResult struct {
	Met     bool
	Reason  string
	Trials  int
	Float   float64 // value of the metric
	Value   float64
	Drop    float64
	Margin  float64
	Layers  []AutoLayer
	Factors *passes.Factors
	Integer *ir.Module
	// IntMACs of MACs multiply-adds are of integers.
	IntMACs, MACs int64
	// WideMACs of IntMACs are of codes of int16, each of which is two products of bytes.
	WideMACs int64
	// Bytes are those of weights and biases.
	Bytes int64
	// History is every trial, in order.
	History []AutoTrial
	// Ranking is AMCT's sensitivity of each layer, the most damaged first.
	Ranking []Sensitivity
}

// AutoTrial is one evaluation.
type AutoTrial struct {
	Layers  []AutoLayer
	Outcome search.Outcome
	Met     bool
}

// AutoLayer is what the search chose for a layer.
type AutoLayer struct {
	Name    string `json:"name"`
	Variant string `json:"variant"`
}

// Sensitivity is how much a layer's input suffers when the whole network is quantized: 0.5 + 0.5 cos
// between what enters it in the float and in the integer network (AMCT 2.13). 1 is no damage.
type Sensitivity struct {
	Layer string
	Score float64
}

// noiseSamples is how many samples the cheap stand-in for the metric is measured on: of calibration, or where the
// metric compares with the float network, of the data that it is found on.
const noiseSamples = 32

// Auto searches the cheapest quantization of a prepared float module whose metric, found by eval, drops by no
// more than is wanted (AMCT 1.3 and 2.13, and beyond). Factors come from calib once for each variant.
func Auto(ctx context.Context, c *passes.Context, float *ir.Module, calib *Data, metric Metric, eval Evaluator, opt AutoOptions) (*AutoResult, error) {
	if opt.Progress == nil {
		opt.Progress = func(string, int, int) {}
	}
	if opt.Objective != "" && opt.Objective != ForTime && opt.Objective != ForSize {
		return nil, fmt.Errorf("there is no objective %q: want %s or %s", opt.Objective, ForTime, ForSize)
	}
	a := &auto{ctx: ctx, c: c, float: float, metric: metric, eval: eval, opt: opt, variants: stepping(opt.Strategy, opt.Objective)}
	if opt.Journal == nil {
		a.opt.Journal = NewJournal("")
	}
	for _, n := range float.Main().Nodes {
		if n.Op.Quant != nil && !c.Settings.For(n.Name, n.Op.Quant.IsLayer()).Skip {
			a.layers = append(a.layers, n.Name)
		}
	}
	if err := a.calibrate(calib); err != nil {
		return nil, err
	}
	from := calib
	if s, ok := eval.(*EvalSet); ok && metric.Reference && !s.Data.HasState() {
		from = s.Data // the metric is a distance too; errors beyond the calibrated ranges count
	}
	samples, err := from.First(noiseSamples)
	if err != nil {
		return nil, err
	}
	if err := a.reference(samples); err != nil {
		return nil, err
	}
	p := a.problem()
	var found *search.Result
	switch opt.Strategy {
	case "greedy":
		found, err = search.Greedy(p)
	case "binary":
		var order []int
		if order, err = a.order(samples); err == nil {
			found, err = search.Binary(p, order)
		}
	case "ladder":
		var order []int
		if order, err = a.order(samples); err == nil {
			found, err = search.Ladder(p, order, slices.IndexFunc(a.variants, func(v Variant) bool { return v.Name == wideVariant }))
		}
	default:
		return nil, fmt.Errorf("there is no strategy %q: want greedy, binary or ladder", opt.Strategy)
	}
	if err != nil {
		return nil, err
	}
	if found.Best == nil {
		return nil, fmt.Errorf("automatic quantization: %s before anything was evaluated", found.Reason)
	}
	if opt.Rollback && found.Met {
		if found, err = a.rollback(p, found); err != nil {
			return nil, err
		}
	}
	r, err := a.result(found.Best, found.Outcome)
	if err != nil {
		return nil, err
	}
	r.Met, r.Reason, r.Trials = found.Met, found.Reason, found.Trials
	r.Ranking, err = a.ranking(samples)
	return r, err
}

type auto struct {
	ctx      context.Context
	c        *passes.Context
	float    *ir.Module
	metric   Metric
	eval     Evaluator
	opt      AutoOptions
	variants []Variant
	layers   []string
	factors  []*passes.Factors // by variant
	allowed  [][]bool          // by variant and layer
	plain    []bool            // by layer: the first variant is the second one there
	samples  [][]*tensor.Tensor
	wanted   [][]*tensor.Tensor // outputs of the float network, by sample
	power    []float64          // by output, the sum of its squares; 0 of those that do not count
	value    Evaluation         // of the float network
	trials   int
	history  []AutoTrial
	last     search.Assignment // what built is of
	built    *ir.Module
}

// calibrate finds the factors of every variant, each as if all layers had it.
func (a *auto) calibrate(data *Data) error {
	for i, v := range a.variants {
		if v.Apply == nil {
			a.factors, a.allowed = append(a.factors, nil), append(a.allowed, nil)
			continue
		}
		c := NewContext(a.ctx)
		c.Log = a.c.Log
		c.Progress = func(stage string, done, total int) { a.opt.Progress(v.Name+": "+stage, done, total) }
		s := *a.c.Settings
		s.Default = a.c.Settings.Default
		may := v.settings(&s, a.c.Settings, a.float.Main())
		c.Settings = &s
		if _, err := Calibrate(c, a.float, data); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		a.factors = append(a.factors, c.Factors)
		can := make([]bool, len(a.layers))
		for k, name := range a.layers {
			if i == 0 {
				a.plain = append(a.plain, !may(name))
			}
			can[k] = i == 0 || may(name) && !sameFactors(a.entries(a.factors[0], name), a.entries(c.Factors, name))
		}
		a.allowed = append(a.allowed, can)
	}
	return nil
}

// entries are a node's own factors and those of its operands.
func (a *auto) entries(f *passes.Factors, name string) []*passes.LayerFactors {
	var out []*passes.LayerFactors
	for _, n := range a.float.Main().Nodes {
		if n.Name != name {
			continue
		}
		var keys []string
		for _, i := range n.Op.Quant.Activations {
			keys = append(keys, passes.Key(n, i))
		}
		for _, k := range slices.Compact(keys) {
			if l := f.Get(k); l != nil {
				out = append(out, l)
			}
		}
	}
	return out
}

func sameFactors(x, y []*passes.LayerFactors) bool {
	return slices.EqualFunc(x, y, func(p, q *passes.LayerFactors) bool { return p.Equal(q) })
}

// reference runs the float network on the set and on the samples of the stand-in.
func (a *auto) reference(samples [][]*tensor.Tensor) error {
	a.samples = samples
	r, err := (exec.Engine{}).Prepare(a.float.Main())
	if err != nil {
		return err
	}
	for _, in := range samples {
		out, err := r.Run(a.ctx, in, nil)
		if err != nil {
			return err
		}
		a.wanted = append(a.wanted, out)
		if a.power == nil {
			a.power = make([]float64, len(out))
		}
		for k, t := range out {
			if k > 0 && !a.metric.Outputs {
				break
			}
			for _, v := range t.F32 {
				a.power[k] += float64(float64(v) * float64(v))
			}
		}
	}
	a.value, err = a.eval.Evaluate(a.ctx, a.float, a.stage("float"))
	return err
}

func (a *auto) stage(name string) func(string, int, int) {
	return func(_ string, done, total int) { a.opt.Progress(name, done, total) }
}

func (a *auto) problem() *search.Problem {
	p := &search.Problem{Layers: len(a.layers), Float: len(a.variants) - 1, MaxDrop: a.opt.MaxDrop, Cost: a.cost, Noise: a.noise, Trial: a.trial}
	for k := range a.layers {
		var moves []int
		for v := 1; v < len(a.variants); v++ {
			if a.allowed[v] == nil || a.allowed[v][k] {
				moves = append(moves, v)
			}
		}
		p.Moves = append(p.Moves, moves)
	}
	p.Better = func(x search.Assignment, o search.Outcome) error {
		if a.opt.Better == nil {
			return nil
		}
		r, err := a.result(x, o)
		if err != nil {
			return err
		}
		r.Met, r.Trials = o.Drop+o.Margin <= a.opt.MaxDrop, a.trials
		return a.opt.Better(r)
	}
	return p
}

// assemble gives an assignment's factors: each layer's entries from its variant.
func (a *auto) assemble(x search.Assignment) *passes.Factors {
	out := passes.NewFactors()
	for k, name := range a.layers {
		if f := a.factors[x[k]]; f != nil {
			for _, l := range a.entries(f, name) {
				*out.At(l.Key) = l.Clone()
			}
		}
	}
	return out
}

// module is the integer module of an assignment; for float everywhere, the float module.
func (a *auto) module(x search.Assignment) (*ir.Module, *passes.Factors, error) {
	c := NewContext(a.ctx)
	c.Log = a.c.Log
	s := *a.c.Settings
	c.Settings = &s
	c.Factors = a.assemble(x)
	if a.built != nil && slices.Equal(a.last, x) {
		return a.built, c.Factors, nil
	}
	m, err := Quantize(c, a.float, DefaultTarget)
	if err != nil {
		return nil, nil, err
	}
	a.last, a.built = slices.Clone(x), m
	return m, c.Factors, nil
}

// The cost model is the time of a core with AVX-512 VNNI, as "amctc bench" shows it: what takes longer, arithmetic or memory.
const (
	intRate   = 300e9 // multiply-adds of bytes a second
	wideRate  = 150e9 // of codes of int16 and bytes
	floatRate = 100e9 // of float32
	flowRate  = 20e9  // bytes a second
	wideFlow  = 5e9   // of steps that part codes of int16 into bytes
	stepTime  = 100e-9
)

// cost is the time of one sample by the model, boundaries between integers and floats included, in
// seconds, or the bytes of the constants.
func (a *auto) cost(x search.Assignment) (float64, error) {
	return a.opt.Journal.number("cost "+x.Key(), func() (float64, error) {
		m, _, err := a.module(x)
		if err != nil {
			return 0, err
		}
		if a.opt.Objective == ForSize {
			return float64(constantBytes(m)), nil
		}
		p, err := plan.Build(m, m.Main(), plan.Options{})
		if err != nil {
			return 0, err
		}
		var t float64
		for i := range p.Steps {
			c := p.Cost(&p.Steps[i])
			rate, flow := intRate, flowRate
			switch {
			case c.Float:
				rate = floatRate
			case c.Wide:
				rate, flow = wideRate, wideFlow
			}
			t += max(float64(c.MACs)/rate, float64(c.Moved)/flow) + stepTime
		}
		return t, nil
	})
}

// constantBytes is how much memory constants take in a file, codes of fewer than 8 bits packed.
func constantBytes(m *ir.Module) int64 {
	var bits int64
	for _, c := range m.Consts {
		width := int64(8 * c.Type().DType.Size())
		if q := c.Type().Quant; q != nil {
			width = int64(q.Bits())
		}
		bits += width * int64(c.Data.Len())
	}
	return (bits + 7) / 8
}

// noise is the mean squared error of the first output on the samples, as a part of the float network's
// mean square; where the metric is of all outputs, the sum of those parts.
func (a *auto) noise(x search.Assignment) (float64, error) {
	return a.opt.Journal.number("noise "+x.Key(), func() (float64, error) {
		if err := a.late(); err != nil {
			return 0, err
		}
		m, _, err := a.module(x)
		if err != nil {
			return 0, err
		}
		r, err := (exec.Engine{}).Prepare(m.Main())
		if err != nil {
			return 0, err
		}
		sums := make([]float64, len(a.power))
		for i, in := range a.samples {
			out, err := r.Run(a.ctx, in, nil)
			if err != nil {
				return 0, err
			}
			for k, t := range out {
				if k > 0 && !a.metric.Outputs {
					break
				}
				for j, v := range t.F32 {
					d := float64(v) - float64(a.wanted[i][k].F32[j])
					sums[k] += float64(d * d)
				}
			}
		}
		var noise float64
		for k, sum := range sums {
			noise += sum / max(a.power[k], 1e-30)
		}
		return noise, nil
	})
}

// late says whether the time is used up.
func (a *auto) late() error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if a.opt.Time > 0 && a.opt.Journal.Elapsed() > a.opt.Time {
		return fmt.Errorf("the time of %v is used up: %w", a.opt.Time, search.ErrBudget)
	}
	return nil
}

func (a *auto) trial(x search.Assignment) (search.Outcome, error) {
	if a.opt.Trials > 0 && a.trials == a.opt.Trials {
		return search.Outcome{}, fmt.Errorf("%d trials are used up: %w", a.opt.Trials, search.ErrBudget)
	}
	a.trials++
	o, err := a.opt.Journal.trial(x.Key(), func() (search.Outcome, error) {
		if err := a.late(); err != nil {
			return search.Outcome{}, err
		}
		m, _, err := a.module(x)
		if err != nil {
			return search.Outcome{}, err
		}
		ev, err := a.eval.Evaluate(a.ctx, m, a.stage(fmt.Sprintf("trial %d", a.trials)))
		if err != nil {
			return search.Outcome{}, err
		}
		o := search.Outcome{Drop: a.metric.Drop(a.value.Value, ev.Value)}
		if ev.hits != nil && !a.opt.NoMargin {
			o.Margin = float64(a.metric.Points * pairedError(a.value.hits, ev.hits))
		}
		if !a.opt.NoMargin {
			o.Margin += float64(a.metric.Points * ev.deviation)
		}
		return o, nil
	})
	if err == nil {
		a.history = append(a.history, AutoTrial{a.named(x), o, o.Drop+o.Margin <= a.opt.MaxDrop})
	}
	return o, err
}

func (a *auto) named(x search.Assignment) []AutoLayer {
	var out []AutoLayer
	for k, name := range a.layers {
		v := x[k]
		if v == 0 && a.plain[k] {
			v = 1
		}
		out = append(out, AutoLayer{name, a.variants[v].Name})
	}
	return out
}

func (a *auto) result(x search.Assignment, o search.Outcome) (*AutoResult, error) {
	m, f, err := a.module(x)
	if err != nil {
		return nil, err
	}
	r := &AutoResult{Float: a.value.Value, Drop: o.Drop, Margin: o.Margin, Factors: f, Integer: m}
	r.Value = a.metric.Undrop(a.value.Value, o.Drop)
	r.Layers, r.History, r.Bytes = a.named(x), slices.Clone(a.history), constantBytes(m)
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return nil, err
	}
	for i := range p.Steps {
		c := p.Cost(&p.Steps[i])
		r.MACs += c.MACs
		if !c.Float {
			r.IntMACs += c.MACs
		}
		if c.Wide {
			r.WideMACs += c.MACs
		}
	}
	return r, nil
}
