package main

import (
	"context"
	"fmt"
)

// randomGraphs runs the test and reads its summary.
func randomGraphs(ctx context.Context, b *bench) (string, bool, error) {
	line, err := b.test(ctx, nil, "random graphs: ", "./codegen/agree", "-timeout", "6h", "-run", "^TestRandomGraphs$", "-agree.graphs=10000")
	if err != nil {
		return "", false, err
	}
	var graphs, tensors, differ, times int
	var least string
	if _, err := fmt.Sscanf(line, "%d graphs, %d tensors, %d bytes differ, least-used operator %s %d times", &graphs, &tensors, &differ, &least, &times); err != nil {
		return "", false, fmt.Errorf("the summary of the test is %q: %w", line, err)
	}
	return line, graphs >= 10000 && tensors > 0 && differ == 0 && times >= 100, nil
}
