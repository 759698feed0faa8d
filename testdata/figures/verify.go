package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/amctc/amctc/codegen/agree"
)

// verifyMobileNetV2 compiles the network with random weights and times `amctc verify` on one image.
func verifyMobileNetV2(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	generator, err := b.build(ctx, "networks", b.root, nil, "./testdata/networks")
	if err != nil {
		return "", false, err
	}
	model, images, out := filepath.Join(b.temp, "mobilenetv2.onnx"), filepath.Join(b.temp, "images.npy"), filepath.Join(b.temp, "mobilenetv2")
	if _, err := output(ctx, b.root, nil, generator, "-net", "mobilenetv2", "-model", model, "-images", images, "-n", "2"); err != nil {
		return "", false, err
	}
	began := time.Now()
	if _, err := output(ctx, b.root, nil, bin, "--quiet", "compile", model, "--calib", images, "--out", out, "--no-verify"); err != nil {
		return "", false, err
	}
	compiled := time.Since(began)
	began = time.Now()
	text, err := output(ctx, b.root, nil, bin, "--quiet", "--json", "verify", filepath.Join(out, "amctc", "mobilenetv2.amir"), "--input", images, "--limit", "1", "--require", "go")
	if err != nil {
		return "", false, err
	}
	verified := time.Since(began)
	r := &agree.Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return "", false, fmt.Errorf("amctc verify --json: %w", err)
	}
	return fmt.Sprintf("%.1f s (%s); compile without it, calibrated on 2 images: %.1f s", verified.Seconds(), compared(r), compiled.Seconds()),
		complete(r, "exec", "go", "sim") && verified <= time.Minute, nil
}
