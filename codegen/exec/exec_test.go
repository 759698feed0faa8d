package exec_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/tensor"
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
		m := irtest.Random(seed)
		if err := compare(m.Main(), irtest.RandomInputs(m.Main(), seed, 3)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(m))
		}
	}
}

// TestInteger does so with integer graphs, and with the fake-quantized ones that calibration observes.
func TestInteger(t *testing.T) {
	ran := 0
	for seed := range uint64(150) {
		_, m, err := passtest.Quantized(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		if m == nil {
			continue
		}
		ran++
		if err := compare(m.Main(), irtest.RandomInputs(m.Main(), seed, 2)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(m))
		}
	}
	if ran < 100 {
		t.Errorf("only %d of 150 graphs were quantized", ran)
	}
}

func compare(f *ir.Func, in []*tensor.Tensor) error {
	ctx := context.Background()
	run, err := exec.Engine{}.Prepare(f)
	if err != nil {
		return err
	}
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
