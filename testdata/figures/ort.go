package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/amctc/amctc/parser/dataset"
)

// ortrun executes a model in ONNX Runtime on the samples of one .npy file and gives the first output
// of all of them.
func ortrun(ctx context.Context, b *bench, model, input string) (shape []int, out []float32, err error) {
	lib, err := b.data("ort/libonnxruntime.so", "ort")
	if err != nil {
		return nil, nil, err
	}
	bin, err := b.build(ctx, "ortrun", b.path("testdata/peers"), []string{"GOWORK=off"}, "./ortrun")
	if err != nil {
		return nil, nil, err
	}
	to := filepath.Join(b.temp, "ort.npy")
	if _, err := output(ctx, b.root, []string{"ORT_LIB=" + lib}, bin, "-model", model, "-input", input, "-output", to); err != nil {
		return nil, nil, err
	}
	if shape, out, err = dataset.ReadNPY(to); err != nil {
		return nil, nil, fmt.Errorf("the output of ONNX Runtime: %w", err)
	}
	return shape, out, nil
}
