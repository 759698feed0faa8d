package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
)

// Key is the record key of operand i of n: the node's name for a layer with weights, as AMCT has
// it, and NODE:INPUT for operands that AMCT has no key for.
func Key(n *ir.Node, i int) string {
	if n.Op.Quant.IsLayer() {
		return n.Name
	}
	return fmt.Sprintf("%s:%d", n.Name, i)
}

// ResultKey is the record key of the codes of n's result, NODE:out, for an operator without accumulator.
// Calibration needs none: the result takes the factors of what reads it first. Networks that another
// tool has quantized say it.
func ResultKey(n *ir.Node) string { return n.Name + ":out" }

// insertObservers puts q.observe before every operand that needs factors. Node names, which are
// record keys, are made unique first.
func insertObservers(c *Context, m *ir.Module, f *ir.Func) error {
	UniqueNames(f)
	f.Stage = ir.StageObserved
	uses, wanted := f.Uses(), c.wantedCodes(f)
	for _, n := range append([]*ir.Node(nil), f.Nodes...) {
		q := n.Op.Quant
		if q == nil || c.isBalance(n, uses) || c.Settings.For(n.Name, q.IsLayer()).Skip {
			continue
		}
		if q.Function != nil && !wanted[n] {
			continue // its result is read as float32
		}
		why := ""
		if q.Applies != nil {
			why = q.Applies(n)
		}
		if why == "" && q.Function != nil {
			why = floatFunction(n)
		}
		if why != "" {
			c.Remark("Q002", n, "stays float: %s", why)
			continue
		}
		for _, i := range q.Activations {
			v := n.Operands[i]
			p := ir.NewPatch(c.Ops, m, f, n, "insert-observers: "+Key(n, i))
			o := p.Node(ir.NodeSpec{Op: "q.observe", Name: n.Name, Value: v.Name + "_obs", Operands: []*ir.Value{v}, Attrs: ir.AttrsOf("key", Key(n, i))})
			if !c.Apply(p) {
				return nil
			}
			n.Operands[i] = o
		}
	}
	return nil
}

// UniqueNames gives every node of f a name of its own, which settings and factors find it by: one without a name gets
// that of its operator with its place among the nodes, one of several with the same name a number.
func UniqueNames(f *ir.Func) {
	seen := make(map[string]bool)
	for i, n := range f.Nodes {
		base := n.Name
		if base == "" {
			base = fmt.Sprintf("%s_%d", ir.Identifier(n.Op.Name), i)
		}
		name := base
		for k := 1; seen[name]; k++ {
			name = fmt.Sprintf("%s_%d", base, k)
		}
		seen[name] = true
		if name != n.Name {
			n.Name = name
			n.From = append([]string{name}, n.From...)
		}
	}
}
