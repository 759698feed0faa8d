package diagnose

import (
	"context"
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// A probe tries forms of one unit: what each does to the unit's own result and, of some, to the
// network's.
type probe struct {
	u      *unit
	trials map[string]*trial
	order  []string
	after  *suffix // nil when no trial goes on
	onward []string

	network map[string][]float64 // noise over signal at the network's results, by trial, by sample
	drift   *drift               // of the present form
	cosine  cosine
	clipped []int
	total   []int
}

// present is the name of the form that a unit has.
const present = "present"

func newProbe(e ir.Engine, b *base, u *unit, forms map[string]form, order, onward []string) (*probe, error) {
	p := &probe{u: u, trials: make(map[string]*trial), order: order, onward: onward, network: make(map[string][]float64),
		drift: &drift{}, clipped: make([]int, len(u.acts)), total: make([]int, len(u.acts))}
	for _, name := range order {
		t, err := newTrial(e, u, forms[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.node.Subject(), err)
		}
		p.trials[name] = t
	}
	if len(onward) > 0 {
		var err error
		if p.after, err = newSuffix(e, b.module.Main(), u.node); err != nil {
			return nil, fmt.Errorf("behind %s: %w", u.node.Subject(), err)
		}
	}
	return p, nil
}

// wants are the values of the base that a sample of the probe needs.
func (p *probe) wants(mark func(*ir.Value)) {
	for _, v := range p.u.node.Operands {
		if !v.IsConst() {
			mark(v)
		}
	}
	mark(p.u.node.Result())
	if p.after != nil {
		for _, v := range p.after.outside {
			mark(v)
		}
	}
}

// see runs every trial on one sample. at has the values of the base, results the base's results.
func (p *probe) see(ctx context.Context, at map[*ir.Value]*tensor.Tensor, results []*tensor.Tensor) error {
	ref := at[p.u.node.Result()]
	for k, a := range p.u.acts {
		x := of(at, a.value).F32
		p.clipped[k] += a.codes.clipped(x)
		p.total[k] += len(x)
	}
	for _, name := range p.order {
		t := p.trials[name]
		out, err := t.run.Run(ctx, t.feed(at), nil)
		if err != nil {
			return fmt.Errorf("%s: %w", p.u.node.Subject(), err)
		}
		got := out[0].F32
		t.ratio = append(t.ratio, ratioOf(noise(ref.F32, got)))
		if name == present {
			p.drift.add(ref.F32, got, ref.Shape)
			p.cosine.add(ref.F32, got)
		}
		for _, o := range p.onward {
			if o != name {
				continue
			}
			r, err := p.after.run(ctx, at, out[0], results)
			if err != nil {
				return err
			}
			p.network[name] = append(p.network[name], r)
		}
	}
	return nil
}

// ratio is the median of a trial's noise over signal.
func (p *probe) ratio(name string) float64 { return median(p.trials[name].ratio) }

// probeBytes is about what a probe holds: of each trial the weights, the tensors and what the kernel works in, and
// of what lies behind all weights and the greatest tensors.
func probeBytes(b *base, u *unit, trials int, onward bool) int {
	tensors, greatest := u.node.Result().Type.Elems(), 0
	for _, v := range u.node.Operands {
		tensors += v.Type.Elems()
	}
	n := 0
	if u.w != nil {
		n = len(u.w.float)
	}
	n = trials * (n + 3*tensors)
	if onward {
		for _, c := range b.module.UsedConsts() {
			n += c.Data.Len()
		}
		for _, v := range b.module.Main().Values() {
			greatest = max(greatest, v.Type.Elems())
		}
		n += 6 * greatest
	}
	return 4 * n
}

// A suffix is the part of a function that depends on one node, as a function of that node's result
// and of the values that come from elsewhere.
type suffix struct {
	runner  ir.Runner
	outside []*ir.Value // of the whole function; the first parameter is the node's result
	results []int       // which of the whole function's results it computes
	direct  []int       // which of them are the node's result itself
}

func newSuffix(e ir.Engine, f *ir.Func, from *ir.Node) (*suffix, error) {
	s := &suffix{}
	to := make(map[*ir.Value]*ir.Value)
	depends := make(map[*ir.Value]bool)
	out := &ir.Func{Name: f.Name, Stage: f.Stage}
	param := func(v *ir.Value) *ir.Value {
		p := &ir.Value{Name: v.Name, Type: v.Type}
		to[v] = p
		out.Params = append(out.Params, p)
		return p
	}
	param(from.Result())
	depends[from.Result()] = true
	for _, n := range f.Nodes {
		needed := false
		for _, v := range n.Operands {
			needed = needed || depends[v]
		}
		if !needed {
			continue
		}
		m := &ir.Node{Op: n.Op, Name: n.Name, From: n.From, Attrs: n.Attrs, Span: n.Span}
		for _, v := range n.Operands {
			w := to[v]
			if w == nil {
				w = v
				if !v.IsConst() {
					w = param(v)
					s.outside = append(s.outside, v)
				}
			}
			m.Operands = append(m.Operands, w)
		}
		for _, v := range n.Results {
			w := *v
			w.Def = m
			to[v] = &w
			depends[v] = true
			m.Results = append(m.Results, &w)
		}
		out.Nodes = append(out.Nodes, m)
	}
	for i, v := range f.Results {
		switch {
		case v == from.Result():
			s.direct = append(s.direct, i)
		case depends[v]:
			s.results = append(s.results, i)
			out.Results = append(out.Results, to[v])
		}
	}
	if len(s.results) == 0 {
		return s, nil
	}
	var err error
	s.runner, err = e.Prepare(out)
	return s, err
}

// run is noise over signal of the function's results when the node's result is x.
func (s *suffix) run(ctx context.Context, at map[*ir.Value]*tensor.Tensor, x *tensor.Tensor, want []*tensor.Tensor) (float64, error) {
	var bad float64
	for _, i := range s.direct {
		n, _ := noise(want[i].F32, x.F32)
		bad += n
	}
	if s.runner != nil {
		in := []*tensor.Tensor{x}
		for _, v := range s.outside {
			in = append(in, at[v])
		}
		out, err := s.runner.Run(ctx, in, nil)
		if err != nil {
			return 0, err
		}
		for k, i := range s.results {
			n, _ := noise(want[i].F32, out[k].F32)
			bad += n
		}
	}
	var signal float64
	for _, t := range want {
		_, p := noise(t.F32, t.F32)
		signal += p
	}
	return ratioOf(bad, signal), nil
}
