package exec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// block is an inverted residual block of integers on random images: expansion (or not), depthwise
// convolution, projection, sum (where shapes allow).
func block(t *testing.T, r *rand.Rand) *ir.Module {
	t.Helper()
	var l diag.List
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(op.All(), f, &l)
	c, wide, out := 4*(1+r.IntN(6)), 4*(1+r.IntN(40)), 1+r.IntN(80)
	h, w, k, s := 3+r.IntN(12), 3+r.IntN(70), [...]int{3, 5}[r.IntN(2)], 1+r.IntN(2)
	expand, residual := r.IntN(4) > 0, r.IntN(2) == 0
	if !expand {
		wide = c
	}
	if residual {
		out, s = c, 1
	}
	x := b.Param("x", ir.Quantized(ir.PerTensor(0.05, int32(r.IntN(256)-128)), ir.Free, c, h, w))
	layer := func(name string, in *ir.Value, out, k, s, group int) *ir.Value {
		channels := in.Type.Shape[1]
		n := out * channels / group * k * k
		weights := make([]int8, n)
		for i := range weights {
			weights[i] = int8(r.IntN(256) - 128)
		}
		bias := make([]int32, out)
		for i := range bias {
			bias[i] = int32(r.IntN(4000) - 2000)
		}
		wv := m.AddConst(name+".w", ir.Quantized(ir.PerTensor(0.01, 0), out, channels/group, k, k), tensor.FromI8(weights, out, channels/group, k, k))
		bv := m.AddConst(name+".b", ir.TensorType(tensor.I32, out), tensor.FromI32(bias, out))
		elem := ir.Quantized(ir.PerTensor(0.3, [...]int32{-128, 0, 17}[r.IntN(3)])).WithShape(nil)
		p := k / 2
		return b.Node(ir.NodeSpec{Op: "q.conv2d", Name: name, Operands: []*ir.Value{in, wv, bv}, Elem: &elem,
			Attrs: ir.AttrsOf("pad", []int{p, p, p, p}, "stride", []int{s, s}, "group", group)})
	}
	y := x
	if expand {
		y = layer("expand", y, wide, 1, 1, 1)
	}
	y = layer("middle", y, wide, k, s, wide)
	y = layer("project", y, out, 1, 1, 1)
	if residual {
		elem := ir.Quantized(ir.PerTensor(0.4, 3)).WithShape(nil)
		y = b.Node(ir.NodeSpec{Op: "q.add", Name: "sum", Operands: []*ir.Value{x, y}, Elem: &elem})
	}
	if l.HasErrors() {
		t.Fatal(&l)
	}
	f.Results = []*ir.Value{y}
	return m
}

// TestStrips holds blocks that are computed in strips against the interpreter on every tensor.
func TestStrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inStrips := 0
	for i := range 150 {
		m := block(t, r)
		p, err := plan.Build(m, m.Main(), plan.Options{Near: 1})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(p.Kernels(), "Strips") {
			inStrips++
		}
		shape := slices.Clone(m.Main().Params[0].Type.Shape)
		shape[0] = 2
		in := tensor.New(tensor.I8, shape...)
		for k := range in.I8 {
			in.I8[k] = int8(r.IntN(256) - 128)
		}
		if err := compareRunner(m.Main(), exec.NewRunner(p), []*tensor.Tensor{in}); err != nil {
			t.Fatal(fmt.Errorf("block %d: %w\n%s", i, err, ir.Print(m)))
		}
	}
	if inStrips < 100 {
		t.Errorf("only %d of 150 blocks are computed in strips", inStrips)
	}
}
