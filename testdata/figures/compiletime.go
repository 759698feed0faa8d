package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// compileTime times `amctc compile` of MobileNetV2-224, calibrated on 32 images.
func compileTime(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	generator, err := b.build(ctx, "networks", b.root, nil, "./testdata/networks")
	if err != nil {
		return "", false, err
	}
	model, images := filepath.Join(b.temp, "mobilenetv2-32.onnx"), filepath.Join(b.temp, "images-32.npy")
	if _, err := output(ctx, b.root, nil, generator, "-net", "mobilenetv2", "-model", model, "-images", images, "-n", "32"); err != nil {
		return "", false, err
	}
	began := time.Now()
	_, processor, err := timed(ctx, b.root, nil, bin, "--quiet", "compile", model, "--calib", images, "--out", filepath.Join(b.temp, "mobilenetv2-32"), "--no-verify")
	if err != nil {
		return "", false, err
	}
	took := time.Since(began)
	return fmt.Sprintf("%.1f s, %.1f s of processor time on 2", took.Seconds(), processor.Seconds()), took <= 15*time.Second, nil
}
