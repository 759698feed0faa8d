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
	return line, true, named(line)
}

// named wants every machine in what a test says: of 32 bits 386, or arm where the kernel can't execute that.
func named(line string) error {
	machines := []string{"amd64 v1", "amd64 v3", "arm64", "riscv64", "s390x", "js/wasm"}
	if !strings.Contains(line, "386") {
		machines = append(machines, "arm,")
	}
	for _, machine := range machines {
		if !strings.Contains(line, machine) {
			return fmt.Errorf("the test says %q, which does not name %s", line, strings.TrimSuffix(machine, ","))
		}
	}
	return nil
}

// checksums runs the command itself on every machine, and builds it and the emitted package for every target.
func checksums(ctx context.Context, b *bench) (string, bool, error) {
	env := []string{"AMCTC_CHECK=1"}
	line, err := b.test(ctx, env, "compiled everywhere: ", "-tags", "everywhere", "./testdata/selftest", "-run", "^TestCompiledEverywhere$", "-timeout", "2h")
	if err != nil {
		return "", false, err
	}
	builds, err := b.test(ctx, env, "builds: ", "-tags", "everywhere", "./testdata/selftest", "-run", "^TestBuilds$", "-timeout", "2h")
	if err != nil {
		return "", false, err
	}
	return line + "; built without C: " + builds, true, named(line)
}
