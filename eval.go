package amctc

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Evaluation is the value of a metric on a data set.
type Evaluation struct {
	Samples int     `json:"samples"`
	Metric  string  `json:"metric"`
	Value   float64 `json:"value"`
	hits    []bool  // by sample, of metrics that count them
	// deviation is the standard error of the value, of metrics that estimate it.
	deviation float64
}

// RunAll runs f on every call of data, on several workers, and gives each result in order to see.
func RunAll(ctx context.Context, e ir.Engine, f *ir.Func, calls iter.Seq2[[]*tensor.Tensor, error], workers int, see func(i int, in, out []*tensor.Tensor) error) error {
	type job struct {
		i       int
		in, out []*tensor.Tensor
		err     error
		done    chan struct{}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := make(chan *job, workers)
	ordered := make(chan *job, 4*workers)
	var wg sync.WaitGroup
	for range workers {
		r, err := e.Prepare(f)
		if err != nil {
			return err
		}
		wg.Go(func() {
			for j := range jobs {
				j.out, j.err = r.Run(ctx, j.in, nil)
				close(j.done)
			}
		})
	}
	go func() {
		defer close(ordered)
		defer close(jobs)
		i := 0
		for in, err := range calls {
			j := &job{i: i, in: in, err: err, done: make(chan struct{})}
			if err != nil {
				close(j.done)
			}
			select {
			case ordered <- j:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
			jobs <- j
			i++
		}
	}()
	var first error
	for j := range ordered {
		<-j.done
		if first == nil {
			first = j.err
			if first == nil {
				first = see(j.i, j.in, j.out)
			}
			if first != nil {
				cancel()
			}
		}
	}
	wg.Wait()
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// An EvalSet is labelled data with a metric.
type EvalSet struct {
	Metric Metric
	Data   *Data
	Labels []int // when the metric wants them
	// Float is the network whose outputs the metric compares with, when it does.
	Float *ir.Module
}

// Check reports a set that its metric cannot be found on.
func (s *EvalSet) Check() error {
	switch {
	case s.Metric.Labels && len(s.Labels) < s.Data.Samples():
		return fmt.Errorf("%d labels for %d samples", len(s.Labels), s.Data.Samples())
	case s.Metric.Reference && s.Float == nil:
		return fmt.Errorf("the metric %s compares with a float network", s.Metric.Name)
	}
	return nil
}

// Evaluate finds the metric's value for a float or an integer module.
func (s *EvalSet) Evaluate(ctx context.Context, m *ir.Module, progress func(stage string, done, total int)) (Evaluation, error) {
	ev := Evaluation{Metric: s.Metric.Name}
	if err := s.Check(); err != nil {
		return ev, err
	}
	var float ir.Runner
	var floatCall func() ([]*tensor.Tensor, error, bool)
	if s.Metric.Reference {
		var err error
		if float, err = (exec.Engine{}).Prepare(s.Float.Main()); err != nil {
			return ev, err
		}
		if s.Data.HasState() { // the float network's own
			var stop func()
			floatCall, stop = iter.Pull2(s.Data.Follow(exec.Engine{}, s.Float.Main()).Calls())
			defer stop()
		}
	}
	meter := s.Metric.meter()
	steps := s.Data.Steps()
	err := RunAll(ctx, exec.Engine{}, m.Main(), s.Data.Follow(exec.Engine{}, m.Main()).Calls(), 2, func(i int, in, out []*tensor.Tensor) error {
		var ref []*tensor.Tensor
		label := 0
		if s.Metric.Labels {
			if i%steps != steps-1 {
				return nil // a label is that of a whole sequence
			}
			label = s.Labels[i/steps]
		}
		if float != nil {
			x, err := in, error(nil)
			if floatCall != nil {
				if x, err, _ = floatCall(); err != nil {
					return err
				}
			}
			if ref, err = float.Run(ctx, x, nil); err != nil {
				return err
			}
		}
		ev.Samples++
		progress("evaluate", i+1, s.Data.NumCalls())
		return meter.add(in, out, ref, label)
	})
	ev.Value = meter.value()
	if k, ok := meter.(*topK); ok {
		ev.hits = k.hits
	}
	if k, ok := meter.(*worstCosine); ok {
		ev.deviation = k.deviation()
	}
	return ev, err
}
