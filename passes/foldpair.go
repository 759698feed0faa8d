package passes

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// foldPair turns the fake-quantized function into the arithmetic of AMCT's pair of models (AMCT
// 1.12): the input of every layer is quantized, its accumulator is taken to float32 at once, and
// everything between layers is float. Operands of operators without weights are quantized and
// dequantized. Layers that read the same tensor with the same factors share one quantization.
// Biases are kept to the integers that float32 has, so that the deploy model, which holds them as
// int32, and the fake-quantized one, which holds them as float32, say the same.
func foldPair(c *Context, m *ir.Module, f *ir.Func) error { return fold(c, m, f, true) }

// decidePair makes layers with factors integer, and leaves all else float.
func (d *demands) decidePair(n *ir.Node) {
	d.kind[n] = stayFloat
	if !d.isFolded(n) || !n.Op.Quant.IsLayer() {
		return
	}
	if why := d.layer(n); why != "" {
		d.c.Warn("Q005", n, "stays float: %s", why)
		return
	}
	d.kind[n] = integer
}

// operand gives operand i of a float node. In a pair, a fake-quantized operand of an operator without
// weights passes through its codes, but not that of a function, which AMCT leaves alone.
func (e *emitter) operand(n *ir.Node, i int, v *ir.Value) (*ir.Value, error) {
	fake := producer(v, "q.fake")
	if !e.d.pair || fake == nil || n.Op.Quant.IsLayer() || n.Op.Quant.Function != nil {
		return e.float(v)
	}
	e.wanted = quantName(n, i)
	q := op.FakeQuant(fake)
	x, err := e.code(fake.Operands[0], q)
	if err != nil {
		return nil, err
	}
	if x.IsConst() {
		data := tensor.New(tensor.F32, x.Type.Shape...)
		for k, code := range x.Const.Data.I8 {
			data.F32[k] = op.DequantizeCode(int32(code), q.Scale[0], q.Offset[0])
		}
		return e.m.AddConst(fake.Operands[0].Name+"_fq", ir.Float(x.Type.Shape...), data), nil
	}
	if w := e.floats[x]; w != nil {
		return w, nil
	}
	w := e.b.Node(ir.NodeSpec{Op: "q.dequantize", Name: antiName(n, i), From: n.From, Value: fake.Operands[0].Name + "_fq", Operands: []*ir.Value{x}, Span: n.Span})
	if w == nil {
		return nil, e.c.Remarks.Err()
	}
	e.floats[x] = w
	return w, nil
}

// quantName is what AMCT calls the quantization in front of operand i of n.
func quantName(n *ir.Node, i int) string { return n.Name + suffix(n, i) + ".quant" }

func antiName(n *ir.Node, i int) string { return n.Name + suffix(n, i) + ".anti_quant" }

// suffix tells the operands of one node apart where several are quantized.
func suffix(n *ir.Node, i int) string {
	if n.Op.Quant == nil || n.Op.Quant.IsLayer() || len(n.Op.Quant.Activations) == 1 {
		return ""
	}
	return fmt.Sprintf(".%d", i)
}

// floatBiases rounds biases half to even to integers that float32 holds, towards zero at the ends of
// int32.
func floatBiases(b []int32) {
	for i, v := range b {
		f := float64(float32(v))
		if f > math.MaxInt32 {
			f = math.MaxInt32 &^ 0x7f
		}
		b[i] = int32(f)
	}
}
