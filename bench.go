package amctc

import (
	"context"
	"time"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/peak"
	"github.com/amctc/amctc/runtime/rt"
)

// BenchOptions are those of Bench.
type BenchOptions struct {
	Threads int           // workers that compute a sample together; 0 is one
	For     time.Duration // how long to measure; at least one run is
}

// Benchmark is how fast a network runs on this machine, one sample at a time, and what its layers take.
type Benchmark struct {
	Format  string `json:"format"`
	ISA     string `json:"isa"` // the instruction set in use, a name of rt.ISA
	Threads int    `json:"threads"`
	Runs    int    `json:"runs"`         // that the medians are of
	Weights int64  `json:"weight_bytes"` // as the kernels read them, biases and factors included
	Arena   int    `json:"arena_bytes"`
	// Int8Peak and FloatPeak are the multiply-adds a second that Threads cores reach when nothing holds
	// them up; 0 where that is not known, or nothing of the kind is computed.
	Int8Peak  float64      `json:"int8_peak"`
	FloatPeak float64      `json:"float_peak"`
	Layers    []BenchLayer `json:"layers"`
	// Seconds is the median of whole runs without a look at the clock inside. Sum adds up the medians of
	// the layers; it may be less where the machine does something else now and then.
	Seconds float64 `json:"seconds"`
	Sum     float64 `json:"sum_seconds"`
	MACs    int64   `json:"macs"`
	Rate    float64 `json:"macs_per_second"`
	OfPeak  float64 `json:"of_peak"` // time of the multiply-adds at their peaks, as a part of Seconds; 0 where no peak is known
}

// BenchLayer is one kernel call.
type BenchLayer struct {
	Layer   string  `json:"layer"`  // name of the node, the last of those that are computed together
	Kernel  string  `json:"kernel"` // with window, stride and channels
	Seconds float64 `json:"seconds"`
	Share   float64 `json:"share"` // of the sum of all
	MACs    int64   `json:"macs"`
	Rate    float64 `json:"macs_per_second"`
	OfPeak  float64 `json:"of_peak"` // 0 where no peak is known, or there are no multiply-adds
	Bytes   int64   `json:"bytes"`   // moved, weights included, each byte counted once
	Flow    float64 `json:"bytes_per_second"`
	Bound   string  `json:"bound"` // what holds it up: a name of bound
}

// peakTime is how long a peak is measured.
const peakTime = 200 * time.Millisecond

// Bench measures the main function of m, a float or an integer module, on this machine.
func Bench(ctx context.Context, m *ir.Module, opt BenchOptions) (*Benchmark, error) {
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return nil, err
	}
	r := &Benchmark{Format: "amctc-bench 1", ISA: rt.Machine().String(), Threads: max(opt.Threads, 1), Arena: p.ArenaBytes()}
	costs := make([]plan.Cost, len(p.Steps))
	for i := range p.Steps {
		costs[i] = p.Cost(&p.Steps[i])
	}
	r.peaks(costs)
	times, err := exec.Profile(ctx, p, r.Threads, opt.For)
	if err != nil {
		return nil, err
	}
	r.Runs, r.Seconds = times.Runs, times.Total.Seconds()
	for i := range p.Steps {
		r.add(p.Layer(&p.Steps[i]), p.Steps[i].Describe(), costs[i], times.Steps[i].Seconds())
	}
	r.finish(costs)
	return r, nil
}

// peaks measures the peaks that the costs can be held against.
func (r *Benchmark) peaks(costs []plan.Cost) {
	for _, c := range costs {
		switch {
		case c.MACs > 0 && c.Float && r.FloatPeak == 0:
			r.FloatPeak = float64(float64(r.Threads) * peak.Float(r.ISA, peakTime))
		case c.MACs > 0 && !c.Float && r.Int8Peak == 0:
			r.Int8Peak = float64(float64(r.Threads) * peak.Int8(r.ISA, peakTime))
		}
	}
}

// peak is the one of a step's multiply-adds.
func (r *Benchmark) peak(c plan.Cost) float64 {
	if c.Float {
		return r.FloatPeak
	}
	return r.Int8Peak
}

func (r *Benchmark) add(layer, kernel string, c plan.Cost, seconds float64) {
	l := BenchLayer{Layer: layer, Kernel: kernel, Seconds: seconds, MACs: c.MACs, Rate: rate(c.MACs, seconds), Bytes: c.Moved, Flow: rate(c.Moved, seconds)}
	if top := r.peak(c); top > 0 {
		l.OfPeak = l.Rate / top
	}
	l.Bound = bound(seconds, l.OfPeak, c.MACs, c.Moved, r.Threads)
	r.Layers = append(r.Layers, l)
	r.Weights += c.Weights
	r.MACs += c.MACs
	r.Sum += seconds
}

// finish fills what depends on the sums.
func (r *Benchmark) finish(costs []plan.Cost) {
	for i := range r.Layers {
		if r.Sum > 0 {
			r.Layers[i].Share = r.Layers[i].Seconds / r.Sum
		}
	}
	r.Rate = rate(r.MACs, r.Seconds)
	ideal := 0.0
	for _, c := range costs {
		if c.MACs == 0 {
			continue
		}
		top := r.peak(c)
		if top == 0 {
			return
		}
		ideal += float64(c.MACs) / top
	}
	if r.Seconds > 0 {
		r.OfPeak = ideal / r.Seconds
	}
}

func rate(n int64, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return float64(n) / seconds
}
