package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/codegen/report"
)

// severalCores compiles and verifies the residual network and MobileNetV2-224 on all AI cores of ascend910b3; the report has the cycles on fewer.
func severalCores(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	generator, err := b.build(ctx, "networks", b.root, nil, "./testdata/networks")
	if err != nil {
		return "", false, err
	}
	models := filepath.Join(b.root, "testdata", "models")
	large, images := filepath.Join(b.temp, "cores-mobilenetv2.onnx"), filepath.Join(b.temp, "cores-images.npy")
	if _, err := output(ctx, b.root, nil, generator, "-net", "mobilenetv2", "-model", large, "-images", images, "-n", "2"); err != nil {
		return "", false, err
	}
	var figures []string
	pass := true
	for _, n := range []struct{ name, model, images string }{
		{"residual", filepath.Join(models, "residual.onnx"), filepath.Join(models, "residual.in.npy")}, {"MobileNetV2-224", large, images},
	} {
		dir := filepath.Join(b.temp, "cores-"+n.name)
		// The files are written only where every tensor of every engine is the same.
		text, err := output(ctx, b.root, nil, bin, "--quiet", "compile", n.model, "--calib", n.images, "--out", dir, "--target", "ascend910b3", "--cores", "all", "--verify-samples", "1")
		if err != nil {
			return "", false, err
		}
		data, err := os.ReadFile(filepath.Join(dir, "amctc", "report.json"))
		if err != nil {
			return "", false, err
		}
		r, err := report.Parse(data)
		if err != nil {
			return "", false, err
		}
		if len(r.Cores) == 0 {
			return "", false, fmt.Errorf("the report of %s has no cycles by cores", n.name)
		}
		one := r.Cores[0].Cycles
		var cycles []string
		last := one
		for _, c := range r.Cores {
			if c.Cores <= 4 || c.Cores == r.Cores[len(r.Cores)-1].Cores {
				cycles = append(cycles, fmt.Sprintf("%d: %d (%.2f ×)", c.Cores, c.Cycles, float64(one)/float64(c.Cycles)))
				pass, last = pass && c.Cycles <= last, c.Cycles
			}
		}
		same := strings.Contains(string(text), " 0 bytes differ")
		pass = pass && same && last < one
		figures = append(figures, fmt.Sprintf("%s %s; 0 bytes differ: %v", n.name, strings.Join(cycles, ", "), same))
	}
	return strings.Join(figures, "; "), pass, nil
}
