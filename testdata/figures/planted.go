package main

import (
	"context"
	"fmt"
	"strings"
)

// planted runs a test that plants mistakes and reads its summary, which begins with how many of how many were caught.
func planted(ctx context.Context, b *bench, head, pkg, run string, more ...string) (line string, caught, all int, err error) {
	if line, err = b.test(ctx, nil, head, append([]string{pkg, "-run", run}, more...)...); err != nil {
		return "", 0, 0, err
	}
	if _, err := fmt.Sscanf(line, "%d of %d caught", &caught, &all); err != nil {
		return "", 0, 0, fmt.Errorf("the summary of the test is %q: %w", line, err)
	}
	return line, caught, all, nil
}

// miscompiles plants mistakes behind passes.
func miscompiles(ctx context.Context, b *bench) (string, bool, error) {
	line, caught, all, err := planted(ctx, b, "planted miscompiles: ", "./testdata/miscompiles", "^TestPlanted$")
	return line, all >= 25 && caught == all, err
}

// targetFaults plants faults into target programs.
func targetFaults(ctx context.Context, b *bench) (string, bool, error) {
	line, caught, all, err := planted(ctx, b, "planted target faults: ", "./testdata/targetfaults", "^TestPlanted$", "-targetfaults.every=1")
	return line, all >= 25 && caught == all && strings.HasSuffix(line, " 0 are missed"), err
}

// refused gives the command what it must refuse, and interrupts it.
func refused(ctx context.Context, b *bench) (string, bool, error) {
	line, err := b.test(ctx, nil, "refused: ", "./cmd/amctc", "-run", "^TestRefused$", "-amctc.mutants=100")
	if err != nil {
		return "", false, err
	}
	var handled, all int
	if _, err := fmt.Sscanf(line, "%d of %d handled", &handled, &all); err != nil {
		return "", false, fmt.Errorf("the summary of the test is %q: %w", line, err)
	}
	stopped, err := b.test(ctx, nil, "interrupted: ", "./cmd/amctc", "-run", "^TestInterrupted$")
	if err != nil {
		return "", false, err
	}
	return line + "; stopped: " + stopped, handled == all && all >= 150, nil
}
