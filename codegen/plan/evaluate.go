package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// Evaluate is the step of an operator that has no kernel, or none for its element types: exec calls the
// operator's own Eval. Such functions are evaluated, not compiled. Numbers of other types than float32 lie in
// memory widened, as a tensor.Tensor holds them, and all integers as I64; they are always in row-major order.
const Evaluate = "Evaluate"

// An Evaluation is the argument of the step: the node, or nil to copy, with the types of what is in the
// slots, all row-major: first results, then operands.
type Evaluation struct {
	Node    *ir.Node
	In, Out []ir.Type
}

// Evaluated is the first node of the plan that only exec can compute, or nil.
func (p *Plan) Evaluated() *ir.Node {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kernel == Evaluate && s.Node != nil {
			return s.Node
		}
	}
	return nil
}

// otherNumbers says whether n computes with numbers that are neither float32 nor codes. Integers that are
// constants do not count: they are the biases of layers.
func (b *builder) otherNumbers(n *ir.Node) bool {
	for _, v := range slices.Concat(n.Operands, n.Results) {
		if b.isPixels(v) {
			continue
		}
		if k, _ := storage(v.Type); (k == I64 || k == F64) && !v.IsConst() {
			return true
		}
	}
	return false
}

func (b *builder) evaluate(n *ir.Node) {
	a := &Evaluation{Node: n}
	var slots, in []Slot
	for _, v := range n.Operands {
		in = append(in, b.in(v, rows))
		a.In = append(a.In, b.typ(v))
	}
	for _, v := range n.Results {
		slots = append(slots, b.make(v, rows))
		a.Out = append(a.Out, b.typ(v))
	}
	b.step(Evaluate, a, append(slots, in...)...)
}
