package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes/calib"
	"github.com/amctc/amctc/passes/stats"
)

// TakeStatistics takes, in one sweep of the data, statistics of every tensor of the float module m that any
// settings could quantize. The network runs with its float weights. Settings count for the number of batches
// only; those of fusions are in m already. Memory does not depend on the number of samples.
func TakeStatistics(c *Context, e ir.Engine, m *ir.Module, d Data) (*stats.Statistics, error) {
	d, err := c.batches(m, d)
	if err != nil {
		return nil, err
	}
	id := identify(m)
	all := NewContext(c, c.Ops) // nothing is skipped
	observed, err := observe(all, m)
	if err != nil {
		return nil, err
	}
	out := &stats.Statistics{Weights: stats.Float, Samples: uint64(d.Samples()), Nodes: id.nodes}
	ws := &watchers{byValue: make(map[*ir.Value][]*watcher), home: make(map[*ir.Value]*ir.Value)}
	known := make(map[string]*watcher) // by digest
	for _, n := range observed.Main().Nodes {
		if n.Op.Name != "q.observe" || n.Operands[0].IsConst() {
			continue
		}
		v := n.Operands[0]
		digest := id.value[v.Name]
		w := known[digest]
		if w == nil {
			t := &stats.Tensor{Name: v.Name, Digest: digest, Sketch: calib.NewSketch()}
			out.Tensors = append(out.Tensors, t)
			w = &watcher{obs: keeper{t.Sketch}}
			known[digest] = w
			ws.list = append(ws.list, w)
			ws.byValue[n.Result()] = append(ws.byValue[n.Result()], w)
		}
		w.keys = append(w.keys, n.Attr("key").(string))
	}
	if len(ws.list) == 0 {
		return nil, c.nothing(observed.Main())
	}
	for i, t := range out.Tensors {
		t.Keys = ws.list[i].keys
	}
	r, err := e.Prepare(observed.Main())
	if err != nil {
		return nil, fmt.Errorf("statistics: %w", err)
	}
	if err := sweep(c, r, ws, d, observed.Main(), 0); err != nil {
		return nil, err
	}
	_, err = ws.end()
	return out, err
}

// keeper lets a sketch stand where an observer does.
type keeper struct{ *calib.Sketch }

func (k keeper) Begin(int) {}

func (k keeper) End() (bool, error) {
	if k.Count == 0 {
		return false, calib.ErrEmpty
	}
	return false, nil
}

func (k keeper) Result() (calib.Params, error) {
	return calib.Params{}, fmt.Errorf("statistics choose no factors")
}

func (k keeper) Bound(lo, hi float32) {}

// identity is what names and hashes the tensors of a module.
type identity struct {
	value map[string]string // digest by name of the value
	nodes []stats.Node
	f     *ir.Func
}

func identify(m *ir.Module) *identity {
	f := m.Clone().Main()
	UniqueNames(f)
	d := ir.DigestsOf(f)
	out := &identity{value: make(map[string]string), f: f}
	for v, digest := range d.Value {
		out.value[v.Name] = digest
	}
	for _, n := range f.Nodes {
		out.nodes = append(out.nodes, stats.Node{Name: n.Name, Digest: d.Node[n]})
	}
	return out
}

// before are the nodes that the value of the given name depends on, in order.
func (id *identity) before(name string) []stats.Node {
	need := make(map[*ir.Value]bool)
	for _, v := range id.f.Values() {
		need[v] = v.Name == name
	}
	var out []stats.Node
	for i := len(id.f.Nodes) - 1; i >= 0; i-- {
		n := id.f.Nodes[i]
		if !slices.ContainsFunc(n.Results, func(v *ir.Value) bool { return need[v] }) {
			continue
		}
		for _, v := range n.Operands {
			need[v] = true
		}
		out = append(out, id.nodes[i])
	}
	slices.Reverse(out)
	return out
}

// FitStatistics is Fit with statistics in the place of data: it leaves the factors of the float module m in
// c.Factors, and gives the module that Quantize takes with them. Settings that need data are refused, and so is
// a tensor that the statistics do not have as m computes it. A remark tells which factors are exact.
func FitStatistics(c *Context, m *ir.Module, s *stats.Statistics) (*ir.Module, error) {
	if steps := c.Settings.dataSteps(); len(steps) > 0 {
		return nil, diag.Errorf("S007", diag.Span{}, "", "%s: the settings ask for what statistics do not hold; give data with --calib, or leave that out", strings.Join(steps, ", "))
	}
	id := identify(m)
	out := m
	c.Float = m.Clone()
	UniqueNames(c.Float.Main())
	if c.Settings.Rounds() {
		out = m.Clone()
		if err := roundWeights(c, nil, out, nil); err != nil {
			return nil, err
		}
	}
	observed, err := observe(c, out)
	if err != nil {
		return nil, err
	}
	f := observed.Main()
	weightScales(c, f)
	ws := newWatchers(c, f)
	if len(ws.list) == 0 {
		return nil, c.nothing(f)
	}
	if err := stale(id, ws, s); err != nil {
		return nil, err
	}
	exact := 0
	for _, w := range ws.list {
		all := calib.NewSketch()
		for _, v := range w.values {
			if t := s.Tensor(id.value[v.Name]); t != nil {
				all.Merge(t.Sketch)
			} else if err := all.Add(v.Const.Data.F32); err != nil {
				return nil, unfit("statistics", w.keys[0], err)
			}
		}
		_, same, err := calib.FromSketch(w.obs, all)
		if err != nil {
			return nil, unfit("statistics", w.keys[0], err)
		}
		if same {
			exact++
		}
	}
	if err := ws.store(c); err != nil {
		return nil, err
	}
	for _, l := range c.Factors.All() {
		l.SkipFusion = l.ScaleW != nil && (c.Settings.NoFusion || c.Settings.SkipFusion[l.Key])
	}
	c.fewSamples(int(min(s.Samples, fewSamples)))
	told := diag.Errorf("S006", diag.Span{}, "", "ranges of activations come from statistics of %d samples, taken with %s weights; %d of %d are exact, the others estimated from bins",
		s.Samples, s.Weights, exact, len(ws.list))
	told.Severity = diag.Remark
	c.Remarks.Add(told)
	return out, nil
}

// stale reports the tensors that the statistics do not have as the network computes them.
func stale(id *identity, ws *watchers, s *stats.Statistics) error {
	var found diag.List
	for _, w := range ws.list {
		for _, v := range w.values {
			if v.IsConst() || s.Tensor(id.value[v.Name]) != nil {
				continue
			}
			was := "it is not in the statistics"
			if i := slices.IndexFunc(s.Tensors, func(t *stats.Tensor) bool { return t.Name == v.Name }); i >= 0 {
				was = "it was computed otherwise"
			}
			why := stats.Changed(s.Nodes, id.before(v.Name))
			why = slices.DeleteFunc(why, func(s string) bool { return strings.HasSuffix(s, "is gone") })
			if len(why) == 0 {
				why = []string{"the layers before it are the same, joined otherwise or on another input"}
			}
			found.Errorf("S005", diag.Span{}, "", "statistics of %%%s, which %s reads, are stale: %s; %s", v.Name, quoted(w.keys), was, stats.List(why))
		}
	}
	return found.Err()
}

func quoted(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%q", k))
	}
	return stats.List(out)
}

// dataSteps names the steps that the settings ask for and that need data.
func (s *Settings) dataSteps() (names []string) {
	for _, name := range s.Steps() {
		if name != "round-weights" || s.roundsByData() {
			names = append(names, name)
		}
	}
	return names
}

// roundsByData says whether any layer's weights are rounded with data.
func (s *Settings) roundsByData() bool {
	by := func(l LayerSettings) bool { return l.Weight.Algorithm != ARQ && l.Weight.Algorithm != MSEWeights }
	for _, l := range s.Layers {
		if by(l) {
			return true
		}
	}
	return by(s.Default)
}
