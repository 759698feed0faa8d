package main

import (
	"context"
	"fmt"
	"strings"
)

// selftest runs the test that builds and runs the emitted package's own test everywhere.
func selftest(ctx context.Context, b *bench) (string, bool, error) {
	line, err := b.test(ctx, []string{"AMCTC_CHECK=1"}, "self-test of the emitted package: ", "./testdata/selftest", "-run", "^TestMachines$")
	if err != nil {
		return "", false, err
	}
	for _, machine := range []string{"amd64 v1", "amd64 v3", "386", "arm64", "s390x", "js/wasm"} {
		if !strings.Contains(line, machine) {
			return "", false, fmt.Errorf("the test says %q, which does not name %s", line, machine)
		}
	}
	return line, true, nil
}
