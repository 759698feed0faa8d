package ascend_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// integer quantizes a float network on the given samples.
func integer(t *testing.T, m *ir.Module, samples [][]*tensor.Tensor) *ir.Module {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	c.Target = passes.TargetFacts{Name: socs[0]}
	c.Settings.Default.Activation.Algorithm = passes.MinMax
	run := func(list []passes.Pass) {
		t.Helper()
		var g passes.Manager
		if _, err := g.Run(c, m, list); err != nil {
			t.Fatal(err)
		}
	}
	run(passes.Simplify)
	run(passes.Observe)
	if err := passes.Calibrate(c, interp.Engine{}, m, passtest.Batches(samples)); err != nil {
		t.Fatal(err)
	}
	run(passes.Quantize)
	return m
}

// TestModels lowers the trained networks that come with amctc.
func TestModels(t *testing.T) {
	files, err := filepath.Glob("../../testdata/models/*.onnx")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".onnx"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, l := onnx.Import(file, data, onnx.Options{})
			if err := l.Err(); err != nil {
				t.Fatal(err)
			}
			shape, values, err := dataset.ReadNPY(strings.TrimSuffix(file, ".onnx") + ".in.npy")
			if err != nil {
				t.Fatal(err)
			}
			one := append([]int{1}, m.Main().Params[0].Type.Shape[1:]...)
			each := tensor.Elems(one)
			var samples [][]*tensor.Tensor
			for i := range min(4, shape[0]) {
				samples = append(samples, []*tensor.Tensor{tensor.FromF32(values[i*each:(i+1)*each], one...)})
			}
			m = integer(t, m, samples[:2])
			for _, soc := range socs {
				for i, in := range samples[2:] {
					res, err := compare(m, soc, in)
					if err != nil {
						t.Fatalf("%s: %v", soc, err)
					}
					if i == 0 {
						t.Log(res.Report())
					}
				}
			}
		})
	}
}
