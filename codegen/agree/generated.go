package agree

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// goLanguage is the language version of emitted packages.
const goLanguage = "go1.24"

// GoMissing says why generated Go can't be built here, or is empty when it can.
func GoMissing() string {
	path, err := exec.LookPath("go")
	if err != nil {
		return "there is no go command on the PATH"
	}
	c := exec.Command(path, "env", "GOVERSION")
	c.Env = append(c.Environ(), "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=")
	out, err := c.Output()
	v := strings.TrimSpace(string(out))
	switch {
	case err != nil:
		return fmt.Sprintf("%s env GOVERSION: %v", path, err)
	case version.IsValid(v) && version.Compare(v, goLanguage) < 0:
		return fmt.Sprintf("%s is %s; emitted packages need %s", path, v, goLanguage)
	}
	return ""
}

// Generated emits a module as a Go package, builds its test in a module of its own and runs it.
type Generated struct {
	Module  *ir.Module
	Version string // of amctc, for the header
	// State are the inputs that are outputs of the step before; the package's own test of them is run too.
	State []gogen.StatePair
}

// Name is "go".
func (g *Generated) Name() string { return "go" }

// Trace builds the package once and lets its test show every value.
func (g *Generated) Trace(ctx context.Context, samples [][]*tensor.Tensor, emit func(int, string, []byte)) error {
	p, err := plan.Build(g.Module, g.Module.Main(), plan.Options{})
	if err != nil {
		return err
	}
	const name = "network"
	tests, recorded := "^TestTrace$", min(len(samples), 1)
	if len(g.State) > 0 {
		tests, recorded = "^(TestTrace|TestState)$", min(len(samples), 4)
	}
	files, err := gogen.Generate(p, gogen.Options{Package: name, ImportPath: "amctc.invalid/" + name, Version: g.Version, Source: "a module", Samples: samples[:recorded], State: g.State})
	if err != nil {
		return err
	}
	files["go.mod"] = []byte("module amctc.invalid/" + name + "\n\ngo 1.24\n")
	b, err := newBuild(files)
	if err != nil {
		return err
	}
	defer b.remove()
	if err := b.goCommand(ctx, "test", "-vet=off", "-c", "-o", b.binary); err != nil {
		return err
	}
	return b.trace(ctx, samples, p, emit, func(in, out string) *exec.Cmd {
		c := exec.CommandContext(ctx, b.binary, "-test.run="+tests, "-test.timeout=0")
		c.Env = append(c.Environ(), "AMCTC_TRACE_IN="+in, "AMCTC_TRACE_OUT="+out)
		return c
	})
}

// A build is a temporary folder with a Go module.
type build struct {
	dir    string // of everything
	source string // of the module
	binary string
}

func newBuild(files map[string][]byte) (*build, error) {
	dir, err := os.MkdirTemp("", "amctc-go-*")
	if err != nil {
		return nil, err
	}
	b := &build{dir: dir, source: filepath.Join(dir, "src"), binary: filepath.Join(dir, "run.exe")}
	for name, data := range files {
		path := filepath.Join(b.source, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
			b.remove()
			return nil, err
		}
	}
	return b, nil
}

func (b *build) remove() { os.RemoveAll(b.dir) }

// goCommand runs the go command in the module, undisturbed by the user's settings. What it writes lies in the build's folder,
// and when the context ends it is asked to stop first, so that it waits for the compilers that it has started.
func (b *build) goCommand(ctx context.Context, args ...string) error {
	tmp := filepath.Join(b.dir, "tmp")
	if err := os.MkdirAll(tmp, 0o777); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", args...)
	c.Cancel = func() error {
		if c.Process.Signal(os.Interrupt) == nil {
			return nil
		}
		return c.Process.Kill() // where a process can't be interrupted
	}
	c.WaitDelay = 5 * time.Second
	c.Dir = b.source
	c.Env = append(c.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false", "GOTOOLCHAIN=local", "GOPROXY=off", "GO111MODULE=on", "CGO_ENABLED=0", "GOTMPDIR="+tmp,
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := c.CombinedOutput(); err != nil {
		return commandError(ctx, "go "+args[0], err, out)
	}
	return nil
}

func commandError(ctx context.Context, what string, err error, out []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%s: %w\n%s", what, err, bytes.TrimSpace(out[:min(len(out), 4000)]))
}

// traceBytes bounds the file of values that one run of the binary writes.
const traceBytes = 64 << 20

// trace runs the binary on as many samples at a time as keep its file within traceBytes.
func (b *build) trace(ctx context.Context, samples [][]*tensor.Tensor, p *plan.Plan, emit func(int, string, []byte), command func(in, out string) *exec.Cmd) error {
	one := 1
	for _, t := range p.Traces {
		one += 8 + len(t.Value.Name) + tensor.Elems(t.Type.Shape)*t.Type.DType.Size()
	}
	step := max(1, traceBytes/one)
	in, out := filepath.Join(b.dir, "in"), filepath.Join(b.dir, "out")
	for first := 0; first < len(samples); first += step {
		part := samples[first:min(first+step, len(samples))]
		var data []byte
		for _, s := range part {
			for _, t := range s {
				data = append(data, t.Bytes()...)
			}
		}
		if err := os.WriteFile(in, data, 0o666); err != nil {
			return err
		}
		if text, err := command(in, out).CombinedOutput(); err != nil {
			return commandError(ctx, "the emitted package", err, text)
		}
		if err := readTrace(out, first, len(part), p, emit); err != nil {
			return err
		}
	}
	return nil
}

// readTrace emits the values of n samples in a file.
func readTrace(path string, first, n int, p *plan.Plan, emit func(int, string, []byte)) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	next := func() ([]byte, error) {
		if len(data) < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		size := int(binary.LittleEndian.Uint32(data))
		if data = data[4:]; size > len(data) {
			return nil, io.ErrUnexpectedEOF
		}
		v := data[:size]
		data = data[size:]
		return v, nil
	}
	for s := range n {
		for range p.Traces {
			name, err := next()
			if err != nil {
				return fmt.Errorf("the emitted package's trace: %w", err)
			}
			value, err := next()
			if err != nil {
				return fmt.Errorf("the emitted package's trace: %w", err)
			}
			emit(first+s, string(name), value)
		}
	}
	if len(data) != 0 {
		return errors.New("the emitted package's trace is too long")
	}
	return nil
}
