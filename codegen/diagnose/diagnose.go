package diagnose

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
)

// Input is what is diagnosed.
type Input struct {
	Context *passes.Context // with the settings and factors in use
	Engine  ir.Engine
	Float   *ir.Module // simplified
	Fitted  *ir.Module // what was quantized: Float, or with weights and biases changed
	Integer *ir.Module
	// Calib gave the ranges, or would; Samples, one call each, are what errors are measured on.
	Calib   passes.Data
	Samples [][]*tensor.Tensor
}

// memory is about how many bytes trials hold at the same time.
const memory = 96 << 20

// Run measures and names causes. Its memory depends on the network, not on how much data there is
// beside Samples. The answer lacks what is known to the caller only: version, model, target, metric.
func Run(in Input) (*report.Diagnosis, error) {
	if len(in.Samples) == 0 {
		return nil, fmt.Errorf("nothing to diagnose: there are no samples")
	}
	b, err := newBase(in.Context, in.Float, in.Fitted, in.Integer)
	if err != nil {
		return nil, err
	}
	r := &run{Input: in, base: b}
	if r.runner, err = in.Engine.Prepare(b.module.Main()); err != nil {
		return nil, err
	}
	if err := r.statistics(); err != nil {
		return nil, err
	}
	list, err := r.measure()
	if err != nil {
		return nil, err
	}
	out := report.NewDiagnosis()
	out.Remarks = append(out.Remarks, b.remarks...)
	out.Samples, out.CalibSamples = len(in.Samples), in.Calib.Samples()
	if out.Graph, err = report.Measure(in.Context, in.Engine, in.Float.Main(), in.Integer.Main(), in.Samples); err != nil {
		return nil, err
	}
	if err := r.output(out); err != nil {
		return nil, err
	}
	if err := r.conclude(out, list); err != nil {
		return nil, err
	}
	return out, nil
}

type run struct {
	Input
	base        *base
	runner      ir.Runner
	calib, seen *watch
}

func (r *run) ctx() context.Context { return r.Context }

func (r *run) main() *ir.Func { return r.base.module.Main() }

// statistics watches the units' operands over the calibration data and over the samples.
func (r *run) statistics() error {
	r.calib, r.seen = newWatch(r.base), newWatch(r.base)
	done := 0
	for in, err := range r.Calib.Batches() {
		if err != nil {
			return err
		}
		if err := r.calib.run(r.ctx(), r.runner, r.main(), in); err != nil {
			return err
		}
		if len(in) > 0 && len(in[0].Shape) > 0 {
			done += in[0].Shape[0]
		}
		r.Context.Progress("ranges of calibration", min(done, r.Calib.Samples()), r.Calib.Samples())
	}
	for i, in := range r.Samples {
		if err := r.seen.run(r.ctx(), r.runner, r.main(), in); err != nil {
			return err
		}
		r.Context.Progress("ranges of samples", i+1, len(r.Samples))
	}
	for v, s := range r.calib.of {
		if s.n == 0 {
			return fmt.Errorf("diagnosis: the calibration data is empty: nothing was seen of %%%s", v.Name)
		}
	}
	return nil
}

// measure tries every form of every unit.
func (r *run) measure() ([]*measured, error) {
	list := make([]*measured, len(r.base.units))
	for i, u := range r.base.units {
		list[i] = &measured{u: u}
		for _, a := range u.acts {
			list[i].calib = append(list[i].calib, r.calib.of[a.value])
			list[i].seen = append(list[i].seen, r.seen.of[a.value])
		}
		list[i].makeForms()
	}
	err := r.try("layers alone", list, func(m *measured) ([]string, []string) { return m.names(), m.onward() })
	return list, err
}

// try runs the forms that choose names, in groups that memory allows; onward names those that go on to the
// network's result. It leaves a new probe in each.
func (r *run) try(stage string, list []*measured, choose func(*measured) (names, onward []string)) error {
	done := 0
	for done < len(list) {
		var group []*measured
		wanted := make(map[*ir.Value]bool)
		for held := 0; done < len(list); done++ {
			m := list[done]
			names, onward := choose(m)
			n := probeBytes(r.base, m.u, len(names), len(onward) > 0)
			if len(group) > 0 && held+n > memory {
				break
			}
			held += n
			p, err := newProbe(r.Engine, r.base, m.u, m.forms, names, onward)
			if err != nil {
				return err
			}
			m.probe = p
			p.wants(func(v *ir.Value) { wanted[v] = true })
			group = append(group, m)
		}
		for i, in := range r.Samples {
			at, results, err := capture(r.ctx(), r.runner, r.main(), in, wanted)
			if err != nil {
				return err
			}
			for _, m := range group {
				if err := m.probe.see(r.ctx(), at, results); err != nil {
					return err
				}
			}
			r.Context.Progress(stage, (done-len(group))*len(r.Samples)+(i+1)*len(group), len(list)*len(r.Samples))
		}
		for _, m := range group {
			m.probe.release()
		}
	}
	return nil
}

// makeForms lists what is worth trying with the unit: the repairs that the statistics leave open.
func (m *measured) makeForms() {
	u := m.u
	now := u.present()
	m.forms = map[string]form{present: now, tryActs: now.actsOnly()}
	m.nearest = present
	for k, a := range u.acts {
		put := func(name string, lo, hi float32) {
			if q, ok := ranged(lo, hi, u.set.Activation.Asymmetric, a.codes.bits); ok {
				acts := slices.Clone(now.acts)
				acts[k] = q
				m.forms[name] = now.withActs(acts...)
			}
		}
		c, s := m.calib[k], m.seen[k]
		if lo, hi := a.codes.span(); s.lo < lo || s.hi > hi {
			put(wide(k), min(c.lo, s.lo), max(c.hi, s.hi))
		}
		if _, _, _, yes := m.isRare(k); yes {
			for _, p := range percentiles {
				q := float32(c.quantile(p))
				put(narrow(k, p), max(c.lo, -q), min(c.hi, q))
			}
		}
	}
	if u.w == nil {
		return
	}
	m.forms[tryWeights] = now.weightsOnly()
	if !slices.Equal(u.w.float, u.w.fitted) || !slices.Equal(u.w.floatBias, u.w.fittedBias) {
		m.nearest = tryNearest
		m.forms[tryNearest] = u.withWeights(now, calib.FakeQuantWeights(u.w.float, u.w.scale, u.w.bits))
	}
	if ratio, _, _, _ := u.w.spread(); ratio >= minRatio {
		if w, ok := u.perChannel(u.w.bits); ok {
			m.forms[tryChannel] = u.withWeights(now, w)
		}
	}
	if _, ratio := m.calib[0].widest(); ratio >= minRatio {
		if f, ok := u.balanced(m.calib[0]); ok {
			m.forms[tryBalance] = f
		}
	}
	if u.w.bits < 8 {
		m.forms[tryEight] = u.withWeights(now, u.wider())
	}
}

// names are the forms in a fixed order.
func (m *measured) names() []string {
	var out []string
	for n := range m.forms {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// onward are the forms whose effect on the network's result is needed: the present one and, because a wide
// channel hides in a layer's own result what the others lose, those against disparity.
func (m *measured) onward() []string {
	out := []string{present}
	for _, n := range []string{tryChannel, tryBalance} {
		if _, ok := m.forms[n]; ok {
			out = append(out, n)
		}
	}
	if len(out) > 1 && m.nearest != present {
		out = append(out, m.nearest)
	}
	return out
}

// release drops what only running needs.
func (p *probe) release() {
	for _, t := range p.trials {
		t.run = nil
	}
	p.after = nil
}

// output compares the integer network's results with the float network's.
func (r *run) output(out *report.Diagnosis) error {
	whole, err := r.Engine.Prepare(r.Integer.Main())
	if err != nil {
		return err
	}
	var ratio []float64
	for _, in := range r.Samples {
		want, err := r.runner.Run(r.ctx(), in, nil)
		if err != nil {
			return err
		}
		got, err := whole.Run(r.ctx(), in, nil)
		if err != nil {
			return err
		}
		var bad, signal float64
		for i, t := range want {
			if got[i].DType != tensor.F32 {
				return fmt.Errorf("diagnosis: result %d of the integer network is %v, want float32", i, got[i].DType)
			}
			n, s := noise(t.F32, got[i].F32)
			bad, signal = bad+n, signal+s
		}
		ratio = append(ratio, ratioOf(bad, signal))
	}
	out.Output = report.DB(db(median(ratio)))
	return nil
}

// layer tells a unit's numbers.
func (m *measured) layer() report.Layer {
	n, p := m.u.node, m.probe
	alone, _ := m.tried(present)
	l := report.Layer{Name: n.Name, Op: n.Op.Name, Shape: n.Result().Type.Shape, MACs: report.MACs(n), Isolated: report.DB(db(alone)), Cosine: p.cosine.value(),
		Network: report.DB(db(median(p.network[present]))), Activations: report.DB(math.NaN()), WeightsAlone: report.DB(math.NaN()), Finding: -1}
	if a, ok := m.tried(tryActs); ok {
		l.Activations = report.DB(db(a))
	}
	if w, ok := m.tried(tryWeights); ok {
		l.WeightsAlone = report.DB(db(w))
	}
	for k, a := range m.u.acts {
		lo, hi := a.codes.span()
		c, s := m.calib[k], m.seen[k]
		o := report.Operand{Key: a.key, Value: a.value.Name, Scale: a.codes.scale, Offset: a.codes.offset, Bits: a.codes.bits, ClipMin: lo, ClipMax: hi,
			Calib: report.Range{Min: c.lo, Max: c.hi}, Seen: report.Range{Min: s.lo, Max: s.hi}}
		o.ClipRate = float64(p.clipped[k]) / float64(max(1, p.total[k]))
		o.Histogram = report.Histogram{Min: float64(min(lo, c.lo)), Max: float64(max(hi, c.hi))}
		for _, b := range c.histogram(o.Histogram.Min, o.Histogram.Max, histogramBins) {
			o.Histogram.Bins = append(o.Histogram.Bins, math.Round(b/float64(c.n)*1e9)/1e9)
		}
		l.Operands = append(l.Operands, o)
	}
	if w := m.u.w; w != nil {
		ratio, _, lo, hi := w.spread()
		l.Weights = &report.Weights{Bits: w.bits, Scales: len(w.scale), Ratio: math.Round(min(ratio, 1e9)*1e3) / 1e3}
		for c := range lo {
			l.Weights.Min, l.Weights.Max = append(l.Weights.Min, report.Float(lo[c])), append(l.Weights.Max, report.Float(hi[c]))
		}
	}
	return l
}

// histogramBins is how many bins a reported histogram has.
const histogramBins = 64
