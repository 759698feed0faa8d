package gogen_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestModels emits trained networks, with fused residual sums, and runs their own tests.
func TestModels(t *testing.T) {
	dir := t.TempDir()
	writeText(t, dir, "go.mod", "module example.com/models\n\ngo 1.24\n")
	for _, name := range []string{"lenet", "residual", "mobilenet"} {
		p, samples := trained(t, name)
		if fused := slices.Contains(p.Kernels(), "Conv2DAdd"); fused != (name != "lenet") {
			t.Errorf("%s: fused residual sums: %v", name, fused)
		}
		files, err := gogen.Generate(p, gogen.Options{Package: name, ImportPath: "example.com/models/" + name, Version: "test", Source: name + ".onnx", Samples: samples})
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), files)
	}
	run(t, dir, nil, "go", "vet", "./...")
	run(t, dir, nil, "go", "test", "-bench=.", "-benchtime=1x", "./...")
}

// trained is the plan of a trained network, quantized with random data.
func trained(t *testing.T, name string) (*plan.Plan, [][]*tensor.Tensor) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/models/" + name + ".onnx")
	if err != nil {
		t.Fatal(err)
	}
	m, l := onnx.Import(name, data, onnx.Options{})
	if l.HasErrors() {
		t.Fatal(l)
	}
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.Activation.Asymmetric = true
	c.Target = passes.TargetFacts{Name: "ascend910b3", Fixpipe: true}
	var g passes.Manager
	run := func(list []passes.Pass) {
		if _, err := g.Run(c, m, list); err != nil {
			t.Fatal(err)
		}
	}
	run(passes.Simplify)
	run(passes.Observe)
	samples := [][]*tensor.Tensor{irtest.RandomInputs(m.Main(), 1, 1), irtest.RandomInputs(m.Main(), 2, 1)}
	if err := passes.Calibrate(c, exec.Engine{}, m, passtest.Batches(samples)); err != nil {
		t.Fatal(err)
	}
	run(passes.Quantize)
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p, samples
}
