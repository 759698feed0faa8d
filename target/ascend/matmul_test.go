package ascend_test

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target/ascend"
)

// matmul is the product of two computed matrices of codes, with leading dimensions, of which the second's may be repeated.
func (n *network) matmul(lead []int, rows, inner, outs int) *ir.Value {
	second := slices.Clone(lead)
	for i := range second {
		if n.IntN(4) == 0 {
			second[i] = 1
		}
	}
	x := n.codes("x", n.scale(), n.offset(), append(slices.Clone(lead), rows, inner)...)
	w := n.codes("w", n.scale(), 0, append(second, inner, outs)...)
	x.Type.Quant.Offset[0] = 0 // the product of computed codes knows no offsets
	typ, attrs := n.result(inner)
	return n.try("q.matmul", typ, attrs, x, w)
}

// TestMatMul multiplies computed matrices, batches of them among all cores. Results that do and don't end at blocks of 32 bytes both occur.
func TestMatMul(t *testing.T) {
	for seed := range uint64(24) {
		n := newNetwork(t, seed)
		var lead []int
		for range seed % 3 {
			lead = append(lead, 1+n.IntN(5))
		}
		y := n.matmul(lead, n.size(), 1+n.IntN(100), n.size())
		if y == nil {
			t.Fatalf("seed %d: %v", seed, n.l.Err())
		}
		n.agreesOnCores(y)
	}
}

// TestMatMulCores wants the heads of an attention to be divided: all cores take less than half the cycles of one.
func TestMatMulCores(t *testing.T) {
	n := newNetwork(t, 1)
	x, w := n.codes("x", .02, 0, 8, 64, 64), n.codes("w", .02, 0, 8, 64, 64)
	y := n.node("q.matmul", ir.Quantized(ir.PerTensor(.1, 3)), nil, x, w)
	n.b.Func.Results = append(n.b.Func.Results, y)
	for _, soc := range []string{"ascend910b3", "ascend950pr", "ascend310p3"} {
		d, err := ascend.Describe(soc)
		if err != nil {
			t.Fatal(err)
		}
		in := n.inputs(1)
		one, err := compareCores(n.m, d, in, 1)
		if err != nil {
			t.Fatalf("%s: %v", soc, err)
		}
		all, err := compareCores(n.m, d, in, d.AIC)
		if err != nil {
			t.Fatalf("%s: %v", soc, err)
		}
		t.Logf("%s: %d cycles on one core, %d on %d", soc, one.Cycles, all.Cycles, d.AIC)
		if 2*all.Cycles >= one.Cycles {
			t.Errorf("%s: %d cycles on one core, %d on %d", soc, one.Cycles, all.Cycles, d.AIC)
		}
	}
}
