package exec

import (
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// A task is a kernel call with everything but the worker.
type task func(*rt.Worker)

// A kernel makes a task of a pointer to the kernel's arguments and of the slices that it works on.
type kernel func(args any, on []any) task

type element interface {
	uint8 | int8 | int16 | int32 | int64 | float32
}

// prepared is a copy of a plan's arguments, with their method Prepare called when there is one.
func prepared[Args any](args any) *Args {
	x := *args.(*Args)
	if p, ok := any(&x).(interface{ Prepare() }); ok {
		p.Prepare()
	}
	return &x
}

// two to eight make kernels of functions with so many slices.
func two[Args any, A, B element](run func(*rt.Worker, *Args, []A, []B)) kernel {
	return func(args any, on []any) task {
		x := prepared[Args](args)
		a, b := on[0].([]A), on[1].([]B)
		return func(w *rt.Worker) { run(w, x, a, b) }
	}
}

func three[Args any, A, B, C element](run func(*rt.Worker, *Args, []A, []B, []C)) kernel {
	return func(args any, on []any) task {
		x := prepared[Args](args)
		a, b, c := on[0].([]A), on[1].([]B), on[2].([]C)
		return func(w *rt.Worker) { run(w, x, a, b, c) }
	}
}

func four[Args any, A, B, C, D element](run func(*rt.Worker, *Args, []A, []B, []C, []D)) kernel {
	return func(args any, on []any) task {
		x := prepared[Args](args)
		a, b, c, d := on[0].([]A), on[1].([]B), on[2].([]C), on[3].([]D)
		return func(w *rt.Worker) { run(w, x, a, b, c, d) }
	}
}

func five[Args any, A, B, C, D, E element](run func(*rt.Worker, *Args, []A, []B, []C, []D, []E)) kernel {
	return func(args any, on []any) task {
		x := prepared[Args](args)
		a, b, c, d, e := on[0].([]A), on[1].([]B), on[2].([]C), on[3].([]D), on[4].([]E)
		return func(w *rt.Worker) { run(w, x, a, b, c, d, e) }
	}
}

func six[Args any, A, B, C, D, E, F element](run func(*rt.Worker, *Args, []A, []B, []C, []D, []E, []F)) kernel {
	return func(args any, on []any) task {
		x := prepared[Args](args)
		a, b, c, d, e, f := on[0].([]A), on[1].([]B), on[2].([]C), on[3].([]D), on[4].([]E), on[5].([]F)
		return func(w *rt.Worker) { run(w, x, a, b, c, d, e, f) }
	}
}

func seven[Args any](run func(*rt.Worker, *Args, []float32, []float32, []float32, []float32, []float32, []float32, []float32)) kernel {
	return func(args any, on []any) task {
		x, s := prepared[Args](args), numbers(on)
		return func(w *rt.Worker) { run(w, x, s[0], s[1], s[2], s[3], s[4], s[5], s[6]) }
	}
}

func eight[Args any](run func(*rt.Worker, *Args, []float32, []float32, []float32, []float32, []float32, []float32, []float32, []float32)) kernel {
	return func(args any, on []any) task {
		x, s := prepared[Args](args), numbers(on)
		return func(w *rt.Worker) { run(w, x, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]) }
	}
}

func numbers(on []any) (out [][]float32) {
	for _, s := range on {
		out = append(out, s.([]float32))
	}
	return out
}

// A call is one step of a plan.
type call struct {
	tapped task
	silent task // without taps
}

// bind prepares the step's arguments and finds its slices.
func bind(m *memory, s *plan.Step) call {
	var tapped, silent []any
	taps := false
	for _, slot := range s.Slots {
		v := m.slice(slot)
		tapped = append(tapped, v)
		if slot.In == plan.Tapped {
			taps, v = true, []uint8(nil)
		}
		silent = append(silent, v)
	}
	k := kernels[s.Kernel]
	if s.Kernel == plan.Evaluate {
		k = evaluate
	}
	c := call{silent: k(s.Args, silent)}
	if c.tapped = c.silent; taps {
		c.tapped = k(s.Args, tapped)
	}
	return c
}

// A show puts a traced value into a canonical tensor.
type show struct {
	run    task
	tensor *tensor.Tensor
}

func newShow(m *memory, t *plan.Trace) show {
	out := tensor.New(t.Type.DType, t.Type.Shape...)
	s := show{tensor: out}
	switch src := m.slice(t.From).(type) {
	case []float32:
		s.run = func(w *rt.Worker) { rt.PermuteF32(w, &t.Canonical, out.F32, src) }
	case []int64, []float64:
		s.run = func(*rt.Worker) { narrow(out, src) }
	case []int8: // a parameter seen through an alias
		s.run = func(*rt.Worker) { copy(out.I8, src) }
	case []uint8:
		if out.I16 != nil {
			s.run = func(w *rt.Worker) { rt.ExportWide(w, &t.Canonical, out.I16, src) }
			break
		}
		s.run = func(w *rt.Worker) { rt.ExportCodes(w, &t.Canonical, out.I8, src) }
	}
	return s
}
