package passes

import (
	"context"
	"slices"

	"github.com/amctc/amctc/ir"
)

// chosen lets n go on with the further forms of values that the node reads that holds its result after the pass.
func (l *lockstep) chosen(n *ir.Node, in []number) {
	if l.keeps != Codes || len(n.Results) != 1 {
		return
	}
	if w := l.cuts[n.Result()]; w != nil && w.Def != nil && len(w.Def.Operands) >= len(n.Operands) && sameOperator(n, w.Def) {
		l.readForms(n, w.Def, in)
	}
}

// readForms puts the further forms that m reads in the place of the values of n's operands; operands behind fake
// quantization are those of codes.
func (l *lockstep) readForms(n, m *ir.Node, in []number) {
	for i, v := range n.Operands {
		if w := m.Operands[i]; producer(v, "q.fake") == nil && v.Const == nil {
			if l.forms[w] == v {
				in[i] = number{t: real(l.new[w].t, w.Type)}
			} else if l.cuts[v] == w {
				in[i] = l.value(l.old, v)
			}
		}
	}
}

// further holds each further form of a value against what n makes of the operands of that form: a node after the pass with the
// name of n, other than the one that holds the value itself. in is what n read for the value itself.
func (l *lockstep) further(ctx context.Context, n *ir.Node, r *ir.Value, in []number) error {
	if l.keeps != Codes || n.Op.Name == "q.fake" || len(n.Results) != 1 {
		return nil
	}
	for _, m := range l.partners[n.Name] {
		w := m.Result()
		if w == l.cuts[r] || len(m.Operands) < len(n.Operands) || !sameOperator(n, m) {
			continue
		}
		read := slices.Clone(in)
		l.readForms(n, m, read)
		out, err := evaluate(ctx, n, read, l.batch, true)
		if err != nil {
			return err
		}
		if err := l.compare(r, out[0], w, l.new[w], true); err != nil {
			return err
		}
		l.forms[w] = r
	}
	return nil
}

// sameOperator says whether m computes what n does: the operator, its integer twin, or a clamp of codes.
func sameOperator(n, m *ir.Node) bool {
	return m.Op == n.Op || n.Op.Quant != nil && m.Op.Name == n.Op.Quant.Twin || n.Op.Bounds != nil && m.Op.Name == "q.clip"
}

// formOf is what v was before the pass, or the further form of it that w is, or is quantized from.
func (l *lockstep) formOf(v, w *ir.Value) number {
	from := w
	if q := producer(w, "q.quantize"); q != nil {
		from = q.Operands[0]
	}
	if l.forms[from] == v {
		return number{t: real(l.new[from].t, from.Type)}
	}
	return l.value(l.old, v)
}
