//go:build everywhere

package selftest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc"
)

// targets are what the command and the emitted package build for, without C.
var targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64", "linux/386", "linux/riscv64", "linux/s390x",
	"js/wasm", "wasip1/wasm"}

// TestBuilds builds the command and the emitted package for every target. It compiles a standard library for each.
func TestBuilds(t *testing.T) {
	dir := emit(t)
	for _, target := range targets {
		goos, goarch, _ := strings.Cut(target, "/")
		env := []string{"GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOOS=" + goos, "GOARCH=" + goarch}
		run(t, root, env, "go", "build", "-o", os.DevNull, "./cmd/amctc")
		run(t, dir, append(env, "GOFLAGS=-mod=mod", "GOPROXY=off"), "go", "build", "./...")
	}
	t.Logf("builds: the command and the emitted package for %s", strings.Join(targets, ", "))
}

// TestCompiledEverywhere runs the command on each machine and compares what it compiles with what it compiles here, file
// by file: calibration, weights, biases, the program and the report are the same bytes, whatever the processor fuses,
// how wide its words are and which byte comes first.
func TestCompiledEverywhere(t *testing.T) {
	if !amctc.Exists(train) {
		t.Fatalf("%s is missing; `go run ./testdata/fetch` brings it", train)
	}
	data, err := filepath.Abs(train)
	if err != nil {
		t.Fatal(err)
	}
	network, err := filepath.Abs(model)
	if err != nil {
		t.Fatal(err)
	}
	compile := func(t *testing.T, m *machine) map[string][sha256.Size]byte {
		bin := filepath.Join(t.TempDir(), "amctc")
		env := append([]string{"CGO_ENABLED=0"}, m.env...)
		run(t, root, env, "go", "build", "-o", bin, "./cmd/amctc")
		dir := t.TempDir()
		out := filepath.Join(dir, "lenet")
		command := append(m.run(t, bin), "--quiet", "compile", network, "--calib", data, "--limit", "16", "--std", "255", "--out", out, "--no-verify",
			"--balance", "0.5", "--correct-bias", "--activations", "mse")
		run(t, dir, []string{"GOWORK=off"}, command[0], command[1:]...)
		return sums(t, out)
	}
	list := chosen()
	here := compile(t, &list[0])
	var names []string
	for i := range list[1:] {
		m := &list[i+1]
		if m.name == "arm64 without dot product" {
			continue // the command has no kernels of its own for that
		}
		t.Run(strings.ReplaceAll(m.name, "/", "_"), func(t *testing.T) {
			there := compile(t, m)
			if !maps.Equal(here, there) {
				for _, name := range slices.Sorted(maps.Keys(here)) {
					if here[name] != there[name] {
						t.Errorf("%s differs", name)
					}
				}
				t.Errorf("%d files here, %d there", len(here), len(there))
			}
			names = append(names, m.name)
		})
	}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(here)) {
		fmt.Fprintf(all, "%x  %s\n", here[name], name)
	}
	t.Logf("compiled everywhere: %d files of LeNet byte-identical on %s and %s (SHA-256 of all their sums %.4x…)", len(here), list[0].name, strings.Join(names, ", "), all.Sum(nil))
}
