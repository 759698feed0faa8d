package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// goldenSection is the values that a test holds of a section of AMCT's golden numbers.
const goldenSection = "golden values of AMCT "

// golden runs the tests of the packages that hold golden numbers, and counts the values by section; each section that is wanted must be there.
func golden(sections []string, run string, packages ...string) func(context.Context, *bench) (string, bool, error) {
	return func(ctx context.Context, b *bench) (string, bool, error) {
		args := append([]string{"test", "-count=1", "-v", "-timeout", "20m", "-run", run}, packages...)
		out, err := output(ctx, b.root, nil, "go", args...)
		if err != nil {
			return "", false, err
		}
		return goldenFigure(string(out), sections)
	}
}

// goldenFigure sums the lines of passed tests.
func goldenFigure(out string, sections []string) (string, bool, error) {
	values, all := make(map[string]int), 0
	for line := range strings.Lines(out) {
		_, rest, ok := strings.Cut(line, goldenSection)
		if !ok {
			continue
		}
		section, number, _ := strings.Cut(rest, ": ")
		var n int
		if _, err := fmt.Sscanf(number, "%d", &n); err != nil || n < 1 || !slices.Contains(sections, section) {
			return "", false, fmt.Errorf("a test says %q", strings.TrimSpace(line))
		}
		values[section] += n
		all += n
	}
	var parts []string
	pass := true
	for _, s := range sections {
		parts = append(parts, fmt.Sprintf("%s %d", s, values[s]))
		pass = pass && values[s] > 0
	}
	return fmt.Sprintf("%d values reproduced (%s)", all, strings.Join(parts, ", ")), pass, nil
}
