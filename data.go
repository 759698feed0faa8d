package amctc

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
)

// DataOptions say how data files become input samples.
type DataOptions struct {
	Skip      int       // samples left out at the start
	Limit     int       // number of samples; 0 is all
	Mean, Std []float32 // for each channel, applied as (x-mean)/std
	Resize    string    // of images: dataset.Stretch or dataset.Crop; empty takes those of the input's size only
	// State are the inputs that no data are for: they are what the step before gave, zeros in the first. A sample is then a
	// sequence of so many Steps: its first axis is time.
	State []StatePair
	Steps int
}

// Data are the samples of every input of a network, in step.
type Data struct {
	params  []*ir.Value
	sources []dataset.Source // nil for state
	n       int              // samples: calls, or sequences of calls
	limit   int              // of calls that iterations give; 0 is all

	// Of networks with state: see Follow.
	state  []gogen.StatePair
	steps  int
	engine ir.Engine
	f      *ir.Func
}

// CallShape is the shape of one sample of a parameter: without a leading batch dimension that is
// free or one.
func CallShape(p *ir.Value) []int {
	s := p.Type.Shape
	if len(s) > 1 && (s[0] == ir.Free || s[0] == 1) {
		return s[1:]
	}
	return s
}

// OpenData opens one path for each parameter of f that is no state.
func OpenData(f *ir.Func, paths []string, opt DataOptions) (*Data, error) {
	d := &Data{params: f.Params, n: -1, engine: exec.Engine{}, f: f}
	var err error
	if d.state, err = FindState(f, opt.State); err != nil {
		return nil, err
	}
	if len(d.state) > 0 {
		if d.steps = opt.Steps; d.steps < 1 {
			return nil, errors.New("a network with state runs on sequences; say how many steps each sample has")
		}
	}
	if want := len(f.Params) - len(d.state); len(paths) != want {
		return nil, fmt.Errorf("the network has %d inputs%s, but data for %d were given; name one path for each, in order", want, map[bool]string{true: " beside its state"}[len(d.state) > 0], len(paths))
	}
	if len(paths) == 0 {
		return nil, errors.New("the network has no input beside its state: there are no data for it")
	}
	for i, p := range f.Params {
		if slices.ContainsFunc(d.state, func(s gogen.StatePair) bool { return s.In == i }) {
			d.sources = append(d.sources, nil)
			continue
		}
		path := paths[0]
		paths = paths[1:]
		do := dataset.Options{Shape: CallShape(p), Name: p.Name, Skip: opt.Skip, Limit: opt.Limit, Mean: opt.Mean, Std: opt.Std, Resize: opt.Resize}
		if n := pixelReader(f, p); n != nil {
			if len(opt.Mean)+len(opt.Std) > 0 && len(f.Params) == 1 {
				return nil, fmt.Errorf("input %q takes pixels, which the network normalizes itself; leave out mean and std", p.Name)
			}
			do.Mean, do.Std = nil, nil
			do.Bytes, do.ChannelsLast, do.Reverse = true, n.Attr("layout") == op.NHWC, n.Bool("reverse")
		}
		if d.steps > 0 {
			do.Shape = append([]int{d.steps}, do.Shape...)
		}
		s, err := dataset.Open(path, do)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", p.Name, err)
		}
		if d.n >= 0 && s.Len() != d.n {
			return nil, fmt.Errorf("input %q has %d samples, the inputs before it %d", p.Name, s.Len(), d.n)
		}
		d.n = s.Len()
		d.sources = append(d.sources, s)
	}
	return d, nil
}

// Samples is the number of samples: calls of the network, or sequences of them.
func (d *Data) Samples() int { return d.n }

// NumCalls is the number of calls of the network.
func (d *Data) NumCalls() int { return d.n * d.Steps() }

// Limited are the first n calls.
func (d *Data) Limited(n int) *Data {
	c := *d
	c.limit = n
	if d.steps == 0 {
		c.n = min(d.n, n)
	}
	return &c
}

// batchSize is how many samples one batch of a free network holds.
const batchSize = 16

// Batches iterates over the samples from the start, batchSize at a time where every input has a
// free batch, else one by one.
func (d *Data) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	size := batchSize
	for _, p := range d.params {
		if !p.Type.IsFree() {
			size = 1
		}
	}
	return d.batches(size)
}

// Calls iterates over single samples, each with a leading dimension of one batch.
func (d *Data) Calls() iter.Seq2[[]*tensor.Tensor, error] { return d.batches(1) }

// pull gives the next batch of every source; nil for state.
func (d *Data) pull(size int) (next []func() (dataset.Batch, error, bool), stop func()) {
	var stops []func()
	for _, s := range d.sources {
		if s == nil {
			next = append(next, nil)
			continue
		}
		n, stop := iter.Pull2(s.Batches(size))
		next, stops = append(next, n), append(stops, stop)
	}
	return next, func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// tensor is what parameter i reads of the elements of samples from one on.
func (d *Data) tensor(i int, data []float32, shape []int, first int) (*tensor.Tensor, error) {
	if d.params[i].Type.DType != tensor.U8 {
		return tensor.FromF32(append([]float32(nil), data...), shape...), nil
	}
	t, err := toPixels(data, shape)
	if err != nil {
		return nil, fmt.Errorf("input %q: samples from %d on: %w", d.params[i].Name, first, err)
	}
	return t, nil
}

func (d *Data) batches(size int) iter.Seq2[[]*tensor.Tensor, error] {
	if len(d.state) > 0 {
		return d.walk()
	}
	return func(yield func([]*tensor.Tensor, error) bool) {
		seen := 0
		next, stop := d.pull(size)
		defer stop()
		for {
			var in []*tensor.Tensor
			for i, n := range next {
				b, err, ok := n()
				if err != nil {
					yield(nil, err)
					return
				}
				if !ok {
					return
				}
				t, err := d.tensor(i, b.Data, d.params[i].Type.Bind(b.N).Shape, seen)
				if err != nil {
					yield(nil, err)
					return
				}
				in = append(in, t)
			}
			left := d.n - seen
			if d.limit > 0 && len(in) > 0 && in[0].Shape[0] > left && d.params[0].Type.IsFree() {
				for i := range in {
					in[i] = in[i].Rows(0, left)
				}
			}
			seen += size
			if !yield(in, nil) || d.limit > 0 && seen >= d.n {
				return
			}
		}
	}
}

// First are the first n samples, one call each.
func (d *Data) First(n int) ([][]*tensor.Tensor, error) {
	var out [][]*tensor.Tensor
	for in, err := range d.Calls() {
		if err != nil {
			return nil, err
		}
		if len(out) == n {
			break
		}
		out = append(out, in)
	}
	return out, nil
}

// noise is n samples of numbers in [-1, 1), or of bytes, for every parameter of f, the same ones every time.
func noise(f *ir.Func, n int) [][]*tensor.Tensor {
	out := make([][]*tensor.Tensor, n)
	state := uint32(1)
	for i := range out {
		for _, p := range f.Params {
			t := tensor.New(p.Type.DType, p.Type.Bind(1).Shape...)
			for k := range t.F32 {
				state = state*1664525 + 1013904223
				t.F32[k] = float32(int32(state)>>8) / (1 << 23)
			}
			for k := range t.I64 {
				state = state*1664525 + 1013904223
				t.I64[k] = int64(state >> 24)
			}
			out[i] = append(out[i], t)
		}
	}
	return out
}
