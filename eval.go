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

// Evaluation is a metric over a data set.
type Evaluation struct {
	Samples int     `json:"samples"`
	Top1    float64 `json:"top1"`   // fraction of 1; of classifications
	MSE     float64 `json:"mse"`    // of reconstructions
	Metric  string  `json:"metric"` // top1 or mse
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

// Top1 is how often the first output's largest element is at the label; the lowest index wins a
// tie.
func Top1(ctx context.Context, m *ir.Module, data *Data, labels []int, progress func(stage string, done, total int)) (Evaluation, error) {
	if len(labels) < data.Samples() {
		return Evaluation{}, fmt.Errorf("%d labels for %d samples", len(labels), data.Samples())
	}
	ev := Evaluation{Metric: "top1"}
	right := 0
	err := RunAll(ctx, exec.Engine{}, m.Main(), data.Calls(), 2, func(i int, _, out []*tensor.Tensor) error {
		if out[0].DType != tensor.F32 {
			return fmt.Errorf("output %%%s is %v, want float32", m.Main().Results[0].Name, out[0].DType)
		}
		if argmax(out[0].F32) == labels[i] {
			right++
		}
		ev.Samples++
		progress("evaluate", ev.Samples, data.Samples())
		return nil
	})
	if ev.Samples > 0 {
		ev.Top1 = float64(right) / float64(ev.Samples)
	}
	return ev, err
}

// Reconstruction is the mean squared difference between the first output and the first input, for
// autoencoders.
func Reconstruction(ctx context.Context, m *ir.Module, data *Data, progress func(stage string, done, total int)) (Evaluation, error) {
	ev := Evaluation{Metric: "mse"}
	var sum float64
	n := 0
	err := RunAll(ctx, exec.Engine{}, m.Main(), data.Calls(), 2, func(_ int, in, out []*tensor.Tensor) error {
		if in[0].Len() != out[0].Len() {
			return fmt.Errorf("the output has %d elements, the input %d: mse is for networks that reconstruct their input", out[0].Len(), in[0].Len())
		}
		for i, v := range in[0].F32 {
			d := float64(v) - float64(out[0].F32[i])
			sum += float64(d * d)
		}
		n += in[0].Len()
		ev.Samples++
		progress("evaluate", ev.Samples, data.Samples())
		return nil
	})
	if n > 0 {
		ev.MSE = sum / float64(n)
	}
	return ev, err
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
