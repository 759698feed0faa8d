// Package exec runs plans in this process with the kernels that generated packages carry. It is
// the fast ir.Engine: calibration and evaluation run on it.
package exec

import (
	"context"
	"fmt"
	"slices"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// Engine runs functions. A function with a free batch runs one sample after another: a tap sees
// every sample's values in turn, each with a leading dimension of 1.
type Engine struct {
	// Threads is how many goroutines compute one run together; 0 is one. A Runner with several must be
	// closed. Results do not depend on it.
	Threads int
}

// Prepare plans f and allocates its memory.
func (e Engine) Prepare(f *ir.Func) (ir.Runner, error) {
	p, err := plan.Build(nil, f, plan.Options{})
	if err != nil {
		return nil, err
	}
	r := NewRunner(p)
	if e.Threads > 1 {
		r.team = rt.NewTeam(e.Threads, p.LocalBytes())
	}
	return r, nil
}

// A Runner has the memory of one plan. It serves one goroutine at a time.
type Runner struct {
	p      *plan.Plan
	memory memory
	calls  []call
	shows  []show
	team   *rt.Team // nil for one thread
}

// Close ends the goroutines of a runner with several threads.
func (r *Runner) Close() {
	if r.team != nil {
		r.team.Close()
	}
}

// NewRunner allocates the plan's memory and prepares its kernels.
func NewRunner(p *plan.Plan) *Runner {
	r := &Runner{p: p, memory: newMemory(p)}
	for _, s := range p.Steps {
		r.calls = append(r.calls, bind(&r.memory, &s))
	}
	for i := range p.Traces {
		r.shows = append(r.shows, newShow(&r.memory, &p.Traces[i]))
	}
	return r
}

// Run executes one batch.
func (r *Runner) Run(ctx context.Context, in []*tensor.Tensor, tap ir.Tap) ([]*tensor.Tensor, error) {
	f := r.p.Func
	batch, err := interp.BindBatch(f, in)
	if err != nil {
		return nil, err
	}
	if !f.IsFree() {
		batch = 1
	}
	var out []*tensor.Tensor
	for _, v := range f.Results {
		out = append(out, tensor.New(v.Type.DType, v.Type.Bind(batch).Shape...))
	}
	for i := range batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for j, t := range in {
			r.memory.load(j, t, i*boolInt(f.Params[j].Type.IsFree()))
		}
		r.once(tap)
		for j, t := range out {
			r.memory.store(j, t, i*boolInt(f.Results[j].Type.IsFree()))
		}
	}
	return out, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// once runs the plan on what the input buffers hold.
func (r *Runner) once(tap ir.Tap) {
	if tap == nil && r.team != nil {
		r.team.Do(func(w *rt.Worker) {
			for i := range r.calls {
				r.calls[i].silent(w)
			}
		})
		return
	}
	at := 0
	for i := range r.calls {
		if tap != nil {
			at = r.show(tap, at, i)
		}
		if tap != nil {
			r.calls[i].tapped(r.memory.worker)
		} else {
			r.calls[i].silent(r.memory.worker)
		}
	}
	if tap != nil {
		r.show(tap, at, len(r.calls))
	}
}

// show taps the values that are there before step i.
func (r *Runner) show(tap ir.Tap, at, i int) int {
	for ; at < len(r.shows) && r.p.Traces[at].After == i; at++ {
		s := &r.shows[at]
		s.run(r.memory.worker)
		tap(r.p.Traces[at].Value, s.tensor)
	}
	return at
}

// Check says whether every kernel that a plan can name is known.
func Check(names []string) error {
	for _, n := range names {
		if _, ok := kernels[n]; !ok {
			return fmt.Errorf("kernel %s is not bound", n)
		}
	}
	for n := range kernels {
		if !slices.Contains(names, n) {
			return fmt.Errorf("kernel %s does not exist", n)
		}
	}
	return nil
}
