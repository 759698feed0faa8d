package exec_test

import (
	"math"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// TestAccumulatorReachesTheProvenBound drives kernels and interpreter to the ends of the interval that
// the overflow proof gives, within a few of the ends of int32: a matrix product whose bias leaves no
// room, on rows that make every sum as large and as small as it can be, both lanes of a pair in use.
func TestAccumulatorReachesTheProvenBound(t *testing.T) {
	const k, offset = 40000, -30
	w := make([]int8, 2*k)
	for i := range k {
		w[i], w[k+i] = int8(127-i%3), int8(-127+i%2)
	}
	high, err := calib.ProveAccumulator(w[:k], []int32{0}, -128, 127, offset)
	if err != nil {
		t.Fatal(err)
	}
	low, err := calib.ProveAccumulator(w[k:], []int32{0}, -128, 127, offset)
	if err != nil {
		t.Fatal(err)
	}
	bias := []int32{int32(math.MaxInt32 - high.Plain.Hi), int32(math.MinInt32 - low.Plain.Lo)}
	proof, err := calib.ProveAccumulator(w, bias, -128, 127, offset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := calib.ProveAccumulator(w, []int32{bias[0] + 1, bias[1]}, -128, 127, offset); err == nil {
		t.Error("a bias larger by one is proven too: the bound is not tight")
	}

	var l diag.List
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(op.All(), f, &l)
	x := b.Param("x", ir.Quantized(ir.PerTensor(1, offset), 4, k))
	weights := m.AddConst("w", ir.Quantized(ir.PerTensor(1, 0), 2, k), tensor.FromI8(w, 2, k))
	biases := m.AddConst("b", ir.TensorType(tensor.I32, 2), tensor.FromI32(bias, 2))
	elem := ir.Float()
	y := b.Node(ir.NodeSpec{Op: "q.dense", Name: "y", Operands: []*ir.Value{x, weights, biases}, Elem: &elem})
	if l.HasErrors() {
		t.Fatal(&l)
	}
	f.Results = []*ir.Value{y}

	in := tensor.New(tensor.I8, 4, k)
	for i := range k { // rows: all high, all low, high, low, so that pairs have every order
		in.I8[i], in.I8[k+i], in.I8[2*k+i], in.I8[3*k+i] = 127, -128, 127, -128
	}
	if err := compare(f, []*tensor.Tensor{in}); err != nil {
		t.Error(err)
	}
	run, err := exec.Engine{}.Prepare(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.Run(t.Context(), []*tensor.Tensor{in}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out[0].F32[0], float32(proof.Plain.Hi); got != want {
		t.Errorf("the largest sum is %v, proven %v", got, want)
	}
	if got, want := out[0].F32[1], float32(proof.Plain.Lo); got != want {
		t.Errorf("the smallest sum is %v, proven %v", got, want)
	}
}
