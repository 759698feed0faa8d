package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/amctc/amctc/testdata/conformance"
)

// nodeTests runs ONNX's node tests.
func nodeTests(ctx context.Context, b *bench) (string, bool, error) {
	results, err := conformance.Run(ctx, filepath.Join(b.root, "testdata", "data", "onnx", "node"))
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
