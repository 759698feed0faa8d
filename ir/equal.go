package ir

import (
	"fmt"
	"slices"
	"strings"
)

// Equal compares two modules and describes the first difference; it is empty when there is none.
// What the text form does not hold is not compared: File and spans, attributes written though
// equal to their default, the order in which constants are declared, and the place of a node's
// Name in its From.
func Equal(a, b *Module) (diff string) {
	if a.Target != b.Target && len(a.Funcs)+len(b.Funcs) > 0 {
		return fmt.Sprintf("target %q and %q", a.Target, b.Target)
	}
	ca, cb := canonicalConsts(a), canonicalConsts(b)
	if len(ca) != len(cb) {
		return fmt.Sprintf("%d and %d constants", len(ca), len(cb))
	}
	for i, x := range ca {
		y := cb[i]
		switch {
		case x.Name != y.Name:
			return fmt.Sprintf("constant %d is @%s and @%s", i, x.Name, y.Name)
		case !x.Type().Equal(y.Type()):
			return fmt.Sprintf("@%s is %s and %s", x.Name, x.Type(), y.Type())
		case !x.Data.Equal(y.Data):
			return fmt.Sprintf("@%s has other data", x.Name)
		}
	}
	if len(a.Funcs) != len(b.Funcs) {
		return fmt.Sprintf("%d and %d functions", len(a.Funcs), len(b.Funcs))
	}
	for i, f := range a.Funcs {
		if d := equalFunc(f, b.Funcs[i]); d != "" {
			return "@" + f.Name + ": " + d
		}
	}
	return ""
}

func equalFunc(f, g *Func) string {
	switch {
	case f.Name != g.Name:
		return fmt.Sprintf("the other is @%s", g.Name)
	case f.Stage != g.Stage:
		return fmt.Sprintf("stage %s and %s", f.Stage, g.Stage)
	case len(f.Params) != len(g.Params) || len(f.Nodes) != len(g.Nodes) || len(f.Results) != len(g.Results):
		return fmt.Sprintf("%d and %d parameters, %d and %d nodes, %d and %d results",
			len(f.Params), len(g.Params), len(f.Nodes), len(g.Nodes), len(f.Results), len(g.Results))
	}
	twin := make(map[*Value]*Value)
	for i, p := range f.Params {
		if d := equalValue(p, g.Params[i], twin); d != "" {
			return d
		}
	}
	for i, n := range f.Nodes {
		if d := equalNode(n, g.Nodes[i], twin); d != "" {
			return fmt.Sprintf("node %d: %s", i, d)
		}
	}
	return equalRefs("result", f.Results, g.Results, twin)
}

// equalValue compares two definitions and notes that they correspond.
func equalValue(v, w *Value, twin map[*Value]*Value) string {
	if v.Name != w.Name || !v.Type.Equal(w.Type) {
		return fmt.Sprintf("%%%s of %s and %%%s of %s", v.Name, v.Type, w.Name, w.Type)
	}
	twin[v] = w
	return ""
}

func equalNode(n, m *Node, twin map[*Value]*Value) string {
	switch {
	case n.Op.Name != m.Op.Name:
		return fmt.Sprintf("%s and %s", n.Op.Name, m.Op.Name)
	case !slices.Equal(n.origins(), m.origins()):
		return fmt.Sprintf("%s from (%s) and (%s)", n.Op.Name, strings.Join(n.origins(), ", "), strings.Join(m.origins(), ", "))
	}
	a, b := writtenAttrs(n), writtenAttrs(m)
	if !slices.EqualFunc(a, b, func(x, y Attr) bool { return x.Name == y.Name && sameAttr(x.Value, y.Value) }) {
		return fmt.Sprintf("%s: attributes %v and %v", n.Subject(), a, b)
	}
	if d := equalRefs("operand", n.Operands, m.Operands, twin); d != "" {
		return n.Subject() + ": " + d
	}
	if len(n.Results) != len(m.Results) {
		return fmt.Sprintf("%s: %d and %d results", n.Subject(), len(n.Results), len(m.Results))
	}
	for i, r := range n.Results {
		if d := equalValue(r, m.Results[i], twin); d != "" {
			return n.Subject() + ": " + d
		}
	}
	return ""
}

func equalRefs(what string, a, b []*Value, twin map[*Value]*Value) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d %ss", len(a), len(b), what)
	}
	for i, v := range a {
		w := b[i]
		same := twin[v] == w
		if v.Const != nil {
			same = w.Const != nil && v.Const.Name == w.Const.Name
		}
		if !same {
			return fmt.Sprintf("%s %d is %s and %s", what, i, operandName(v), operandName(w))
		}
	}
	return ""
}
