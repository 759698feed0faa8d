package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// check reports factors that are not those of the edge.
func (e *edge) check(f []float32) error {
	var l diag.List
	n := e.layer
	if len(f) != e.channels {
		l.Errorf("Q010", n.Span, n.Subject(), "the record has %d values of tensor_balance_factor, want %d, one for each input channel", len(f), e.channels)
		return l.Err()
	}
	for i, v := range f {
		if !calib.BalanceRange(v) {
			l.Errorf("Q010", n.Span, n.Subject(), "tensor_balance_factor %v of channel %d is out of (2^-23, 2^23)", v, i)
			return l.Err()
		}
	}
	return nil
}

// apply takes factors into the layers before the edge, or puts a multiplication there; it does nothing and
// says so when the fuel is used up.
func (e *edge) apply(c *Context, m *ir.Module, f *ir.Func, factor []float32) bool {
	p := ir.NewPatch(c.Ops, m, f, e.layer, "apply-balance: "+e.layer.Subject())
	if !e.foldable(factor) {
		v := e.multiplication(p, m, factor)
		if !c.Apply(p) {
			return false
		}
		e.layer.Operands[0] = v
		c.Remark("Q007", e.layer, "balanced by a float multiplication in front of it: %s", e.why)
	} else if !c.Apply(p) {
		return false
	} else {
		for _, s := range e.sources {
			s.divide(m, factor)
		}
	}
	e.multiplyReaders(m, factor)
	return true
}

// multiplyReaders multiplies the weights that read channel i by f[i].
func (e *edge) multiplyReaders(m *ir.Module, f []float32) {
	w := e.layer.Operands[1].Const
	out := make([]float32, w.Data.Len())
	readers(e.layer, func(i, ch int) { out[i] = float32(w.Data.F32[i] * f[ch]) })
	setConst(m, e.layer, 1, out)
}

// divide divides what makes channel i of the edge by f[i].
func (s source) divide(m *ir.Module, f []float32) {
	for k := 1; k < len(s.layer.Operands); k++ {
		data := s.layer.Operands[k].Const.Data.F32
		per := len(data) / outputs(s.layer)
		out := make([]float32, len(data))
		for i, v := range data {
			out[i] = float32(v / f[s.lo+i/per*s.block])
		}
		setConst(m, s.layer, k, out)
	}
}

// setConst gives operand k of n other data of the same shape, under the same name where no other
// operand has that constant.
func setConst(m *ir.Module, n *ir.Node, k int, data []float32) {
	old := n.Operands[k].Const
	users := 0
	for _, f := range m.Funcs {
		users += len(f.Uses()[old.Value()])
	}
	t := tensor.FromF32(data, old.Data.Shape...)
	at := slices.Index(m.Consts, old)
	if users > 1 || at < 0 {
		n.Operands[k] = m.AddConst(old.Name, old.Type(), t)
		return
	}
	m.Consts[at] = ir.NewConst(old.Name, old.Type(), t)
	n.Operands[k] = m.Consts[at].Value()
}

// multiplication is the layer's input times 1/f.
func (e *edge) multiplication(p *ir.Patch, m *ir.Module, factor []float32) *ir.Value {
	n := e.layer
	x := n.Operands[0]
	shape := make([]int, len(x.Type.Shape))
	for i := range shape {
		shape[i] = 1
	}
	axis := len(shape) - 1
	if n.Op.Name == "nn.conv2d" {
		axis = 1
	}
	shape[axis] = len(factor)
	k := m.AddConst(ir.Identifier(n.Name)+"_balance", ir.Float(shape...), tensor.FromF32(reciprocals(factor), shape...))
	return p.Node(ir.NodeSpec{Op: "nn.mul", Name: n.Name + ".balance", From: append([]string{n.Name + ".balance"}, n.From...),
		Value: x.Name + "_balance", Operands: []*ir.Value{x, k}})
}

func reciprocals(f []float32) []float32 {
	out := make([]float32, len(f))
	for i, v := range f {
		out[i] = float32(1 / v)
	}
	return out
}

// isBalance says whether n is the multiplication that apply-balance put before a layer.
func (c *Context) isBalance(n *ir.Node, uses map[*ir.Value][]ir.Use) bool {
	if n.Op.Name != "nn.mul" || !n.Operands[1].IsConst() {
		return false
	}
	l := single(uses, n.Result())
	if l == nil || !l.Op.Quant.IsLayer() {
		return false
	}
	k := c.Factors.Get(l.Name)
	data := n.Operands[1].Const.Data.F32
	if k == nil || len(k.Balance) != len(data) {
		return false
	}
	for i, v := range reciprocals(k.Balance) {
		if v != data[i] {
			return false
		}
	}
	return true
}

// finite reports weights and biases that factors took out of float32.
func (e *edge) finite() error {
	nodes := []*ir.Node{e.layer}
	for _, s := range e.sources {
		nodes = append(nodes, s.layer)
	}
	for _, n := range nodes {
		for _, v := range n.Operands[1:] {
			if !finite(v.Const.Data.F32) {
				var l diag.List
				l.Errorf("Q010", n.Span, n.Subject(), "tensor_balance_factor of layer %q takes weights beyond float32", e.layer.Name)
				return l.Err()
			}
		}
	}
	return nil
}
