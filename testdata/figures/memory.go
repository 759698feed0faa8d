package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
)

// memory compares the greatest resident set of calibration with few and with many images.
func memory(ctx context.Context, b *bench) (string, bool, error) {
	few, err := calibrationMemory(ctx, b, lenet, 128)
	if err != nil {
		return "", false, err
	}
	many, err := calibrationMemory(ctx, b, lenet, 2048)
	if err != nil {
		return "", false, err
	}
	return fmt.Sprintf("%.1f MB with 128 images, %.1f MB with 2,048", few, many), many <= 1.1*few, nil
}

// calibrationMemory is the greatest resident set in MB of `amctc calibrate` on n images.
func calibrationMemory(ctx context.Context, b *bench, n network, images int) (float64, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return 0, err
	}
	model, err := n.model(b)
	if err != nil {
		return 0, err
	}
	train, err := n.file(b, "train", "images")
	if err != nil {
		return 0, err
	}
	args := []string{"--quiet", "calibrate", model, "--calib", train, "--limit", strconv.Itoa(images), "--record", filepath.Join(b.temp, strconv.Itoa(images)+".txt")}
	if n.std != "" {
		args = append(args, "--std", n.std)
	}
	c := exec.CommandContext(ctx, bin, args...)
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("amctc calibrate: %w: %s", err, tail(out, 600))
	}
	return maxRSS(c.ProcessState)
}
