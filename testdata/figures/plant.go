package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// plantOutliers makes a simplified float network hard to quantize and leaves what it computes as it
// is: in count layers, drawn by seed, the weights and bias of one output channel are multiplied by
// factor, a power of two, and the weights that the layer behind takes that channel with are divided by
// it. It gives the names of the layers that then have an outlier channel in their input.
func plantOutliers(m *ir.Module, seed uint64, count int, factor float32) ([]string, error) {
	f := m.Main()
	uses := f.Uses()
	type pair struct{ from, to *ir.Node }
	var pairs []pair
	for _, n := range f.Nodes {
		if to := behind(n, uses); to != nil {
			pairs = append(pairs, pair{n, to})
		}
	}
	if len(pairs) < count {
		return nil, fmt.Errorf("%d pairs of layers, want %d", len(pairs), count)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	var names []string
	for _, k := range r.Perm(len(pairs))[:count] {
		p := pairs[k]
		w := p.from.Operands[1].Const.Data
		c := r.IntN(w.Shape[0])
		scaleRows(m, p.from, 1, c, w.Shape[0], factor)
		if len(p.from.Operands) == 3 {
			scaleRows(m, p.from, 2, c, w.Shape[0], factor)
		}
		v := p.to.Operands[1].Const.Data
		if p.to.Op.Name == "nn.conv2d" && p.to.Int("group") == w.Shape[0] {
			scaleRows(m, p.to, 1, c, v.Shape[0], 1/factor)
		} else {
			scaleColumns(m, p.to, c, w.Shape[0], 1/factor)
		}
		names = append(names, p.to.Name)
	}
	m.DropUnusedConsts()
	return names, nil
}

// behind is the layer that alone reads what n computes, through operators that a positive factor of a
// channel passes through unchanged; nil when there is none.
func behind(n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Node {
	if !n.Op.Quant.IsLayer() || !n.Operands[1].IsConst() {
		return nil
	}
	for v := n.Result(); ; {
		u := uses[v]
		if len(u) != 1 || u[0].Node == nil {
			return nil
		}
		switch to := u[0].Node; to.Op.Name {
		case "nn.relu", "nn.max_pool2d", "nn.avg_pool2d", "nn.reshape":
			v = to.Result()
		case "nn.conv2d":
			g := to.Int("group")
			if g != 1 && g != n.Operands[1].Type.Shape[0] || !to.Operands[1].IsConst() {
				return nil
			}
			return to
		case "nn.dense":
			if !to.Operands[1].IsConst() {
				return nil
			}
			return to
		default:
			return nil
		}
	}
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
	c := node.Operands[operand].Const
	data := append([]float32(nil), c.Data.F32...)
	for i := range data {
		if which(i, len(data)) {
			data[i] *= factor
		}
	}
	node.Operands[operand] = m.AddConst(c.Name, c.Type(), tensor.FromF32(data, c.Data.Shape...))
}
