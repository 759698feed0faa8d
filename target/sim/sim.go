// Package sim runs a target.Program on a target.Description: it computes what the instructions compute, from bytes alone, refuses
// what the description forbids, and times every instruction with the published rates. It knows nothing about graphs and
// shares no arithmetic with the compiler.
//
// Every pipe is a queue that runs in order. Pipes are ordered among themselves only by flags, barriers, counters and sync_all, which the
// simulator follows with a vector clock per pipe: an access that isn't ordered after an earlier write of the same bytes, or a write not
// ordered after an earlier read, is refused, whichever of the two the simulator happened to execute first. Accesses are told apart in blocks of 32 B
// (512 B in L0A, L0B and L0C), so that two pipes that write different bytes of one block count as a race too.
//
// An instruction starts when its pipe is free, when it has been issued (one per cycle, held back by a full queue), and when what it waits for is
// done. It takes its work, and its head where the pipe was idle, drained by a barrier, or on another path.
package sim

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/amctc/amctc/target"
)

// Options of a run. The zero value is fine.
type Options struct {
	// Probe receives the value at every probe of the program: elements of type t in row-major order of the logical shape. The
	// slices are the callee's.
	Probe func(name string, t target.Type, shape []int, data []byte)
	// Trace records every instruction for Result.WriteTrace.
	Trace bool
	// MaxBytes bounds global memory and buffers; 0 means 4 GiB.
	MaxBytes int64
	// MaxSteps bounds the instructions issued; 0 means 2^40.
	MaxSteps int64
}

// Result is what a run gave.
type Result struct {
	Outputs map[string][]byte // by symbol
	Cycles  int64             // until the last pipe was idle
	Pipes   []PipeStat        // in stream order, then S MTE1 MTE2 MTE3 M V FIX
	Paths   []PathStat        // paths that moved bytes, sorted by name
	MACs    int64             // 8-bit multiply-accumulates issued to the cube, padding of fractals included
	Steps   int64             // instructions executed
	Host    int               // host steps executed; they take no time
	Assumed map[string]int64  // instructions executed that rely on a rule without a published source, by mnemonic

	desc   *target.Description
	events []event
	lost   int64 // instructions that the trace leaves out

	cores int
	held  int64 // cycles that transfers waited for the memory they share

	gmRead, gmWritten int64 // bytes
	cubeRoof, gmRoof  int64 // cycles that the busiest core needs at least
}

// PipeStat is the use of one pipe.
type PipeStat struct {
	Stream string
	Pipe   target.Pipe
	Busy   int64 // cycles
	Count  int64 // instructions
}

// PathStat is the traffic of one path.
type PathStat struct {
	Path  string
	Bytes int64
}

// Run executes the program. consts is the binary companion (nil if the program has none); inputs maps every input symbol to its
// bytes. The error is an *Error where the program breaks a rule. The program isn't changed and may be run concurrently.
func Run(ctx context.Context, prog *target.Program, consts []byte, desc *target.Description, inputs map[string][]byte, opt Options) (res *Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			switch e := r.(type) {
			case *Error:
				res, err = nil, e
			case stopped:
				res, err = nil, fmt.Errorf("sim: stopped: %w", e.err)
			default:
				panic(r)
			}
		}
	}()
	if prog.Target != desc.Name {
		fail(nil, WrongTarget, "the program was made for %s, not for %s", prog.Target, desc.Name)
	}
	if err := prog.Consts.Check(consts); err != nil {
		fail(nil, BadConsts, "%v", err)
	}
	m := &machine{desc: desc, opt: opt, ctx: ctx, res: &Result{desc: desc, Outputs: map[string][]byte{}, Assumed: map[string]int64{}}}
	if m.opt.MaxBytes == 0 {
		m.opt.MaxBytes = 4 << 30
	}
	if m.opt.MaxSteps == 0 {
		m.opt.MaxSteps = 1 << 40
	}
	m.build(prog)
	if err := m.load(prog, consts, inputs); err != nil {
		return nil, err
	}
	if err := m.run(); err != nil {
		return nil, err
	}
	m.finish(prog)
	return m.res, nil
}

// load allocates the symbols and fills inputs and constants.
func (m *machine) load(prog *target.Program, consts []byte, inputs map[string][]byte) error {
	known := 0
	for i := range prog.Symbols {
		s, mem := &prog.Symbols[i], m.symbols[i]
		switch s.Kind {
		case target.Input:
			in, ok := inputs[s.Name]
			if !ok {
				return fmt.Errorf("sim: no data for input %s", s.Name)
			}
			if int64(len(in)) != s.Bytes {
				return fmt.Errorf("sim: input %s has %d bytes, the program expects %d", s.Name, len(in), s.Bytes)
			}
			known++
			mem.data, mem.init, mem.ro = in, nil, true
		case target.Const:
			if s.At < 0 || s.At > int64(len(consts)) || s.Bytes > int64(len(consts))-s.At {
				fail(nil, BadConsts, "symbol %s lies outside the constants file", s.Name)
			}
			mem.data, mem.init, mem.ro = consts[s.At:s.At+s.Bytes], nil, true
		}
	}
	if known != len(inputs) {
		var extra []string
		for name := range inputs {
			if s := prog.Symbol(name); s == nil || s.Kind != target.Input {
				extra = append(extra, name)
			}
		}
		slices.Sort(extra)
		return fmt.Errorf("sim: the program has no input %q", extra[0])
	}
	return nil
}

// finish collects the outputs and the figures.
func (m *machine) finish(prog *target.Program) {
	for i := range prog.Symbols {
		if s, mem := &prog.Symbols[i], m.symbols[i]; s.Kind == target.Output {
			if at := mem.init.firstClear(len(mem.data)); at < len(mem.data) {
				fail(nil, Incomplete, "byte %d of output %s is never written", at, s.Name)
			}
			m.res.Outputs[s.Name] = mem.data
		}
	}
	m.stats()
}

// WriteTrace writes the recorded instructions as a Chrome trace (chrome://tracing, Perfetto); one cycle is shown as one microsecond.
func (r *Result) WriteTrace(w io.Writer) error { return writeTrace(w, r.events, r.lost) }
