package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// statisticsMemory is memory for statistics in the place of factors.
func statisticsMemory(ctx context.Context, b *bench) (string, bool, error) {
	var peak [2]float64
	for i, images := range []int{128, 2048} {
		size, err := calibrationMemory(ctx, b, lenet, images, "--stats", "GOGC=20")
		if err != nil {
			return "", false, err
		}
		peak[i] = size
	}
	return fmt.Sprintf("%.1f MB with 128 images, %.1f MB with 2,048 (GOGC=20)", peak[0], peak[1]), peak[1] <= 1.15*peak[0], nil
}

// statistics compares, for every observer, accuracy with factors from stored statistics and from data.
func statistics(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	pass := true
	var parts []string
	for _, n := range []network{residual, mobilenet} {
		model, err := n.model(b)
		if err != nil {
			return "", false, err
		}
		train, err := n.file(b, "train", "images")
		if err != nil {
			return "", false, err
		}
		at := func(name string) string { return filepath.Join(b.temp, n.name+"."+name) }
		run := func(args ...string) error {
			_, err := output(ctx, b.root, nil, bin, append([]string{"--quiet", "calibrate", "--force"}, args...)...)
			return err
		}
		take := func(skip, limit, to string) error {
			return run(model, "--calib", train, "--std", n.std, "--skip", skip, "--limit", limit, "--stats", at(to))
		}
		for _, s := range [][3]string{{"0", "128", "whole"}, {"0", "50", "a"}, {"50", "7", "b"}, {"57", "71", "c"}} {
			if err := take(s[0], s[1], s[2]); err != nil {
				return "", false, err
			}
		}
		if err := run("--merge", at("b"), at("c"), at("a"), "--stats", at("merged")); err != nil {
			return "", false, err
		}
		whole, err := os.ReadFile(at("whole"))
		if err != nil {
			return "", false, err
		}
		merged, err := os.ReadFile(at("merged"))
		if err != nil {
			return "", false, err
		}
		same := bytes.Equal(whole, merged)
		var each []string
		for _, algorithm := range []string{"ifmr", "hfmg", "minmax", "percentile", "entropy", "mse"} {
			if err := run(model, "--stats", at("whole"), "--activations", algorithm, "--record", at("record")); err != nil {
				return "", false, err
			}
			stored, err := eval(ctx, b, n, "--record", at("record"))
			if err != nil {
				return "", false, err
			}
			data, err := eval(ctx, b, n, "--activations", algorithm)
			if err != nil {
				return "", false, err
			}
			d := math.Round(10000*(stored.Value-data.Value)) / 100
			pass = pass && math.Abs(d) <= 0.25
			each = append(each, fmt.Sprintf("%s %.2f %% (%+.2f)", algorithm, 100*stored.Value, d))
		}
		pass = pass && same
		parts = append(parts, fmt.Sprintf("%s: %s; shards the same: %v", n.name, strings.Join(each, ", "), same))
	}
	return strings.Join(parts, "; "), pass, nil
}
