package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/runtime/rt"
)

// instructionSets runs the random graphs and the five networks on all engines with every instruction
// set that this machine has.
func instructionSets(ctx context.Context, b *bench) (string, bool, error) {
	self, err := os.Executable()
	if err != nil {
		return "", false, err
	}
	pass := true
	var parts []string
	for _, isa := range rt.Available() {
		env := []string{"AMCTC_ISA=" + isa.String()}
		line, err := b.test(ctx, env, "random graphs: ", "./codegen/agree", "-run", "^TestRandomGraphs$", "-agree.graphs=1000")
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", isa, err)
		}
		pass = pass && strings.Contains(line, " 0 bytes differ")
		if _, err := output(ctx, b.root, env, self, "-only", "^agreement$", "-out", filepath.Join(b.temp, "isa.md")); err != nil {
			return "", false, fmt.Errorf("%s: %w", isa, err)
		}
		known, err := readTable(filepath.Join(b.temp, "isa.md"))
		if err != nil {
			return "", false, err
		}
		figure := known["agreement"]
		pass = pass && figure.verdict == succeeds
		networks, _, _ := strings.Cut(figure.figure, " (")
		parts = append(parts, fmt.Sprintf("%s: %s; networks %s", isa, line, networks))
	}
	return strings.Join(parts, "; "), pass && len(parts) > 1, nil
}
