package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// wantedCodes are the nodes whose result some operator that becomes integer reads, directly or through others that
// move or clamp elements: a layer or matrix product, or an operator without accumulator whose own result is wanted as
// codes. f is a function in a stage before integers.
func (c *Context) wantedCodes(f *ir.Func) map[*ir.Node]bool {
	uses, wanted := f.Uses(), make(map[*ir.Node]bool)
	for _, n := range slices.Backward(f.Nodes) {
		for _, r := range n.Results {
			for _, u := range uses[r] {
				if u.Node != nil && c.wantsCodes(u.Node, u.Index, wanted) {
					wanted[n] = true
				}
			}
		}
	}
	return wanted
}

// wantsCodes says whether n, after which everything is decided, wants its operand i as codes.
func (c *Context) wantsCodes(n *ir.Node, i int, wanted map[*ir.Node]bool) bool {
	if n.Op.Has(ir.KeepsParams) || n.Op.Bounds != nil || n.Op.Name == "q.fake" || n.Op.Name == "q.observe" {
		return wanted[n]
	}
	q := n.Op.Quant
	if q != nil && q.Function != nil && floatFunction(n) != "" {
		return false
	}
	if q == nil || c.Settings.For(n.Name, q.IsLayer()).Skip || q.Applies != nil && q.Applies(n) != "" {
		return false
	}
	return slices.Contains(q.Activations, i) && (q.IsLayer() || q.FloatResult || wanted[n])
}
