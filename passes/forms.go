package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
)

// A value whose consumers want different codes has several forms when the operator that it comes from is cheap: each
// form is computed by a node of its own from the same operands, so that every consumer reads what was rounded once, and
// no stream of sums becomes float because two readers of it disagree. The nodes of all forms have the operator's name.

// repeats says whether an operator that becomes integer may be computed once for each form of its result: a sum, a
// product or a table costs about what a rescale of its result would.
func repeats(n *ir.Node) bool {
	q := n.Op.Quant
	return q != nil && !q.IsLayer() && !q.FloatResult && (q.Function != nil || len(q.Activations) == 2)
}

// others are the plain maps besides q that consumers of v want, in the order of the consumers.
func (d *demands) others(v *ir.Value, q *ir.Quant) []*ir.Quant {
	seen := []*ir.Quant{q}
	for _, u := range d.uses[v] {
		for _, w := range d.useDemands(u) {
			if w != nil && plainCodes(w) && !slices.ContainsFunc(seen, w.Equal) {
				seen = append(seen, w)
			}
		}
	}
	return seen[1:]
}

// several decides for n, which only moves or clamps elements of one value, when its consumers disagree: it has several
// forms if the operator behind it repeats. Consumers that want float32 dequantize the first form, which then must fit all of the
// value. codes is the map that all consumers want, some the one that demand gives. The answer is whether that was decided.
func (d *demands) several(n *ir.Node, codes, some *ir.Quant) bool {
	if !n.Op.Has(ir.KeepsParams) && n.Op.Bounds == nil || len(n.Results) != 1 {
		return false
	}
	r := n.Result()
	first := d.first(r, some)
	if first == nil || d.quantizedBehind(r) || !d.repeated(n, !d.codesOnly(r)) {
		return false
	}
	rest := d.others(r, first)
	if codes != nil && len(rest) == 0 {
		return false
	}
	d.kind[n], d.store[r], d.also[r] = moving, first, rest
	return true
}

// first is the map of the first form of v: some, or when every consumer wants codes, the first of theirs.
func (d *demands) first(v *ir.Value, some *ir.Quant) *ir.Quant {
	if some == nil && d.codesOnly(v) {
		return d.anyPlain(v)
	}
	return some
}

// quantizedBehind says whether v is read by an operator that moves or clamps float32 and whose result is wanted as codes:
// codes of v would be a first rounding of these.
func (d *demands) quantizedBehind(v *ir.Value) bool {
	for _, u := range d.uses[v] {
		if n := u.Node; n != nil && d.kind[n] == stayFloat && (n.Op.Has(ir.KeepsParams) || n.Op.Bounds != nil) {
			if d.anyPlain(n.Result()) != nil || d.quantizedBehind(n.Result()) {
				return true
			}
		}
	}
	return false
}

// codesOnly says whether every consumer of v wants plain codes.
func (d *demands) codesOnly(v *ir.Value) bool {
	for _, u := range d.uses[v] {
		for _, q := range d.useDemands(u) {
			if q == nil || !plainCodes(q) {
				return false
			}
		}
	}
	return true
}

// anyPlain is the first plain map that a consumer of v wants, or nil.
func (d *demands) anyPlain(v *ir.Value) *ir.Quant {
	for _, u := range d.uses[v] {
		for _, q := range d.useDemands(u) {
			if q != nil && plainCodes(q) {
				return q
			}
		}
	}
	return nil
}

// repeated says whether what n moves comes, through operators that only move or clamp elements, from one that repeats
// and has all factors; with alone, only when nothing else reads what is between, so that nothing else decides what becomes
// of it.
func (d *demands) repeated(n *ir.Node, alone bool) bool {
	for n.Op.Has(ir.KeepsParams) || n.Op.Bounds != nil {
		var from *ir.Node
		for _, v := range n.Operands {
			if v.IsConst() {
				continue
			}
			if v.Def == nil || from != nil || alone && len(d.uses[v]) != 1 {
				return false
			}
			from = v.Def
		}
		if from == nil {
			return false
		}
		n = from
	}
	return d.isFolded(n) && repeats(n)
}

// form emits the node of a further form of value r; spec is that of the first one.
func (e *emitter) form(r *ir.Value, q *ir.Quant, spec ir.NodeSpec) error {
	t := ir.Quantized(q, r.Type.Shape...)
	spec.Elem, spec.Operands = &t, slices.Clone(spec.Operands)
	y := e.b.Node(spec)
	if y == nil {
		return e.c.Remarks.Err()
	}
	e.codes[keyOf(r, q)] = y
	return nil
}

// exactly gives v as float32 for codes of 16 bits. Codes of 8 bits of v itself are of no use for that: where the operator
// that v comes from repeats, it is computed in float32, from the numbers of its operands' codes.
func (e *emitter) exactly(v *ir.Value) (*ir.Value, error) {
	n := v.Def
	s := e.stored[v]
	if n == nil || s == nil || !s.Type.IsQuant() {
		return e.float(v)
	}
	if w := e.exact[v]; w != nil {
		return w, nil
	}
	spec := ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: n.From, Value: v.Name + "_f", Attrs: n.Attrs, Span: n.Span}
	switch {
	case e.d.kind[n] == integer && repeats(n) && !slices.ContainsFunc(n.Op.Quant.Activations, func(i int) bool { return n.Operands[i].Def.Operands[0].IsConst() }):
		spec.Operands = slices.Clone(n.Operands)
		for _, i := range n.Op.Quant.Activations {
			fake := n.Operands[i].Def
			codes, err := e.code(fake.Operands[0], op.FakeQuant(fake))
			if err != nil {
				return nil, err
			}
			if spec.Operands[i], err = e.decoded(codes, fake.Operands[0]); err != nil {
				return nil, err
			}
		}
	case e.d.kind[n] == moving && e.d.repeated(n, false):
		for _, x := range n.Operands {
			w := x
			if !x.IsConst() {
				var err error
				if w, err = e.exactly(x); err != nil {
					return nil, err
				}
			}
			spec.Operands = append(spec.Operands, w)
		}
	default:
		return e.float(v)
	}
	y := e.b.Node(spec)
	if y == nil {
		return nil, e.c.Remarks.Err()
	}
	e.exact[v] = y
	return y, nil
}

// decoded are the numbers of some codes of v, which float may have given already.
func (e *emitter) decoded(codes, v *ir.Value) (*ir.Value, error) {
	for _, y := range []*ir.Value{e.floats[v], e.floats[codes]} {
		if y == nil {
			continue
		}
		if d := producer(y, "q.dequantize"); d != nil && d.Operands[0] == codes {
			return y, nil
		}
	}
	y := e.b.Node(dequantized(v, codes))
	if y == nil {
		return nil, e.c.Remarks.Err()
	}
	e.floats[codes] = y
	return y, nil
}
