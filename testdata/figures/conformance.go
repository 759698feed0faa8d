package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/testdata/conformance"
)

// onnxTests runs a folder of ONNX's tests.
func onnxTests(ctx context.Context, b *bench, folder string) ([]conformance.Result, error) {
	return conformance.Run(ctx, filepath.Join(b.root, "testdata", "data", "onnx", folder))
}

// modelTests runs ONNX's tests with models.
func modelTests(ctx context.Context, b *bench) (string, bool, error) {
	var parts []string
	pass := true
	for _, folder := range conformance.Models {
		results, err := onnxTests(ctx, b, folder)
		if err != nil {
			return "", false, err
		}
		count := make(map[string]int)
		for i := range results {
			count[results[i].Verdict]++
		}
		passed, refused, wrong := count[conformance.Passed], count[conformance.Refused], count[conformance.Wrong]
		parts = append(parts, fmt.Sprintf("%s %d passed, %d refused, %d wrong of %d", folder, passed, refused, wrong, len(results)))
		pass = pass && wrong == 0 && (refused == 0 || !strings.HasPrefix(folder, "pytorch"))
	}
	return strings.Join(parts, "; "), pass, nil
}

// nodeTests runs ONNX's node tests.
func nodeTests(ctx context.Context, b *bench) (string, bool, error) {
	results, err := onnxTests(ctx, b, conformance.Node)
	if err != nil {
		return "", false, err
	}
	count, folded := make(map[string]int), 0
	for i := range results {
		count[results[i].Verdict]++
		if r := &results[i]; r.Verdict == conformance.Passed && r.Nodes == 0 {
			folded++
		}
	}
	passed, refused, wrong := count[conformance.Passed], count[conformance.Refused], count[conformance.Wrong]
	return fmt.Sprintf("%d passed (%d of them by folding alone), %d refused with a numbered diagnostic, %d wrong of %d", passed, folded, refused, wrong, len(results)),
		wrong == 0 && passed >= 550, nil
}
