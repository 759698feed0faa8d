package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A bench is where and how contenders are measured.
type bench struct {
	root   string // of amctc's module
	dir    string // for models, packages and commands
	keep   bool
	self   string // this program
	peers  []string
	report report
}

func newBench(ctx context.Context, core, rounds int, seconds float64, work string, peers []string) (*bench, error) {
	for _, p := range peers {
		if !slices.Contains([]string{oursTwo, oursReal, ortInt8, ortFloat, goFloat}, p) {
			return nil, fmt.Errorf("no contender %q", p)
		}
	}
	b := &bench{peers: peers, keep: work != ""}
	var err error
	if b.root, err = moduleRoot(ctx); err != nil {
		return nil, err
	}
	if err := library(b.root); err != nil {
		return nil, err
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if core < 0 {
		if core, err = lastCore(); err != nil {
			return nil, err
		}
	}
	b.report = report{CPU: processor(), Core: core, ISA: os.Getenv("AMCTC_ISA"), Rounds: rounds, Seconds: seconds}
	if work == "" {
		b.dir, err = os.MkdirTemp("", "amctc-bench-*")
		return b, err
	}
	if b.dir, err = filepath.Abs(work); err != nil {
		return nil, err
	}
	return b, os.MkdirAll(b.dir, 0o777)
}

func (b *bench) close() {
	if !b.keep {
		os.RemoveAll(b.dir)
	}
}

func (b *bench) wants(peer string) bool { return slices.Contains(b.peers, peer) }

// contests measures networks and prints each as it comes.
func (b *bench) contests(ctx context.Context, list []network, stdout, stderr io.Writer) error {
	names, err := b.quantizeAll(ctx, list, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, "building …")
	exe, err := buildOurs(ctx, b.dir, "serve", ours, "", names)
	if err != nil {
		return err
	}
	entrants := []entrant{{ours, 1, []string{exe, b.dir}}}
	if b.wants(oursTwo) {
		entrants = append(entrants, entrant{oursTwo, 2, []string{exe, b.dir}})
	}
	if b.wants(oursReal) {
		exe, err := buildOurs(ctx, b.dir, "servefloat", oursReal, "", names)
		if err != nil {
			return err
		}
		entrants = append(entrants, entrant{oursReal, 1, []string{exe, b.dir}})
	}
	for _, form := range []string{"int8", "float"} {
		if b.wants("ort-" + form) {
			entrants = append(entrants, entrant{"ort-" + form, 1, append([]string{b.self, peerCommand, form, b.dir}, names...)})
		}
	}
	if b.wants(goFloat) {
		exe, err := build(ctx, filepath.Join(b.root, "testdata", "peers", "gomlx"), filepath.Join(b.dir, "gomlx.exe"), ".")
		if err != nil {
			return err
		}
		entrants = append(entrants, entrant{goFloat, 1, append([]string{exe, b.dir}, names...)})
	}
	heading(stdout)
	for _, name := range names {
		r := result{Network: name}
		if r.Contenders, err = contest(ctx, b.dir, name, entrants, b.report.Core, b.report.Rounds, b.report.Seconds); err != nil {
			return err
		}
		if b.wants(ortInt8) {
			if r.Operators, err = optimize(b.dir, name, "int8"); err != nil {
				return err
			}
		}
		rows(stdout, r)
		b.report.Networks = append(b.report.Networks, r)
	}
	if b.wants(ortInt8) {
		fmt.Fprintln(stdout, "\nWhat ONNX Runtime executes of the quantized models:")
		for _, r := range b.report.Networks {
			fmt.Fprintf(stdout, "%-18s %s\n", r.Network, operators(r.Operators))
		}
	}
	return nil
}

// quantizeAll prepares the networks and gives their names.
func (b *bench) quantizeAll(ctx context.Context, list []network, stderr io.Writer) ([]string, error) {
	var names []string
	for _, n := range list {
		fmt.Fprintf(stderr, "quantizing %s …\n", n.name)
		if err := quantize(ctx, b.root, b.dir, n); err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		names = append(names, n.name)
	}
	return names, nil
}

// moduleRoot is the folder of amctc's module, of which the current module is a part.
func moduleRoot(ctx context.Context) (string, error) {
	c := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/amctc/amctc")
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("the current folder is not inside amctc's modules: go list -m: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// library tells package ort where ONNX Runtime is, unless the environment does.
func library(root string) error {
	if os.Getenv("ORT_LIB") != "" {
		return nil
	}
	path := filepath.Join(root, "testdata", "data", "ort", "libonnxruntime.so")
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%w; `go run ./testdata/fetch -ort` brings it", err)
	}
	return os.Setenv("ORT_LIB", path)
}

// processor names the machine's processor, empty where the system doesn't tell.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
