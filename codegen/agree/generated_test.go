package agree_test

import (
	"context"
	"testing"

	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/passtest"
)

func quantized(t *testing.T, seed uint64) (*ir.Module, [][]*tensor.Tensor) {
	t.Helper()
	_, m, err := passtest.Quantized(seed, "ascend910b3")
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		return nil, nil
	}
	var samples [][]*tensor.Tensor
	for i := range uint64(3) {
		samples = append(samples, irtest.RandomInputs(m.Main(), seed+50*i, 1))
	}
	return m, samples
}

// TestGenerated holds the emitted package against the interpreter.
func TestGenerated(t *testing.T) {
	if why := agree.GoMissing(); why != "" {
		t.Fatal(why)
	}
	m, samples := quantized(t, 3)
	r, err := agree.Run(context.Background(), m, samples, func(string, int, int) {},
		agree.FromEngine("exec", exec.Engine{}, m.Main()), &agree.Generated{Module: m, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Tensors == 0 {
		t.Errorf("%s; %v; not compared: %v", r.Line(), r.First, r.NotCompared)
	}
}

// TestCanceled holds that a build ends with its context.
func TestCanceled(t *testing.T) {
	m, samples := quantized(t, 3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g := &agree.Generated{Module: m}
	if err := g.Trace(ctx, samples, func(int, string, []byte) {}); err == nil {
		t.Error("a canceled build succeeds")
	}
}
