package exec_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/runtime"
)

func TestEveryKernelIsBound(t *testing.T) {
	if err := exec.Check(runtime.Kernels()); err != nil {
		t.Error(err)
	}
}

// TestFloat holds exec against the interpreter on every tensor of random float graphs, batch 3.
func TestFloat(t *testing.T) {
	for seed := range uint64(150) {
		m := passtest.Network(seed)
		if err := compare(m.Main(), irtest.RandomInputs(m.Main(), seed, 3)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(m))
		}
	}
}

// TestInteger does so with integer graphs, and with the fake-quantized ones that calibration observes.
func TestInteger(t *testing.T) {
	ran := 0
	for seed := range uint64(150) {
		_, fake, integer, err := passtest.Stages(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		if integer == nil {
			continue
		}
		ran++
		for _, m := range []*ir.Module{fake, integer} {
			if err := compare(m.Main(), irtest.RandomInputs(m.Main(), seed, 2)); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(m))
			}
		}
	}
	if ran < 100 {
		t.Errorf("only %d of 150 graphs were quantized", ran)
	}
}

func compare(f *ir.Func, in []*tensor.Tensor) error {
	run, err := exec.Engine{}.Prepare(f)
	if err != nil {
		return err
	}
	return compareRunner(f, run, in)
}

// compareRunner holds a way to run f against the interpreter on every tensor.
func compareRunner(f *ir.Func, run ir.Runner, in []*tensor.Tensor) error {
	ctx := context.Background()
	want := make(map[*ir.Value][]byte)
	oracle, _ := interp.Engine{}.Prepare(f)
	outs, err := oracle.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) { want[v] = t.Bytes() })
	if err != nil {
		return err
	}
	got := make(map[*ir.Value][]byte)
	have, err := run.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) { got[v] = append(got[v], t.Bytes()...) })
	if err != nil {
		return err
	}
	for _, n := range f.Nodes {
		v := n.Result()
		free := v.Type.IsFree()
		if g := got[v]; free && string(g) != string(want[v]) || !free && string(g[:len(want[v])]) != string(want[v]) {
			return fmt.Errorf("%%%s (%s) differs", v.Name, n.Op.Name)
		}
	}
	for i := range outs {
		if !outs[i].Equal(have[i]) {
			return fmt.Errorf("result %d differs", i)
		}
	}
	return nil
}

// computed is a module whose layers have computed weights, and codes as input and output: what random
// networks don't have.
func computed(t *testing.T) *ir.Module {
	t.Helper()
	var l diag.List
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	b := ir.NewBuilder(op.All(), f, &l)
	codes := ir.Quantized(ir.PerTensor(0.125, -7), 2, 3, 5, 4)
	x := b.Param("x", ir.Float(2, 3, 5, 4))
	w := b.Param("w", ir.Float(4, 3, 2, 3))
	v := b.Param("v", ir.Float(6, 4))
	c := b.Param("c", codes)
	d := b.Node(ir.NodeSpec{Op: "q.dequantize", Name: "d", Operands: []*ir.Value{c}})
	sum := b.Node(ir.NodeSpec{Op: "nn.add", Name: "sum", Operands: []*ir.Value{x, d}})
	y := b.Node(ir.NodeSpec{Op: "nn.conv2d", Name: "y", Operands: []*ir.Value{sum, w}, Attrs: ir.AttrsOf("pad", []int{1, 0, 0, 2})})
	p := b.Node(ir.NodeSpec{Op: "nn.transpose", Name: "p", Operands: []*ir.Value{y}, Attrs: ir.AttrsOf("perm", []int{0, 2, 3, 1})})
	z := b.Node(ir.NodeSpec{Op: "nn.dense", Name: "z", Operands: []*ir.Value{p, v}})
	elem := codes.WithShape(nil)
	q := b.Node(ir.NodeSpec{Op: "q.quantize", Name: "q", Operands: []*ir.Value{z}, Elem: &elem})
	if l.HasErrors() {
		t.Fatal(&l)
	}
	f.Results = []*ir.Value{z, q, c}
	return &ir.Module{Funcs: []*ir.Func{f}}
}

func TestComputedWeightsAndCodes(t *testing.T) {
	m := computed(t)
	in := irtest.RandomInputs(&ir.Func{Params: m.Main().Params[:3]}, 1, 1)
	c := tensor.New(tensor.I8, 2, 3, 5, 4)
	for i := range c.I8 {
		c.I8[i] = int8(37 * i)
	}
	if err := compare(m.Main(), append(in, c)); err != nil {
		t.Error(err)
	}
}

// TestKernelsAreUsed says that these tests reach every kernel.
func TestKernelsAreUsed(t *testing.T) {
	used := make(map[string]bool)
	use := func(m *ir.Module) {
		p, err := plan.Build(m, m.Main(), plan.Options{Near: 1 << 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Kernels() {
			used[k] = true
		}
		for _, x := range p.Traces {
			used["ExportWide"] = used["ExportWide"] || x.Type.DType == tensor.I16
		}
	}
	for seed := range uint64(220) {
		use(passtest.Network(seed))
		if _, fake, integer, err := passtest.Stages(seed, "ascend910b3"); err != nil {
			t.Fatal(err)
		} else if integer != nil {
			use(fake)
			use(integer)
		}
	}
	use(computed(t))
	for _, m := range wides(t) {
		use(m)
	}
	use(channelTables(t))
	use(block(t, rand.New(rand.NewPCG(1, 2))))
	use(trainedFactors(t))
	trainables(t, 150, func(_ uint64, tr *passes.Trainable) { use(tr.Module) })
	for _, k := range runtime.Kernels() {
		if !used[k] {
			t.Errorf("no test uses %s", k)
		}
	}
}
