package passes

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// foldBatchNorm merges y = x*a + b into the convolution or matrix product that alone feeds it
// (AMCT 5.2: W' = W*a, b' = b*a + beta - mean*a). A normalization that stands alone on NCHW data
// becomes a depthwise 1x1 convolution, so that it can be quantized.
func foldBatchNorm(c *Context, m *ir.Module, f *ir.Func) error {
	if c.Settings.NoFusion {
		return nil
	}
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, uses map[*ir.Value][]ir.Use) *ir.Patch {
		if n.Op.Name != "nn.batch_norm" || c.Settings.SkipFusion[n.Name] {
			return nil
		}
		a, b := op.BatchNormAffine(n.Operands[1].Const.Data.F32, n.Operands[2].Const.Data.F32,
			n.Operands[3].Const.Data.F32, n.Operands[4].Const.Data.F32, n.Float("eps"))
		if !finite(a) || !finite(b) {
			c.Warn("Q001", n, "batch normalization has a factor that is not finite and was not merged")
			return nil
		}
		x := n.Operands[0]
		if l := x.Def; l != nil && mergeable(c, l, uses, n) {
			return mergeBatchNorm(c, m, f, n, l, a, b)
		}
		if len(x.Type.Shape) != 4 {
			return nil
		}
		ch := x.Type.Shape[1]
		p := ir.NewPatch(c.Ops, m, f, n, "fold-batchnorm: "+n.Subject()+" becomes a depthwise convolution")
		w := m.AddConst(ir.Identifier(n.Name)+"_w", ir.Float(ch, 1, 1, 1), tensor.FromF32(a, ch, 1, 1, 1))
		bias := m.AddConst(ir.Identifier(n.Name)+"_b", ir.Float(ch), tensor.FromF32(b, ch))
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: "nn.conv2d", Name: n.Name, From: n.From, Operands: []*ir.Value{x, w, bias}, Attrs: ir.AttrsOf("group", ch)}))
		return p
	})(c, m, f)
}

func mergeable(c *Context, l *ir.Node, uses map[*ir.Value][]ir.Use, bn *ir.Node) bool {
	if !l.Op.Quant.IsLayer() || single(uses, l.Result()) != bn || c.Settings.SkipFusion[l.Name] {
		return false
	}
	for _, v := range l.Operands[1:] {
		if !v.IsConst() {
			return false
		}
	}
	return channelAxis(l) == 1
}

func mergeBatchNorm(c *Context, m *ir.Module, f *ir.Func, n, l *ir.Node, a, b []float32) *ir.Patch {
	w := l.Operands[1].Const
	out := make([]float32, w.Data.Len())
	inner := w.Data.Len() / len(a)
	for i, v := range w.Data.F32 {
		out[i] = float32(v * a[i/inner])
	}
	bias := make([]float32, len(b))
	for i := range bias {
		bias[i] = b[i]
		if len(l.Operands) == 3 {
			bias[i] = float32(float32(l.Operands[2].Const.Data.F32[i]*a[i]) + b[i])
		}
	}
	if !finite(out) || !finite(bias) {
		c.Warn("Q001", n, "merging gives a weight or bias that is not finite; left apart")
		return nil
	}
	p := ir.NewPatch(c.Ops, m, f, n, "fold-batchnorm: "+l.Subject())
	wv := m.AddConst(w.Name, w.Type(), tensor.FromF32(out, w.Data.Shape...))
	bv := m.AddConst(ir.Identifier(l.Name)+"_b", ir.Float(len(bias)), tensor.FromF32(bias, len(bias)))
	p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: l.Op.Name, Name: l.Name, From: ir.MergeFrom(l, n),
		Operands: []*ir.Value{l.Operands[0], wv, bv}, Attrs: l.Attrs, Span: l.Span}))
	return p
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
