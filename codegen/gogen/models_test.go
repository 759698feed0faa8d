package gogen_test

import (
	"context"
	"fmt"
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
	size := make(map[string]int)
	for _, c := range []struct {
		name string
		bits int
	}{{"lenet", 8}, {"residual", 8}, {"mobilenet", 8}, {"lenet", 4}, {"residual", 4}, {"mobilenet", 4}, {"residual", 5}, {"lenet", 3}} {
		name := c.name
		p, samples := trained(t, name, c.bits)
		if fused := slices.Contains(p.Kernels(), "Conv2DAdd"); fused != (name != "lenet") {
			t.Errorf("%s: fused residual sums: %v", name, fused)
		}
		pkg := name
		if c.bits != 8 {
			pkg = fmt.Sprintf("%s%d", name, c.bits)
		}
		files, err := gogen.Generate(p, gogen.Options{Package: pkg, ImportPath: "example.com/models/" + pkg, Version: "test", Source: name + ".onnx", Samples: samples})
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, pkg), files)
		// Weights of few bits are packed; biases and factors take what they did.
		size[pkg] = len(files["weights.bin"])
		if part := float64(size[pkg]) / float64(size[name]); c.bits <= 4 && name != "mobilenet" && part > 0.6 || c.bits == 5 && part > 0.75 {
			t.Errorf("%s: weights.bin of %d bits takes %.2f of that of 8", name, c.bits, part)
		}
	}
	run(t, dir, nil, "go", "vet", "./...")
	run(t, dir, nil, "go", "test", "-bench=.", "-benchtime=1x", "./...")
}

// trained is the plan of a trained network, quantized with random data.
func trained(t *testing.T, name string, bits int) (*plan.Plan, [][]*tensor.Tensor) {
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
	c.Settings.Default.Weight.Bits = bits
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
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
