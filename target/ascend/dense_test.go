package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// weights is a constant of symmetric codes, with one scale or one for each output channel.
func (n *network) weights(shape ...int) *ir.Value {
	q := ir.PerTensor(float32(n.Float64()*.02+.0005), 0)
	if n.IntN(2) == 0 {
		s := make([]float32, shape[0])
		for i := range s {
			s[i] = float32(n.Float64()*.02 + .0005)
		}
		q = ir.PerChannel(0, s)
	}
	return n.constant(ir.Quantized(q, shape...), func() int { return n.IntN(255) - 127 })
}

func (n *network) bias(outs int) *ir.Value {
	zero := n.IntN(4) == 0
	return n.constant(ir.TensorType(tensor.I32, outs), func() int {
		if zero {
			return 0
		}
		return n.IntN(20000) - 10000
	})
}

// result draws the element type and clip of an accumulating operator: codes, codes after relu or another clip, or float32.
func (n *network) result(depth int) (ir.Type, ir.Attrs) {
	o := n.offset()
	typ := ir.Quantized(ir.PerTensor(float32(float64(n.scale())*float64(depth)*.2+.01), o))
	switch n.IntN(5) {
	case 0:
		return ir.Float(), nil
	case 1:
		return typ, ir.AttrsOf("clip", []int{int(o), 127})
	case 2:
		lo := n.IntN(256) - 128
		return typ, ir.AttrsOf("clip", []int{lo, lo + n.IntN(128-lo)})
	}
	return typ, nil
}

func TestDense(t *testing.T) {
	for seed := range uint64(60) {
		n := newNetwork(t, seed)
		rows, in, out := 1+n.IntN(40), 1+n.IntN(300), 1+n.IntN(300)
		if seed%5 == 0 {
			rows = 1
		}
		shape := []int{rows, in}
		if seed%9 == 4 {
			shape = []int{1 + n.IntN(2), 1 + n.IntN(40), 1 + n.IntN(9), in}
		}
		if seed%7 == 0 {
			shape = []int{1 + n.IntN(3), rows, in}
		}
		x := n.codes("x", n.scale(), n.offset(), shape...)
		typ, attrs := n.result(in)
		n.agrees(n.node("q.dense", typ, attrs, x, n.weights(out, in), n.bias(out)))
	}
}

// TestDenseDeep needs several chunks of depth.
func TestDenseDeep(t *testing.T) {
	for _, s := range [][3]int{{3, 9000, 33}, {200, 3000, 70}, {700, 64, 10}, {1, 20, 9000}} {
		n := newNetwork(t, uint64(s[0]))
		x := n.codes("x", n.scale(), n.offset(), s[0], s[1])
		typ := ir.Quantized(ir.PerTensor(3, 4))
		if s[2] > 5000 {
			typ = ir.Float()
		}
		n.agrees(n.node("q.dense", typ, nil, x, n.weights(s[2], s[1]), n.bias(s[2])))
	}
}

// TestCubeCycles is the published example: M = N = 128, K = 256 on the 910B keeps MTE1 busy for 28+128 cycles of L0A and 28+256 of L0B, and the
// cube for 8*8*8 steps after its head of 21.
func TestCubeCycles(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.codes("x", .1, 0, 128, 256)
	w := n.constant(ir.Quantized(ir.PerTensor(.01, 0), 128, 256), func() int { return n.IntN(255) - 127 })
	b := n.constant(ir.TensorType(tensor.I32, 128), func() int { return 0 })
	n.b.Func.Results = append(n.b.Func.Results, n.node("q.dense", ir.Quantized(ir.PerTensor(.7, 0)), nil, x, w, b))
	res, err := compare(n.m, "ascend910b3", n.inputs(1))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := res.Busy("aic0", target.PipeMTE1), res.Busy("aic0", target.PipeM); a != 440 || b != 533 {
		t.Errorf("MTE1 is busy for %d cycles, M for %d, want 440 and 533", a, b)
	}
}
