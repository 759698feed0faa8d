package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A bench is what rows measure with: the module's folder, a folder for temporary files, and the
// commands, built when first needed.
type bench struct {
	root  string
	temp  string
	built map[string]string

	contests  map[string]contest // see contests
	starts    map[string]start   // see starts
	startSize int64
}

func newBench() (*bench, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(root, "testdata", "figures")); err != nil {
		return nil, fmt.Errorf("the current folder is not inside the amctc module; change to it")
	}
	temp, err := os.MkdirTemp("", "amctc-figures-*")
	if err != nil {
		return nil, err
	}
	return &bench{root: root, temp: temp, built: make(map[string]string)}, nil
}

func (b *bench) close() { os.RemoveAll(b.temp) }

// path is a file of the module.
func (b *bench) path(slash string) string { return filepath.Join(b.root, filepath.FromSlash(slash)) }

// data is a file below testdata/data; item is the flag of testdata/fetch that brings it, empty for
// what it brings always.
func (b *bench) data(slash, item string) (string, error) {
	p := b.path("testdata/data/" + slash)
	if _, err := os.Stat(p); err != nil {
		if item != "" {
			item = " -" + item
		}
		return "", fmt.Errorf("testdata/data/%s is missing; `go run ./testdata/fetch%s` brings it", slash, item)
	}
	return p, nil
}

// output runs a command in a folder with extra environment and gives its standard output.
func output(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	out, _, err := timed(ctx, dir, env, name, args...)
	return out, err
}

// timed is output with the processor time that the command and all it started took.
func timed(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, time.Duration, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	err := c.Run()
	var took time.Duration
	if c.ProcessState != nil {
		took = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	if err != nil {
		said := append(out.Bytes(), diag.Bytes()...)
		return out.Bytes(), took, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, tail(said, 600))
	}
	return out.Bytes(), took, nil
}

// tail is the end of what a command said.
func tail(text []byte, n int) string {
	s := strings.TrimSpace(string(text))
	if len(s) > n {
		s = "… " + s[len(s)-n:]
	}
	return s
}

// amctc is the command, built from this source.
func (b *bench) amctc(ctx context.Context) (string, error) {
	return b.build(ctx, "amctc", b.root, nil, "./cmd/amctc")
}

// build makes a command once.
func (b *bench) build(ctx context.Context, name, dir string, env []string, pkg string) (string, error) {
	if p := b.built[name]; p != "" {
		return p, nil
	}
	p := filepath.Join(b.temp, name+".exe")
	if _, err := output(ctx, dir, env, "go", "build", "-o", p, pkg); err != nil {
		return "", err
	}
	b.built[name] = p
	return p, nil
}

// test runs a package's tests and gives the line of its log that begins, after the place, with
// prefix, without it. The figure of a test that fails is its output.
func (b *bench) test(ctx context.Context, env []string, prefix string, args ...string) (string, error) {
	out, err := output(ctx, b.root, env, "go", append([]string{"test", "-count=1", "-v", "-timeout", "20m"}, args...)...)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		if _, rest, ok := strings.Cut(line, prefix); ok {
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("go test %s says nothing about %q", strings.Join(args, " "), prefix)
}
