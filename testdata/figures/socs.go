package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/target/ascend"
)

// socImages is how many test images every network runs on, for every SoC.
const socImages = 20

// everySoC compiles the classifiers for every SoC that has a description, as a user would, and verifies what came out. The results of the simulated
// programs must be the same bytes on all.
func everySoC(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	tensors, differ, pass, same := 0, 0, true, true
	cycles := make([]string, len(ascend.Names()))
	for _, n := range []network{cntk, lenet, residual, mobilenet} {
		var first []byte
		for i, soc := range ascend.Names() {
			r, c, out, err := onSoC(ctx, b, bin, n, soc)
			if err != nil {
				return "", false, fmt.Errorf("%s on %s: %w", n.name, soc, err)
			}
			if first == nil {
				first = out
			}
			tensors += r.Tensors
			differ += r.DiffBytes
			pass, same = pass && complete(r, "exec", "go", "sim"), same && bytes.Equal(first, out)
			cycles[i] += fmt.Sprintf(" %d", c)
		}
	}
	for i, soc := range ascend.Names() {
		cycles[i] = soc + cycles[i]
	}
	return fmt.Sprintf("interp = exec = go = sim: %d tensors, %d bytes differ (%d SoCs × 4 networks × %d images); results equal on all: %v; cycles: %s",
		tensors, differ, len(cycles), socImages, same, strings.Join(cycles, ", ")), pass && same, nil
}

// onSoC compiles and verifies one network for one SoC; it gives the cycles of a sample and the simulator's results.
func onSoC(ctx context.Context, b *bench, bin string, n network, soc string) (*agree.Report, int64, []byte, error) {
	model, err := n.model(b)
	if err != nil {
		return nil, 0, nil, err
	}
	train, err := n.file(b, "train", "images")
	if err != nil {
		return nil, 0, nil, err
	}
	test, err := n.file(b, "t10k", "images")
	if err != nil {
		return nil, 0, nil, err
	}
	run := func(limit int, args ...string) ([]byte, error) {
		args = append(args, "--limit", fmt.Sprint(limit))
		if n.std != "" {
			args = append(args, "--std", n.std)
		}
		return output(ctx, b.root, nil, bin, args...)
	}
	dir := filepath.Join(b.temp, soc, n.name)
	if _, err := run(calibrationImages, "--quiet", "compile", model, "--calib", train, "--out", dir, "--target", soc, "--no-verify"); err != nil {
		return nil, 0, nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "amctc", "report.json"))
	if err != nil {
		return nil, 0, nil, err
	}
	p, err := report.Parse(data)
	if err != nil {
		return nil, 0, nil, err
	}
	module := filepath.Join(dir, "amctc", n.name+".amir")
	text, err := run(socImages, "--quiet", "--json", "verify", module, "--input", test, "--require", "go")
	if err != nil {
		return nil, 0, nil, err
	}
	r := &agree.Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, 0, nil, fmt.Errorf("amctc verify --json: %w", err)
	}
	result := filepath.Join(dir, "result.npy")
	if _, err := run(socImages, "--quiet", "run", module, "--input", test, "--output", result, "--engine", "sim"); err != nil {
		return nil, 0, nil, err
	}
	out, err := os.ReadFile(result)
	return r, p.Cycles, out, err
}
