package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
)

// floatFunction says why a function of one number should not become a table of codes even where its result is wanted as
// codes; "" when it may.
func floatFunction(n *ir.Node) string {
	if gated(n) {
		return "it belongs to a gated cell, whose state would lose what 8 bits do not hold in every step"
	}
	steep := slices.Contains([]string{"nn.pow", "nn.fmod"}, n.Op.Name)
	if op.FamilyOf(n.Op.Name) == op.Functions {
		_, bounded := slope(n)
		steep = !bounded
	}
	if steep {
		return "its slope has no bound: one code of its operand would be many of its result"
	}
	return ""
}

// gated says whether a function of one number belongs to a gated cell, such as that of an LSTM or GRU: its operand is a
// sum that a dense layer takes part in, or a sum of two products.
func gated(n *ir.Node) bool {
	d := moved(n.Operands[0])
	if d == nil || d.Op.Name != "nn.add" && d.Op.Name != "nn.sub" {
		return false
	}
	products := 0
	for _, v := range d.Operands {
		switch p := moved(v); {
		case p == nil:
		case p.Op.Name == "nn.dense":
			return true
		case p.Op.Name == "nn.mul":
			products++
		}
	}
	return products == 2
}

// moved is the node whose elements v has, moved or observed at most; nil for a parameter or constant.
func moved(v *ir.Value) *ir.Node {
	for v.Def != nil && len(v.Def.Operands) > 0 && (v.Def.Op.Has(ir.KeepsParams) || v.Def.Op.Name == "q.observe" || v.Def.Op.Name == "q.fake") {
		v = v.Def.Operands[0]
	}
	return v.Def
}
