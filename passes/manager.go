package passes

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/amctc/amctc/ir"
)

// A Manager runs passes and holds each to its stages. It verifies after every pass unless
// NoVerify is set, and validates it where the context asks for that.
type Manager struct {
	NoVerify  bool
	StopAfter string // name of the last pass to run
	// After, when not nil, sees the module after each pass, with its place in the run from 1.
	After func(i int, p Pass, m *ir.Module)
	// Timing, when not nil, receives each pass's duration.
	Timing func(p Pass, d time.Duration)
}

// A Bug is a broken invariant of ours: the pass, what went wrong, and the module as it was before
// the pass, for a reproducer.
type Bug struct {
	Pass   string
	Cause  error
	Before *ir.Module
	Stack  string
}

func (b *Bug) Error() string {
	return fmt.Sprintf("internal error in pass %s: %v", b.Pass, b.Cause)
}

// Unwrap is the cause.
func (b *Bug) Unwrap() error { return b.Cause }

// Run runs the passes in order on every function of m and says whether StopAfter was reached.
// User-visible refusals come back as they are; a *Bug is ours.
func (g *Manager) Run(c *Context, m *ir.Module, list []Pass) (stopped bool, err error) {
	for i, p := range list {
		if err := c.Err(); err != nil {
			return false, err
		}
		for _, f := range m.Funcs {
			if f.Stage != p.In {
				return false, fmt.Errorf("pass %s takes a function in stage %s, @%s is in stage %s", p.Name, p.In, f.Name, f.Stage)
			}
		}
		before := m.Clone()
		start := time.Now()
		var was *Factors
		if c.Validate != nil {
			was = c.Factors.Clone()
		}
		if err := g.one(c, m, p, before); err != nil {
			return false, err
		}
		if c.Validate != nil {
			if err := c.Validate.pass(c, p, before, m, was); err != nil {
				return false, bugOf(p, err, before)
			}
		}
		if g.Timing != nil {
			g.Timing(p, time.Since(start))
		}
		if g.After != nil {
			g.After(i+1, p, m)
		}
		if p.Name == g.StopAfter {
			return true, nil
		}
	}
	return false, nil
}

// bugOf makes a difference that validation found a bug of ours; other errors, such as an interruption, stay.
func bugOf(p Pass, err error, before *ir.Module) error {
	var miss *Miscompiled
	if errors.As(err, &miss) {
		return &Bug{Pass: p.Name, Cause: err, Before: before}
	}
	return err
}

func (g *Manager) one(c *Context, m *ir.Module, p Pass, before *ir.Module) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Bug{Pass: p.Name, Cause: fmt.Errorf("%v", r), Before: before, Stack: string(debug.Stack())}
		}
	}()
	for _, f := range m.Funcs {
		if err := p.Run(c, m, f); err != nil {
			return err
		}
		if f.Stage != p.Out && c.Fuel != 0 {
			return &Bug{Pass: p.Name, Cause: fmt.Errorf("left @%s in stage %s, promised %s", f.Name, f.Stage, p.Out), Before: before}
		}
	}
	if g.NoVerify {
		return nil
	}
	if l := ir.Verify(m); l.HasErrors() {
		return &Bug{Pass: p.Name, Cause: l.Err(), Before: before}
	}
	return nil
}

// Lookup finds a pass by name.
func Lookup(name string) (Pass, bool) {
	for _, p := range Named() {
		if p.Name == name {
			return p, true
		}
	}
	return Pass{}, false
}
