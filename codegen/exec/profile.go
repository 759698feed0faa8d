package exec

import (
	"context"
	"slices"
	"time"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/runtime/rt"
)

// Times are medians over the runs of a plan.
type Times struct {
	Runs  int             // of each kind
	Steps []time.Duration // of every step, in runs with a look at the clock between steps, which is in them
	Total time.Duration   // of a whole run, in runs without
}

// Profile runs the plan on threads workers for about d, at least once: in turns as a package does it,
// and with a look at the clock after every step. All inputs hold numbers from -1 to 1; the plan's
// kernels are bound to their arguments once, before the first run, so that a step is a call and no more.
func Profile(ctx context.Context, p *plan.Plan, threads int, d time.Duration) (*Times, error) {
	m := newMemory(p)
	m.fill()
	steps := make([]task, len(p.Steps))
	for i := range p.Steps {
		steps[i] = bind(&m, &p.Steps[i]).silent
	}
	team := rt.NewTeam(threads, p.LocalBytes())
	defer team.Close()
	clock := make([]time.Time, len(steps)+1)
	plain := func(w *rt.Worker) {
		for _, s := range steps {
			s(w)
		}
	}
	timed := func(w *rt.Worker) {
		first := w.First()
		if first {
			clock[0] = time.Now()
		}
		for i, s := range steps {
			s(w)
			if first {
				clock[i+1] = time.Now()
			}
		}
	}
	team.Do(plain)
	var total []time.Duration
	each := make([][]time.Duration, len(steps))
	for end := time.Now().Add(d); len(total) == 0 || time.Now().Before(end); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		team.Do(plain)
		total = append(total, time.Since(start))
		team.Do(timed)
		for i := range steps {
			each[i] = append(each[i], clock[i+1].Sub(clock[i]))
		}
	}
	t := &Times{Runs: len(total), Total: median(total)}
	for _, v := range each {
		t.Steps = append(t.Steps, median(v))
	}
	return t, nil
}

// fill puts a ramp into every input.
func (m *memory) fill() {
	for _, x := range m.in {
		for i := range x.f32 {
			x.f32[i] = float32(i%255-127) / 127
		}
		for i := range x.i8 {
			x.i8[i] = int8(i%255 - 127)
		}
	}
}

func median(v []time.Duration) time.Duration {
	slices.Sort(v)
	return v[len(v)/2]
}
