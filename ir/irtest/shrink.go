package irtest

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// Shrink makes a small module that still fails. fails(m) must hold; it is asked about many modules,
// each valid under the verifier and none larger than m, and must not change them.
//
// The function is cut: at its end, so that an inner value becomes the result, behind q.dequantize when
// it is codes, and at its front, so that inner values become parameters, codes behind a q.quantize
// with their type; nodes that nothing needs any longer go. Nodes whose result has the type of an
// operand are bypassed, constants of float layers stay as they are. The search is greedy and ends
// when no single cut fails any more; the same m and predicate give the same module.
func Shrink(m *ir.Module, fails func(*ir.Module) bool) *ir.Module {
	s := &shrinker{best: m, fails: fails}
	if f := m.Main(); f != nil && len(m.Funcs) > 1 {
		only := m.Clone()
		only.Funcs = []*ir.Func{only.Main()}
		only.DropUnusedConsts()
		s.try(only)
	}
	if s.main() == nil {
		return m
	}
	for s.shortenEnd() || s.dropResults() || s.cutFront() || s.bypass() || s.fixBatch() {
	}
	return s.best
}

type shrinker struct {
	best  *ir.Module
	fails func(*ir.Module) bool
}

func (s *shrinker) main() *ir.Func {
	if len(s.best.Funcs) != 1 {
		return nil
	}
	return s.best.Funcs[0]
}

// try keeps m when it is valid and fails.
func (s *shrinker) try(m *ir.Module) bool {
	if m == nil || ir.Verify(m).HasErrors() || !s.fails(m) {
		return false
	}
	s.best = m
	return true
}

// size orders modules: nodes without boundaries first, then all nodes, then parameters.
func size(f *ir.Func) [3]int {
	inner := 0
	for _, n := range f.Nodes {
		if n.Op.Name != "q.quantize" && n.Op.Name != "q.dequantize" {
			inner++
		}
	}
	return [3]int{inner, len(f.Nodes), len(f.Params) + len(f.Results)}
}

// smaller tries a cut when its outcome is smaller than what there is.
func (s *shrinker) smaller(c cut) bool {
	m := c.apply(s.best)
	if m == nil {
		return false
	}
	a, b := size(m.Funcs[0]), size(s.main())
	return slices.Compare(a[:], b[:]) < 0 && s.try(m)
}

// shortenEnd looks for the first node that fails as the only result.
func (s *shrinker) shortenEnd() bool {
	for _, n := range s.main().Nodes {
		for _, r := range n.Results {
			if s.smaller(cut{results: []*ir.Value{r}}) {
				return true
			}
		}
	}
	return false
}

// dropResults looks for a result that is not needed.
func (s *shrinker) dropResults() bool {
	f := s.main()
	for i := range f.Results {
		if len(f.Results) > 1 && s.smaller(cut{results: slices.Delete(slices.Clone(f.Results), i, i+1)}) {
			return true
		}
	}
	return false
}

// cutFront makes runs of nodes, long ones first, parameters.
func (s *shrinker) cutFront() bool {
	f := s.main()
	var inner []*ir.Value
	for _, n := range f.Nodes {
		for _, r := range n.Results {
			if canCut(r) {
				inner = append(inner, r)
			}
		}
	}
	for width := len(inner); width > 0; width /= 2 {
		for at := 0; at < len(inner); at += width {
			front := make(map[*ir.Value]bool)
			for _, v := range inner[at:min(at+width, len(inner))] {
				front[v] = true
			}
			if s.smaller(cut{front: front}) {
				return true
			}
		}
	}
	return false
}

// canCut says whether a value can become a parameter: float32, or codes that q.quantize makes and
// that are not made so already.
func canCut(v *ir.Value) bool {
	t := v.Type
	if t.IsFloat() {
		return true
	}
	return t.IsQuant() && t.DType == tensor.I8 && t.Quant.IsPerTensor() && v.Def.Op.Name != "q.quantize"
}

// bypass looks for a node whose result may be replaced by an operand.
func (s *shrinker) bypass() bool {
	for _, n := range s.main().Nodes {
		for _, v := range n.Operands {
			if len(n.Results) == 1 && v.Type.Equal(n.Result().Type) && s.smaller(cut{instead: map[*ir.Value]*ir.Value{n.Result(): v}}) {
				return true
			}
		}
	}
	return false
}

// fixBatch gives a free batch the size one.
func (s *shrinker) fixBatch() bool {
	if !s.main().IsFree() {
		return false
	}
	m := s.best.Clone()
	for _, v := range m.Funcs[0].Values() {
		v.Type = v.Type.Bind(1)
	}
	return s.try(m)
}

// A cut says how a smaller function is made of one. Values are those of the larger function.
type cut struct {
	results []*ir.Value             // what to return; nil for what it returned
	front   map[*ir.Value]bool      // become parameters
	instead map[*ir.Value]*ir.Value // are replaced in every use
}

// apply carries the cut out on a copy of m, whose one function it concerns; nil when nothing
// sensible is left: no node, or no parameter where there was one.
func (c cut) apply(m *ir.Module) *ir.Module {
	f := m.Funcs[0]
	results := c.results
	if results == nil {
		results = f.Results
	}
	live := c.live(f, results)
	e := &cutter{cut: c, names: f.Clone(), to: make(map[*ir.Value]*ir.Value), out: &ir.Func{Name: f.Name, Stage: f.Stage}}
	e.b = ir.NewBuilder(op.All(), e.out, new(diag.List))
	for _, p := range f.Params {
		if live[p] {
			e.to[p] = e.b.Param(p.Name, p.Type)
		}
	}
	for _, n := range f.Nodes {
		for _, r := range n.Results {
			if live[r] && c.front[r] {
				e.parameter(n, r)
			}
		}
		if slices.ContainsFunc(n.Results, func(r *ir.Value) bool { return live[r] && !c.front[r] }) {
			e.copy(n)
		}
	}
	for _, r := range results {
		e.result(r, slices.Contains(f.Results, r))
	}
	if e.failed || len(e.out.Nodes) == 0 || len(e.out.Params) == 0 && len(f.Params) > 0 {
		return nil
	}
	small := &ir.Module{File: m.File, Target: m.Target, Funcs: []*ir.Func{e.out}}
	small.DropUnusedConsts()
	return small
}

// of is what v's users use.
func (c cut) of(v *ir.Value) *ir.Value {
	for c.instead[v] != nil {
		v = c.instead[v]
	}
	return v
}

// live are the values that the results need, the front included but not what made it.
func (c cut) live(f *ir.Func, results []*ir.Value) map[*ir.Value]bool {
	live := make(map[*ir.Value]bool)
	for _, r := range results {
		live[c.of(r)] = true
	}
	for _, n := range slices.Backward(f.Nodes) {
		if slices.ContainsFunc(n.Results, func(r *ir.Value) bool { return live[r] && !c.front[r] }) {
			for _, v := range n.Operands {
				live[c.of(v)] = true
			}
		}
	}
	return live
}

// A cutter builds the smaller function.
type cutter struct {
	cut
	b      *ir.Builder
	out    *ir.Func
	names  *ir.Func // whose values have every name that is taken
	to     map[*ir.Value]*ir.Value
	failed bool
}

func (e *cutter) ref(v *ir.Value) *ir.Value {
	v = e.of(v)
	if v.Const != nil {
		return v
	}
	return e.to[v]
}

// copy takes a node over with the types it has.
func (e *cutter) copy(n *ir.Node) {
	m := &ir.Node{Op: n.Op, Name: n.Name, From: slices.Clone(n.From), Attrs: n.Attrs.Clone(), Span: n.Span}
	for _, v := range n.Operands {
		w := e.ref(v)
		e.failed = e.failed || w == nil
		m.Operands = append(m.Operands, w)
	}
	for _, r := range n.Results {
		w := &ir.Value{Name: r.Name, Type: r.Type, Def: m, Span: r.Span}
		e.to[r] = w
		m.Results = append(m.Results, w)
	}
	e.out.Nodes = append(e.out.Nodes, m)
}

// parameter makes v, a result of n, a parameter, quantized when v is codes.
func (e *cutter) parameter(n *ir.Node, v *ir.Value) {
	if v.Type.IsFloat() {
		e.to[v] = e.b.Param(v.Name, v.Type)
		return
	}
	p := e.b.Param(e.fresh(v.Name+"_float"), ir.Float(v.Type.Shape...))
	e.node(ir.NodeSpec{Op: "q.quantize", Name: n.Name, Value: v.Name, Operands: []*ir.Value{p}, Elem: &v.Type}, v)
}

// result returns v; codes that were not returned before are dequantized.
func (e *cutter) result(v *ir.Value, before bool) {
	w := e.ref(v)
	if w == nil || v.Const != nil {
		e.failed = true
		return
	}
	if !before && w.Type.IsQuant() {
		w = e.node(ir.NodeSpec{Op: "q.dequantize", Value: e.fresh(v.Name + "_float"), Operands: []*ir.Value{w}}, nil)
	}
	e.out.Results = append(e.out.Results, w)
}

// fresh is a name that neither function has.
func (e *cutter) fresh(base string) string {
	name := e.names.FreshName(base)
	e.names.Params = append(e.names.Params, &ir.Value{Name: name})
	return name
}

// node builds a node whose result stands for v. It takes the name of v, which no other value of the
// smaller function has, because v's own node is not copied.
func (e *cutter) node(s ir.NodeSpec, v *ir.Value) *ir.Value {
	w := e.b.Node(s)
	if w == nil {
		e.failed = true
		return nil
	}
	if v != nil {
		e.to[v] = w
	}
	return w
}
