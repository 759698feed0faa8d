package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir/tensor"
)

// qdq runs the exported QDQ networks in ONNX Runtime and compares classes with ours.
func qdq(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	pass := true
	for _, n := range []network{cntk, lenet} {
		same, all, err := sameClasses(ctx, b, n)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", n.name, err)
		}
		pass = pass && all == 10000 && same*1000 >= all*995
		text = append(text, fmt.Sprintf("%s %.2f %% of %d", n.name, 100*float64(same)/float64(all), all))
	}
	return strings.Join(text, "; "), pass, nil
}

// sameClasses counts the test images that both put into the same class.
func sameClasses(ctx context.Context, b *bench, n network) (same, all int, err error) {
	c, float, err := n.calibrated(ctx, b)
	if err != nil {
		return 0, 0, err
	}
	q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		return 0, 0, err
	}
	onnx, err := amctc.EmitONNX(q)
	if err != nil {
		return 0, 0, err
	}
	model := filepath.Join(b.temp, n.name+".qdq.onnx")
	if err := os.WriteFile(model, onnx, 0o666); err != nil {
		return 0, 0, err
	}
	d, err := n.images(b, q, "t10k", 0)
	if err != nil {
		return 0, 0, err
	}
	in, err := array(b, "in.npy", q, d)
	if err != nil {
		return 0, 0, err
	}
	_, theirs, err := ortrun(ctx, b, model, in)
	if err != nil {
		return 0, 0, err
	}
	err = amctc.RunAll(ctx, exec.Engine{}, q.Main(), d.Calls(), 2, func(i int, _, out []*tensor.Tensor) error {
		k := len(out[0].F32)
		if (i+1)*k > len(theirs) {
			return fmt.Errorf("ONNX Runtime gave %d numbers for more than %d images", len(theirs), i)
		}
		if class(out[0].F32) == class(theirs[i*k:(i+1)*k]) {
			same++
		}
		all++
		return nil
	})
	return same, all, err
}

// class is the index of the greatest element, the lowest of several.
func class(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
