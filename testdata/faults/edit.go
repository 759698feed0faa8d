package faults

import (
	"iter"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// samples is calibration data in memory.
type samples [][]*tensor.Tensor

func (s samples) Samples() int { return len(s) }

func (s samples) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range s {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// A pair are two layers of which the second alone reads the first, through operators that a positive
// factor of a channel passes through unchanged. relu says that one of them is a ReLU.
type pair struct {
	from, to *ir.Node
	relu     bool
}

func pairsOf(f *ir.Func) (out []pair) {
	uses := f.Uses()
	for _, n := range f.Nodes {
		if !n.Op.Quant.IsLayer() || !n.Operands[1].IsConst() {
			continue
		}
		if p, ok := follow(n, uses); ok {
			out = append(out, p)
		}
	}
	return out
}

func follow(n *ir.Node, uses map[*ir.Value][]ir.Use) (pair, bool) {
	p := pair{from: n}
	for v := n.Result(); ; {
		u := uses[v]
		if len(u) != 1 || u[0].Node == nil {
			return p, false
		}
		to := u[0].Node
		switch to.Op.Name {
		case "nn.relu":
			p.relu = true
		case "nn.max_pool2d", "nn.avg_pool2d", "nn.reshape":
		case "nn.conv2d", "nn.dense":
			p.to = to
			g := 1
			if to.Op.Name == "nn.conv2d" {
				g = to.Int("group")
			}
			return p, u[0].Index == 0 && to.Operands[1].IsConst() && (g == 1 || g == n.Operands[1].Type.Shape[0])
		default:
			return p, false
		}
		v = to.Result()
	}
}

// scaleInput multiplies the weights that the second layer takes channel c of n with.
func (p pair) scaleInput(m *ir.Module, c, n int, factor float32) {
	w := p.to.Operands[1].Const.Data
	if p.to.Op.Name == "nn.conv2d" && p.to.Int("group") == n && n > 1 {
		scaleRows(m, p.to, 1, c, w.Shape[0], factor)
		return
	}
	scaleColumns(m, p.to, c, n, factor)
}

// source is the value behind operators that move elements.
func source(v *ir.Value) *ir.Value {
	for v.Def != nil && v.Def.Op.Has(ir.KeepsParams) && len(v.Def.Operands) == 1 {
		v = v.Def.Operands[0]
	}
	return v
}

// scaleRows multiplies the part of channel c of a constant whose first axis has n channels.
func scaleRows(m *ir.Module, node *ir.Node, operand, c, n int, factor float32) {
	edit(m, node, operand, func(i, size int) bool { return i/(size/n) == c }, factor)
}

// scaleColumns multiplies the weights of every output that read channel c of n.
func scaleColumns(m *ir.Module, node *ir.Node, c, n int, factor float32) {
	w := node.Operands[1].Const.Data
	row := w.Len() / w.Shape[0]
	edit(m, node, 1, func(i, _ int) bool { return i%row/(row/n) == c }, factor)
}

func edit(m *ir.Module, node *ir.Node, operand int, which func(i, size int) bool, factor float32) {
	data := append([]float32(nil), node.Operands[operand].Const.Data.F32...)
	for i := range data {
		if which(i, len(data)) {
			data[i] *= factor
		}
	}
	setConst(m, node, operand, data)
}

// bias is a layer's, zeros when it has none.
func bias(_ *ir.Module, n *ir.Node) []float32 {
	if len(n.Operands) == 3 {
		return n.Operands[2].Const.Data.F32
	}
	return make([]float32, n.Operands[1].Type.Shape[0])
}

// setConst gives a node another constant of the same shape, or a bias where it had none.
func setConst(m *ir.Module, n *ir.Node, operand int, data []float32) {
	if operand == len(n.Operands) {
		v := m.AddConst(ir.Identifier(n.Name)+"_b", ir.Float(len(data)), tensor.FromF32(data, len(data)))
		n.Operands = append(n.Operands, v)
		return
	}
	c := n.Operands[operand].Const
	n.Operands[operand] = m.AddConst(c.Name, c.Type(), tensor.FromF32(data, c.Data.Shape...))
	m.DropUnusedConsts()
}

// topOf gives the n-th greatest of x, from 0, and the greatest.
func topOf(x []float32, n int) (nth, greatest float32) {
	s := slices.Clone(x)
	slices.Sort(s)
	return s[max(0, len(s)-1-n)], s[len(s)-1]
}
