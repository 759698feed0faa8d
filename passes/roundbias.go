package passes

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// roundBiases replaces the biases of quantized layers by the numbers that their int32 biases stand for, which
// is what remains of the difference between fake quantization and integers in a layer.
func roundBiases(c *Context, m *ir.Module, f *ir.Func) error {
	for _, n := range f.Nodes {
		q := n.Op.Quant
		if !q.IsLayer() || q.Bias < 0 || q.Bias >= len(n.Operands) || producer(n.Operands[0], "q.fake") == nil {
			continue
		}
		x, w, b := op.FakeQuant(n.Operands[0].Def), producer(n.Operands[q.Weights], "q.fake"), n.Operands[q.Bias]
		if w == nil || !b.IsConst() {
			continue
		}
		scale := op.FakeQuant(w).Scale
		out := make([]float32, len(b.Const.Data.F32))
		for i, v := range b.Const.Data.F32 {
			out[i] = op.HeldBias(v, x.Scale[0], scale[i%len(scale)])
		}
		n.Operands[q.Bias] = m.AddConst(b.Name, b.Type, tensor.FromF32(out, len(out)))
	}
	m.DropUnusedConsts()
	return nil
}
