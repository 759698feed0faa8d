package passes

import (
	"context"
	"math"
	"reflect"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// lockstep interprets one function before and after a pass side by side, on one sample.
type lockstep struct {
	c             *Context
	v             *Validation
	was           *Factors
	keeps         Promise
	sample, batch int
	before, after *ir.Func
	in            []*tensor.Tensor

	cuts     map[*ir.Value]*ir.Value // of the function before to that after
	cut      map[*ir.Value]bool      // values of the function after
	partners map[string][]*ir.Node   // nodes of the function after, by name
	forms    map[*ir.Value]*ir.Value // of the function after to the value before that they are a further form of
	old, new map[*ir.Value]number
}

func (l *lockstep) run(ctx context.Context) error {
	var err error
	if l.batch, err = interp.BindBatch(l.before, l.in); err != nil {
		return err
	}
	l.match()
	if err := l.runAfter(ctx); err != nil {
		return err
	}
	for i, p := range l.before.Params {
		l.old[p] = number{t: l.in[i]}
	}
	for _, n := range l.before.Nodes {
		if err := l.step(ctx, n); err != nil {
			return err
		}
	}
	for i, v := range l.before.Results {
		w := l.after.Results[i]
		if l.cuts[v] == w && w.Def != nil {
			continue
		}
		if err := l.compare(v, l.value(l.old, v), w, l.value(l.new, w), l.keeps == Rounded || l.keeps == Divided); err != nil {
			return err
		}
	}
	if l.keeps == OffGrid {
		return l.onGrid(ctx)
	}
	return nil
}

// match finds the cuts: parameters, and values of one name and shape.
func (l *lockstep) match() {
	l.cuts, l.cut = make(map[*ir.Value]*ir.Value), make(map[*ir.Value]bool)
	l.old, l.new = make(map[*ir.Value]number), make(map[*ir.Value]number)
	l.partners, l.forms = make(map[string][]*ir.Node), make(map[*ir.Value]*ir.Value)
	byName := make(map[string]*ir.Value)
	for _, w := range l.after.Values() {
		byName[w.Name] = w
	}
	for _, n := range l.after.Nodes {
		l.partners[n.Name] = append(l.partners[n.Name], n)
	}
	for _, v := range l.before.Values() {
		w := byName[v.Name]
		if w == nil || !slices.Equal(v.Type.Shape, w.Type.Shape) || l.keeps == Divided && v.Def != nil {
			continue
		}
		if producer(v, "q.fake") != nil && (l.keeps == Codes || l.keeps == PairCodes) {
			continue // an edge, whose name may be taken by what another edge became
		}
		l.cuts[v], l.cut[w] = w, true
	}
}

// bounded says whether roundings are followed.
func (l *lockstep) bounded() bool {
	return l.keeps != Exact && l.keeps != Recognized && l.keeps != OnGrid && l.keeps != Narrowed && l.keeps != OffGrid
}

// runAfter executes the function after. What follows a cut takes it as exact.
func (l *lockstep) runAfter(ctx context.Context) error {
	for i, p := range l.after.Params {
		l.new[p] = number{t: l.in[i]}
	}
	sums := l.keeps == Rounded || l.keeps == Divided
	for _, n := range l.after.Nodes {
		in := make([]number, len(n.Operands))
		for i, v := range n.Operands {
			in[i] = l.value(l.new, v)
			if l.cut[v] || l.keeps == Divided && i == 0 && n.Op.Quant.IsLayer() {
				in[i] = number{t: in[i].t}
			}
		}
		out, err := evaluate(ctx, n, in, l.batch, sums)
		if err != nil {
			return err
		}
		for i, v := range n.Results {
			if out[i].rounds > 0 {
				out[i].rounds += merged
			}
			l.new[v] = out[i]
		}
	}
	return nil
}

// value is a constant or a computed value.
func (l *lockstep) value(env map[*ir.Value]number, v *ir.Value) number {
	if v.Const != nil {
		return number{t: v.Const.Data}
	}
	return env[v]
}

// step executes one node of the function before on what the function after has, and compares.
func (l *lockstep) step(ctx context.Context, n *ir.Node) error {
	if l.same(n) {
		for _, r := range n.Results {
			l.old[r] = number{t: l.new[l.cuts[r]].t}
			l.v.Values++
		}
		return nil
	}
	in := make([]number, len(n.Operands))
	for i, v := range n.Operands {
		in[i] = l.value(l.old, v)
	}
	if err := l.operands(n, in); err != nil {
		return err
	}
	l.chosen(n, in)
	var out []number
	if l.keeps == OffGrid && n.Op.Name == "q.fake" {
		out = in[:1]
	} else {
		var err error
		if out, err = evaluate(ctx, l.promised(n), in, l.batch, l.bounded()); err != nil {
			return err
		}
	}
	for i, r := range n.Results {
		if out[i].rounds > 0 {
			out[i].rounds += merged
		}
		l.old[r] = out[i]
		if err := l.further(ctx, n, r, in); err != nil {
			return err
		}
		w := l.cuts[r]
		if w == nil {
			continue
		}
		if err := l.compare(r, out[i], w, l.new[w], l.bounded()); err != nil {
			return err
		}
		t := l.new[w].t
		if r.Type.DType == tensor.F32 {
			t = real(t, w.Type)
		}
		l.old[r] = number{t: t}
	}
	return nil
}

// promised is n with what the pass promises to make of it beside its operands.
func (l *lockstep) promised(n *ir.Node) *ir.Node {
	if l.keeps != Narrowed {
		return n
	}
	attrs, changed := l.c.narrowed(n)
	if !changed {
		return n
	}
	with := *n
	with.Attrs = attrs
	return &with
}

// same says whether n stands after the pass as it is, on operands that are cuts: then it gives the same bits.
func (l *lockstep) same(n *ir.Node) bool {
	if l.keeps == Divided || l.keeps == OffGrid || l.promised(n) != n {
		return false
	}
	var m *ir.Node
	for _, r := range n.Results {
		w := l.cuts[r]
		if w == nil || w.Def == nil || m != nil && w.Def != m || !w.Type.Equal(r.Type) {
			return false
		}
		m = w.Def
	}
	if m == nil || m.Op != n.Op || len(m.Operands) != len(n.Operands) || !reflect.DeepEqual(m.Attrs, n.Attrs) {
		return false
	}
	for i, v := range n.Operands {
		w := m.Operands[i]
		if !v.Type.Equal(w.Type) || v.Const != w.Const || v.Const == nil && l.cuts[v] != w {
			return false
		}
	}
	return true
}

// partner is the node after the pass that stands for n: of the same name, and the same operator or its twin.
func (l *lockstep) partner(n *ir.Node) *ir.Node {
	for _, m := range l.partners[n.Name] {
		if len(m.Operands) >= len(n.Operands) && (m.Op == n.Op || n.Op.Quant != nil && m.Op.Name == n.Op.Quant.Twin) {
			return m
		}
	}
	return nil
}

// compare holds a value of the function before against that after. rounded allows what roundings may do.
func (l *lockstep) compare(v *ir.Value, x number, w *ir.Value, y number, rounded bool) error {
	l.v.Values++
	if v.Type.DType != tensor.F32 && !v.Type.Equal(w.Type) {
		return l.whole(v, "it is "+w.Type.String()+" after, "+v.Type.String()+" before")
	}
	if rounded && (x.rounds == unbounded || y.rounds == unbounded) {
		l.v.Unbounded++
		return nil
	}
	if w.Type.IsQuant() && v.Type.DType == tensor.F32 {
		return l.compareCodes(v, x, w.Type.Quant, real(y.t, w.Type), w.Type.Quant)
	}
	if !slices.Equal(x.t.Shape, y.t.Shape) || x.t.DType != y.t.DType {
		return l.whole(v, "it has another shape or type after the pass")
	}
	if x.t.Equal(y.t) {
		return nil
	}
	for i := range x.t.Len() {
		var bound float64
		if rounded {
			bound = x.bound(i) + y.bound(i)
		}
		if l.keeps == Recognized {
			if bound = l.steps(v, w, i); math.IsInf(bound, 1) {
				continue
			}
		}
		if a, b := x.t.Real(i), y.t.Real(i); !near(a, b, bound) || !x.t.DType.IsFloat() && x.t.Int(i) != y.t.Int(i) {
			return &Miscompiled{Func: l.before.Name, Value: v.Name, Sample: l.sample, Index: i, Before: a, After: b, Bound: bound, Promise: l.keeps}
		}
	}
	return nil
}

// near says whether b is a, or within bound of it; what is not finite must be the same.
func near(a, b, bound float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= bound
}

// whole is a difference that no single element shows.
func (l *lockstep) whole(v *ir.Value, why string) error {
	return &Miscompiled{Func: l.before.Name, Value: v.Name, Sample: l.sample, Index: -1, Promise: l.keeps, Why: why}
}

// compareCodes holds y, the numbers of codes of map q, against x, of which they are the nearest in the range of want:
// half a step and the roundings of x and of the multiplier apart. q must be want.
func (l *lockstep) compareCodes(v *ir.Value, x number, q *ir.Quant, y *tensor.Tensor, want *ir.Quant) error {
	if !q.Equal(want) {
		return l.whole(v, "its codes are "+q.Format(q.Storage())+", the factors say "+want.Format(want.Storage()))
	}
	if !slices.Equal(x.t.Shape, y.Shape) {
		return l.whole(v, "it has another shape after the pass")
	}
	inner, axis := 1, 1
	if q.Axis >= 0 {
		inner, axis = tensor.Elems(y.Shape[q.Axis+1:]), y.Shape[q.Axis]
	}
	for i, b := range y.F32 {
		s, o := q.At(i / inner % axis)
		a := x.t.Real(i)
		if a != a {
			a = 0 // the code of a NaN is the offset
		}
		step := float64(s)
		a = min(max(a, float64(float64(q.Min-o)*step)), float64(float64(q.Max-o)*step))
		bound := step/2 + float64(math.Abs(a)*multiplierError) + float64(step*0x1p-13) + x.bound(i)
		if !near(a, float64(b), bound) {
			return &Miscompiled{Func: l.before.Name, Value: v.Name, Sample: l.sample, Index: i, Before: a, After: float64(b), Bound: bound, Promise: l.keeps,
				Why: "codes are " + q.Format(q.Storage())}
		}
	}
	return nil
}

// multiplierError is the relative rounding of the multiplier of an accumulator, which keeps 10 bits of fraction, and
// of the float32 operations after it.
const multiplierError = 0x1p-11 + 0x1p-21

// onGrid holds what read fake quantization to the factors that were stored: on real values of the function before,
// the map of the factors changes nothing.
func (l *lockstep) onGrid(ctx context.Context) error {
	env := make(map[*ir.Value]number)
	for i, p := range l.before.Params {
		env[p] = number{t: l.in[i]}
	}
	for _, n := range l.before.Nodes {
		in := make([]number, len(n.Operands))
		for i, v := range n.Operands {
			in[i] = l.value(env, v)
		}
		out, err := evaluate(ctx, n, in, l.batch, false)
		if err != nil {
			return err
		}
		for i, r := range n.Results {
			env[r] = out[i]
		}
		if len(n.Results) != 1 || l.cuts[n.Result()] == nil {
			continue
		}
		m := l.cuts[n.Result()].Def // it has the name that the factors are kept under
		if m == nil || m.Op.Quant == nil {
			continue
		}
		for _, i := range m.Op.Quant.Activations {
			if k := l.c.Factors.Get(Key(m, i)); k != nil && k.ScaleD != 0 {
				if err := l.fixed(n.Operands[i], in[i].t, activationMap(k)); err != nil {
					return err
				}
			}
		}
		if q := m.Op.Quant; q.IsLayer() {
			if k := l.c.Factors.Get(m.Name); k != nil && len(k.ScaleW) > 0 {
				if err := l.fixed(n.Operands[q.Weights], in[q.Weights].t, weightMap(m, k)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fixed reports the first element that a map changes.
func (l *lockstep) fixed(v *ir.Value, t *tensor.Tensor, q *ir.Quant) error {
	y := gridded(t, q)
	for i, a := range t.F32 {
		if b := y.F32[i]; !near(float64(a), float64(b), 0) {
			return &Miscompiled{Func: l.before.Name, Value: v.Name, Sample: l.sample, Index: i, Before: float64(a), After: float64(b), Promise: l.keeps,
				Why: "it is not on the grid of the stored factors"}
		}
	}
	return nil
}

// gridded are the numbers that the codes of t stand for.
func gridded(t *tensor.Tensor, q *ir.Quant) *tensor.Tensor {
	out := tensor.New(tensor.F32, t.Shape...)
	inner, axis := 1, 1
	if q.Axis >= 0 {
		inner, axis = tensor.Elems(t.Shape[q.Axis+1:]), t.Shape[q.Axis]
	}
	for i, v := range t.F32 {
		s, o := q.At(i / inner % axis)
		out.F32[i] = op.DequantizeCode(op.QuantizeCode(v, op.Reciprocal(s), o, q.Min, q.Max), s, o)
	}
	return out
}
