package passes

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
)

// Split takes a fake-quantized network apart into the float network and its factors. It is how a
// network that another tool has quantized enters: its factors take the place of calibration.
var Split = []Pass{
	{"split-factors", "take the factors out of a fake-quantized network", ir.StageFake, ir.StageFloat, OffGrid, splitFactors},
}

// splitFactors removes every q.fake and stores its factors under the keys of the operands that they
// reach, directly or through operators that only move or clamp elements. Weights stand for their codes
// already. The factors of the result of an operator without accumulator, where it has one quantization,
// go to ResultKey. Of a layer with weights both factors are wanted; normalization behind such a layer is not
// merged into it, which would change its codes. A q.fake that reaches no such operand, such as one at
// an output of the network or before an operator that stays float, is left out with a remark.
func splitFactors(c *Context, m *ir.Module, f *ir.Func) error {
	type found struct {
		n *ir.Node
		i int
		q *ir.Quant
		w *ir.Node // q.fake of the weights
	}
	var all []found
	results := make(map[*ir.Node]*ir.Quant)
	uses := f.Uses()
	kept := make(map[*ir.Node]bool)
	wanted := c.wantedCodes(f)
	for _, n := range f.Nodes {
		if n.Op.Quant == nil || n.Op.Quant.Function != nil && !wanted[n] {
			continue
		}
		if q := onlyFake(uses, n.Result()); q != nil && !n.Op.Quant.FloatResult {
			results[n] = op.FakeQuant(q)
			kept[q] = true
		}
		var w *ir.Node
		if n.Op.Quant.IsLayer() {
			if w = producer(n.Operands[n.Op.Quant.Weights], "q.fake"); w == nil {
				continue
			}
			kept[w] = true
		}
		for _, i := range n.Op.Quant.Activations {
			if from := faked(n.Operands[i]); from != nil {
				kept[from] = true
				all = append(all, found{n, i, op.FakeQuant(from), w})
			}
		}
	}
	var nodes []*ir.Node
	for _, n := range f.Nodes {
		for i, v := range n.Operands {
			n.Operands[i] = unfaked(v)
		}
		switch {
		case n.Op.Name != "q.fake":
			nodes = append(nodes, n)
		case !kept[n]:
			c.Remark("Q021", n, "this quantization of %%%s is left out: no operator with integers reads it", n.Operands[0].Name)
		}
	}
	for i, v := range f.Results {
		f.Results[i] = unfaked(v)
	}
	f.Nodes, f.Stage = nodes, ir.StageFloat
	UniqueNames(f)
	for _, n := range nodes {
		if q := results[n]; q != nil {
			l := c.Factors.At(ResultKey(n))
			l.ScaleD, l.OffsetD, l.ActBits = q.Scale[0], q.Offset[0], q.Bits()
		}
	}
	for _, x := range all {
		l := c.Factors.At(Key(x.n, x.i))
		l.ScaleD, l.OffsetD = x.q.Scale[0], x.q.Offset[0]
		l.ActBits = x.q.Bits()
		if x.w == nil {
			continue
		}
		w := op.FakeQuant(x.w)
		l.ScaleW, l.WtsBits = w.Scale, w.Bits()
		if c.Settings.SkipFusion == nil {
			c.Settings.SkipFusion = make(map[string]bool)
		}
		c.Settings.SkipFusion[x.n.Name] = true
	}
	m.DropUnusedConsts()
	return nil
}

// onlyFake is the q.fake that alone reads v, or nil.
func onlyFake(uses map[*ir.Value][]ir.Use, v *ir.Value) *ir.Node {
	n := single(uses, v)
	if n == nil || n.Op.Name != "q.fake" || n.Int("axis") >= 0 {
		return nil
	}
	return n
}

// faked is the q.fake that v's elements come from with nothing but moves and clamps between, or nil.
// All operands of a concatenation must have one map.
func faked(v *ir.Value) *ir.Node {
	d := v.Def
	switch {
	case d == nil:
		return nil
	case d.Op.Name == "q.fake":
		if d.Int("axis") >= 0 {
			return nil
		}
		return d
	case d.Op.Bounds != nil || d.Op.Has(ir.KeepsParams):
		first := faked(d.Operands[0])
		for i, w := range d.Operands {
			if i == 0 || d.Indexes(i) {
				continue
			}
			if n := faked(w); n == nil || first == nil || !op.FakeQuant(n).Equal(op.FakeQuant(first)) {
				return nil
			}
		}
		return first
	}
	return nil
}

// unfaked is the tensor behind a chain of q.fake.
func unfaked(v *ir.Value) *ir.Value {
	for n := producer(v, "q.fake"); n != nil; n = producer(v, "q.fake") {
		v = n.Operands[0]
	}
	return v
}
