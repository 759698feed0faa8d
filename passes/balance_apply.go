package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// applyBalance applies the balance factors of the record (AMCT 2.5, tensor_balance_factor): the weights that
// read channel i of a layer's input are multiplied by f[i], and the layers that make the channel are
// divided by it, weights and bias. Where that would change what another consumer sees, a multiplication by 1/f
// stands in front of the layer, as AMCT has it; it stays float, because codes with one scale for all channels
// would undo it.
func applyBalance(c *Context, m *ir.Module, f *ir.Func) error {
	if m.Balanced || !c.hasBalance() || c.Fuel == 0 {
		return nil
	}
	UniqueNames(f)
	k := findChannels(f)
	b := &balancing{factors: make(map[*ir.Node][]float32), apart: make(map[*ir.Node]string)}
	for _, n := range f.Nodes {
		l := c.Factors.Get(n.Name)
		switch {
		case l == nil || l.Balance == nil || !n.Op.Quant.IsLayer():
		case !constantLayer(n):
			c.Warn("Q006", n, "is not balanced: its weights are computed")
		default:
			if err := checkBalance(n, len(k.in[n]), l.Balance); err != nil {
				return err
			}
			b.factors[n] = l.Balance
		}
	}
	classes := b.settle(k)
	if len(f.Nodes) == 0 || !c.Apply(ir.NewPatch(c.Ops, m, f, f.Nodes[0], "apply-balance")) {
		return nil
	}
	for _, n := range k.layers {
		b.divide(k, m, n, classes)
		if why, ok := b.apart[n]; ok {
			p := ir.NewPatch(c.Ops, m, f, n, "apply-balance: "+n.Subject())
			v := multiplication(p, m, n, b.factors[n])
			p.Apply()
			n.Operands[0] = v
			c.Remark("Q007", n, "balanced by a float multiplication in front of it: %s", why)
		}
		if factor := b.factors[n]; factor != nil {
			w := n.Operands[1].Const.Data.F32
			out := make([]float32, len(w))
			readers(n, func(i, ch int) { out[i] = float32(w[i] * factor[ch]) })
			setConst(m, n, 1, out)
		}
		if !finite(n.Operands[1].Const.Data.F32) || len(n.Operands) == 3 && !finite(n.Operands[2].Const.Data.F32) {
			return diag.Errorf("Q010", n.Span, n.Subject(), "balance factors take its weights or bias beyond float32")
		}
	}
	m.Balanced = true
	m.DropUnusedConsts()
	return nil
}

func (c *Context) hasBalance() bool {
	return slices.ContainsFunc(c.Factors.All(), func(l *LayerFactors) bool { return l.Balance != nil })
}

// checkBalance reports factors that are not those of a layer with so many input channels.
func checkBalance(n *ir.Node, inputs int, f []float32) error {
	if len(f) != inputs {
		return diag.Errorf("Q010", n.Span, n.Subject(), "the record has %d values of tensor_balance_factor, want %d, one for each input channel", len(f), inputs)
	}
	for i, v := range f {
		if !calib.BalanceRange(v) {
			return diag.Errorf("Q010", n.Span, n.Subject(), "tensor_balance_factor %v of channel %d is out of (2^-23, 2^23)", v, i)
		}
	}
	return nil
}

// balancing is how factors are applied: apart are the layers that need a multiplication, with the reason.
type balancing struct {
	factors map[*ir.Node][]float32
	apart   map[*ir.Node]string
}

// settle puts layers apart until all readers of each class agree on its factor, where one apart counts as 1, and
// gives the factors of the classes that are not 1.
func (b *balancing) settle(k *channels) map[int]float32 {
	for {
		agreed, bad := make(map[int]float32), make(map[int]string)
		for _, n := range k.layers {
			for i, class := range k.classes(k.in[n]) {
				v := float32(1)
				if f := b.factors[n]; f != nil && b.apart[n] == "" {
					v = f[i]
				}
				if old, ok := agreed[class]; ok && old != v {
					bad[class] = "layers that read the same channels have other factors"
				}
				agreed[class] = v
				if v != 1 && k.why[class] != "" {
					bad[class] = k.why[class]
				}
			}
		}
		if len(bad) == 0 {
			for class, v := range agreed {
				if v == 1 {
					delete(agreed, class)
				}
			}
			return agreed
		}
		for _, n := range k.layers {
			if b.factors[n] == nil || b.apart[n] != "" {
				continue
			}
			for _, class := range k.classes(k.in[n]) {
				if bad[class] != "" {
					b.apart[n] = bad[class]
					break
				}
			}
		}
	}
}

// divide divides what a layer makes by the factors of its classes.
func (b *balancing) divide(k *channels, m *ir.Module, n *ir.Node, classes map[int]float32) {
	f := make([]float32, outputs(n))
	some := false
	for j, class := range k.classes(k.out[n]) {
		f[j] = 1
		if v, ok := classes[class]; ok {
			f[j], some = v, true
		}
	}
	if !some {
		return
	}
	for i := 1; i < len(n.Operands); i++ {
		data := n.Operands[i].Const.Data.F32
		per := len(data) / len(f)
		out := make([]float32, len(data))
		for j, v := range data {
			out[j] = float32(v / f[j/per])
		}
		setConst(m, n, i, out)
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
func multiplication(p *ir.Patch, m *ir.Module, n *ir.Node, factor []float32) *ir.Value {
	x := n.Operands[0]
	shape := make([]int, len(x.Type.Shape))
	for i := range shape {
		shape[i] = 1
	}
	shape[readAxis(n)] = len(factor)
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
