package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/amctc/amctc/testdata/contender"
)

// asIs is the quantized model that ONNX Runtime optimized before, opened without optimization.
const asIs = "ort-int8-optimized"

// starts measures how processes start, alternating, and prints each network as it comes.
func (b *bench) starts(ctx context.Context, list []network, stdout, stderr io.Writer) error {
	names, err := b.quantizeAll(ctx, list, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, "building …")
	peer, err := build(ctx, filepath.Join(b.root, "testdata", "peers"), filepath.Join(b.dir, "ortstart.exe"), "./ortstart")
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%-18s %-19s %12s %12s %12s %10s %10s\n", "network", "contender", "ready ms", "first ms", "warm ms", "peak MiB", "files MiB")
	for _, name := range names {
		exe, err := buildOurs(ctx, b.dir, "start-"+name, ours, name, []string{name})
		if err != nil {
			return err
		}
		if _, err := optimize(b.dir, name, "int8"); err != nil {
			return err
		}
		entrants := []entrant{{ours, 1, []string{exe, b.dir}}}
		for _, c := range []struct{ name, form string }{{ortInt8, "int8"}, {asIs, "optimized-int8"}} {
			in, out, err := ports(modelPath(b.dir, name, c.form))
			if err != nil {
				return err
			}
			entrants = append(entrants, entrant{c.name, 1, []string{peer, "-dir", b.dir, "-name", name, "-model", modelPath(b.dir, name, c.form),
				"-in", in.String(), "-out", out.String(), fmt.Sprintf("-as-is=%t", c.name == asIs)}})
		}
		ready, first, warm := make([][]float64, len(entrants)), make([][]float64, len(entrants)), make([][]float64, len(entrants))
		rows := make([]begun, len(entrants))
		for range b.report.Rounds {
			for i, e := range entrants {
				s, err := startOnce(ctx, b.report.Core, e)
				if err != nil {
					return err
				}
				ready[i], first[i] = append(ready[i], float64(s.ready)), append(first[i], float64(s.first))
				warm[i] = append(warm[i], s.warm)
				rows[i].Memory = max(rows[i].Memory, s.memory)
			}
		}
		for i, e := range entrants {
			r := &rows[i]
			r.Network, r.Contender = name, e.name
			r.Ready, r.First, r.Warm = contender.Median(ready[i]), contender.Median(first[i]), contender.Median(warm[i])
			files := []string{e.command[0]}
			if i > 0 {
				files = append(files, os.Getenv("ORT_LIB"), e.command[6])
			}
			if r.Bytes, err = sizes(files); err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%-18s %-19s %12.1f %12.1f %12.1f %10.1f %10.1f\n", r.Network, r.Contender, r.Ready/1e6, r.First/1e6, r.Warm/1e6, float64(r.Memory)/(1<<20), float64(r.Bytes)/(1<<20))
		}
		b.report.Start = append(b.report.Start, rows...)
	}
	return nil
}

// A started is one process from its start to its end.
type started struct {
	ready, first time.Duration
	warm         float64 // nanoseconds of a later call
	memory       int64   // greatest resident set, in bytes
}

func startOnce(ctx context.Context, core int, e entrant) (s started, err error) {
	c := exec.CommandContext(ctx, e.command[0], e.command[1:]...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		return s, err
	}
	end, err := c.StdinPipe()
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := startOn(core, c); err != nil {
		return s, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case contender.Ready:
			s.ready = time.Since(began)
		case contender.Done:
			s.first = time.Since(began)
			s.memory, err = peak(c.Process.Pid)
			end.Close()
		default:
			var r contender.Reply
			if r, err = contender.ParseReply(lines.Text()); err == nil {
				s.warm = r.Median
			}
		}
	}
	end.Close()
	if e := c.Wait(); e != nil {
		err = fmt.Errorf("%w: %s", e, strings.TrimSpace(said.String()))
	}
	if err == nil && (s.ready == 0 || s.first == 0 || s.warm == 0) {
		err = errors.New("the process did not say when it was ready, done and warm")
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", e.name, err)
	}
	return s, nil
}

// peak is the greatest resident set of a running process so far, in bytes. What the system tells of a
// finished process counts its parent's memory before the program was loaded.
func peak(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib * 1024, nil
		}
	}
	return 0, fmt.Errorf("%s tells no VmHWM", path)
}

func sizes(paths []string) (sum int64, err error) {
	for _, p := range paths {
		f, err := os.Stat(p)
		if err != nil {
			return 0, err
		}
		sum += f.Size()
	}
	return sum, nil
}
