package passes

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes/calib"
)

// applyFactors replaces q.observe by q.fake where the node has all its factors, and removes it
// where it has not: that node stays float.
func applyFactors(c *Context, m *ir.Module, f *ir.Func) error {
	var l diag.List
	for _, n := range f.Nodes {
		checkFactors(c, n, &l)
	}
	if err := l.Err(); err != nil {
		return err
	}
	f.Stage = ir.StageFake
	for _, n := range append([]*ir.Node(nil), f.Nodes...) {
		if n.Op.Quant == nil {
			continue
		}
		complete, observed := true, false
		for _, i := range n.Op.Quant.Activations {
			o := producer(n.Operands[i], "q.observe")
			complete = complete && o != nil && c.factors(n, i) != nil
		}
		for _, i := range n.Op.Quant.Activations {
			o := producer(n.Operands[i], "q.observe")
			if o == nil {
				continue
			}
			observed = true
			v := o.Operands[0]
			if complete {
				k := c.factors(n, i)
				p := ir.NewPatch(c.Ops, m, f, n, "apply-factors: "+Key(n, i))
				v = p.Node(ir.NodeSpec{Op: "q.fake", Name: n.Name, Value: v.Name + "_fq", Operands: []*ir.Value{v},
					Attrs: ir.AttrsOf("scale", []float32{k.ScaleD}, "offset", []int{int(k.OffsetD)}, "bits", k.ActBits)})
				if !c.Apply(p) {
					return nil
				}
			}
			n.Operands[i] = v
		}
		if !complete && producerObserved(c, n) && (observed || n.Op.Quant.Function == nil) {
			c.Remark("Q003", n, "stays float: the record has no factors for it")
		}
	}
	var keep []*ir.Node
	uses := f.Uses()
	for _, n := range f.Nodes {
		if n.Op.Name == "q.observe" && len(uses[n.Result()]) == 0 {
			continue
		}
		keep = append(keep, n)
	}
	f.Nodes = keep
	return nil
}

func producerObserved(c *Context, n *ir.Node) bool {
	return !c.Settings.For(n.Name, n.Op.Quant.IsLayer()).Skip
}

// factors are the activation factors of operand i, or nil. A record may key the only operand of an
// operator without weights by the node's name alone.
func (c *Context) factors(n *ir.Node, i int) *LayerFactors {
	k := c.Factors.Get(Key(n, i))
	if k == nil && len(n.Op.Quant.Activations) == 1 {
		k = c.Factors.Get(n.Name)
	}
	if k == nil || k.ScaleD == 0 {
		return nil
	}
	return k
}

// checkFactors reports factors that do not fit their layer.
func checkFactors(c *Context, n *ir.Node, l *diag.List) {
	q := n.Op.Quant
	if q != nil && q.Symmetric {
		for _, i := range q.Activations {
			if k := c.factors(n, i); k != nil && k.OffsetD != 0 && producer(n.Operands[i], "q.observe") != nil {
				l.Errorf("Q010", n.Span, n.Subject(), "the record has offset_d %d for %q; both operands of a matrix product are symmetric, with offset 0", k.OffsetD, Key(n, i))
			}
		}
	}
	if !q.IsLayer() || producer(n.Operands[0], "q.observe") == nil {
		return
	}
	k := c.Factors.Get(n.Name)
	if k == nil || k.ScaleD == 0 {
		return
	}
	if w := constantWeights(n); w != nil && len(k.ScaleW) > 0 && len(w.F32)%len(k.ScaleW) == 0 && outsideBook(k, w.F32) {
		l.Errorf("Q010", n.Span, n.Subject(), "the record has a code book, to which the weights are not rounded; quantize the fitted network that was written with the record")
	}
	ch := n.Operands[q.Weights].Type.Shape[q.ChannelAxis]
	if len(k.ScaleW) != 1 && len(k.ScaleW) != ch {
		if len(k.ScaleW) == 0 {
			l.Errorf("Q010", n.Span, n.Subject(), "cannot find scale_w of layer %q in the record", n.Name)
		} else {
			l.Errorf("Q010", n.Span, n.Subject(), "the record has %d values of scale_w, want 1 or %d", len(k.ScaleW), ch)
		}
	}
}

// outsideBook says whether a layer has a code book and weights whose codes are not in it.
func outsideBook(k *LayerFactors, w []float32) bool {
	return len(k.Cluster) > 0 && slices.ContainsFunc(calib.QuantizeWeights(w, k.ScaleW, 8), func(q int8) bool {
		return !slices.Contains(k.Cluster, int32(q))
	})
}

// quantizeWeights puts q.fake on the weights of layers with factors. A scale that a bias does not
// fit is raised, reported, and written back to the factors, so that the record says what is used;
// factors that already are fit pass through unchanged.
func quantizeWeights(c *Context, m *ir.Module, f *ir.Func) error {
	for _, n := range append([]*ir.Node(nil), f.Nodes...) {
		q := n.Op.Quant
		if !q.IsLayer() || producer(n.Operands[0], "q.fake") == nil {
			continue
		}
		k := c.Factors.Get(n.Name)
		w := n.Operands[q.Weights]
		if !w.IsConst() {
			return fmt.Errorf("%s: weights are not constant", n.Subject())
		}
		scale := k.ScaleW
		if len(n.Operands) == 3 {
			floored, raised := calib.FloorScales(scale, w.Const.Data.F32, n.Operands[2].Const.Data.F32, k.ScaleD, k.WtsBits)
			for _, r := range raised {
				c.Remark("Q004", n, "channel %d: weight scale raised from %s to %s, the smallest that its bias %s fits", r.Channel,
					ir.FormatFloat(r.From), ir.FormatFloat(r.To), ir.FormatFloat(r.Bias))
			}
			scale = floored
			k.ScaleW = floored
			if len(raised) > 0 && outsideBook(k, w.Const.Data.F32) {
				c.Remark("Q004", n, "its code book is given up: the codes of raised scales are not in it")
				k.Cluster = nil
			}
		}
		axis := -1
		if len(scale) > 1 {
			axis = q.ChannelAxis
		}
		if len(scale) == 1 && w.Type.Shape[q.ChannelAxis] == 1 {
			axis = -1
		}
		p := ir.NewPatch(c.Ops, m, f, n, "quantize-weights: "+n.Subject())
		v := p.Node(ir.NodeSpec{Op: "q.fake", Name: n.Name, Value: w.Name + "_fq", Operands: []*ir.Value{w},
			Attrs: ir.AttrsOf("scale", scale, "offset", make([]int, len(scale)), "axis", axis, "bits", k.WtsBits)})
		if !c.Apply(p) {
			return nil
		}
		n.Operands[q.Weights] = v
	}
	return nil
}
