package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir/tensor"
)

// importInputs is how many test images are compared.
const importInputs = 200

// floatImport runs the imported float networks and ONNX Runtime on the same images.
func floatImport(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	pass := true
	for _, n := range allNetworks {
		worst, err := importDistance(ctx, b, n)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", n.name, err)
		}
		pass = pass && worst <= 1e-4
		text = append(text, fmt.Sprintf("%s %.1e", n.name, worst))
	}
	return fmt.Sprintf("greatest max|a−b| / max|b| of %d inputs: %s", importInputs, strings.Join(text, ", ")), pass, nil
}

// importDistance is the greatest max|a-b| / max|b| of the output over the inputs, b being ONNX
// Runtime's.
func importDistance(ctx context.Context, b *bench, n network) (float64, error) {
	m, err := n.load(b)
	if err != nil {
		return 0, err
	}
	d, err := n.images(b, m, "t10k", importInputs)
	if err != nil {
		return 0, err
	}
	in, err := array(b, "in.npy", m, d)
	if err != nil {
		return 0, err
	}
	model, err := n.model(b)
	if err != nil {
		return 0, err
	}
	_, theirs, err := ortrun(ctx, b, model, in)
	if err != nil {
		return 0, err
	}
	per, seen, worst := len(theirs)/importInputs, 0, 0.0
	err = amctc.RunAll(ctx, exec.Engine{}, m.Main(), d.Calls(), 2, func(i int, _, out []*tensor.Tensor) error {
		a := out[0].F32
		if len(a) != per || (i+1)*per > len(theirs) {
			return fmt.Errorf("the output has %d elements, ONNX Runtime's %d", len(a), per)
		}
		num, den := 0.0, 0.0
		for k, v := range theirs[i*per : (i+1)*per] {
			num = max(num, math.Abs(float64(a[k])-float64(v)))
			den = max(den, math.Abs(float64(v)))
		}
		if den == 0 {
			return fmt.Errorf("input %d gives nothing but zeros in ONNX Runtime", i)
		}
		worst = max(worst, num/den)
		seen++
		return nil
	})
	if err == nil && seen != importInputs {
		err = fmt.Errorf("%d inputs were compared", seen)
	}
	return worst, err
}
