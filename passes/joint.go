package passes

import (
	"github.com/amctc/amctc/ir"
)

// jointly finds the values of an observed function that must share factors so that operands meeting in an
// addition or a concatenation have the same map (AMCT 5.3, joint_quant): computed operands of one addition;
// operands and result of one concatenation; and, from there on, the two sides of every operator that moves or
// clamps elements, since a value that serves two consumers is stored once when they agree. The answer gives
// each such value a representative; values that meet nothing are not in it.
func jointly(f *ir.Func) map[*ir.Value]*ir.Value {
	u := make(union)
	for _, n := range f.Nodes {
		switch n.Op.Name {
		case "nn.add":
			var met []*ir.Value
			for _, v := range n.Operands {
				if o := producer(v, "q.observe"); o != nil && !o.Operands[0].IsConst() {
					met = append(met, o.Operands[0])
				}
			}
			if len(met) == 2 {
				u.join(met...)
			}
		case "nn.concat":
			met := []*ir.Value{n.Result()}
			for _, v := range n.Operands {
				if !v.IsConst() {
					met = append(met, v)
				}
			}
			u.join(met...)
		}
	}
	for again := true; again; {
		again = false
		for _, n := range f.Nodes {
			if len(n.Operands) != 1 || !n.Op.Has(ir.KeepsParams) && n.Op.Bounds == nil {
				continue
			}
			x, y := n.Operands[0], n.Result()
			if (u[x] != nil || u[y] != nil) && (u[x] == nil || u[y] == nil || u.find(x) != u.find(y)) {
				u.join(y, x)
				again = true
			}
		}
	}
	out := make(map[*ir.Value]*ir.Value)
	for _, v := range f.Values() {
		if u[v] != nil {
			out[v] = u.find(v)
		}
	}
	return out
}

// union is a forest of values: each points to its parent, a root to itself.
type union map[*ir.Value]*ir.Value

func (u union) find(v *ir.Value) *ir.Value {
	for u[v] != v {
		v = u[v]
	}
	return v
}

// join puts all values into one tree.
func (u union) join(list ...*ir.Value) {
	for _, v := range list {
		if u[v] == nil {
			u[v] = v
		}
	}
	root := u.find(list[0])
	for _, v := range list[1:] {
		u[u.find(v)] = root
	}
}
