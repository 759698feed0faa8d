// Package agree runs one module on several engines and demands the same bytes of every tensor.
package agree

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
)

// An Engine computes every node result of one module.
type Engine interface {
	// Name is what reports call the engine: exec, go, sim.
	Name() string
	// Trace runs each sample, one tensor for each parameter with a leading dimension of one
	// batch, and emits every node result in canonical row-major order as little-endian bytes.
	// Samples come in order; within one sample values may come in any order. The bytes are only
	// valid during the call.
	Trace(ctx context.Context, samples [][]*tensor.Tensor, emit func(sample int, value string, data []byte)) error
}

// A Difference is the first disagreement found.
type Difference struct {
	Engine string `json:"engine"`
	Sample int    `json:"sample"`
	Value  string `json:"value"`
	Op     string `json:"operator"`
	Index  int    `json:"element"`
	Want   string `json:"want"` // the interpreter's
	Got    string `json:"got"`
}

func (d *Difference) String() string {
	return fmt.Sprintf("%s differs from interp: sample %d, %%%s (%s), element %d: %s, want %s", d.Engine, d.Sample, d.Value, d.Op, d.Index, d.Got, d.Want)
}

// Report says what was compared. Tensors counts values times samples; DiffBytes sums over engines.
type Report struct {
	Tensors   int         `json:"tensors"`
	DiffBytes int         `json:"bytes_differ"`
	First     *Difference `json:"first,omitempty"`
	Engines   []string    `json:"engines"`
	// NotCompared lists engine/value pairs that an engine did not show.
	NotCompared []string `json:"not_compared,omitempty"`
}

// Line is the closing line of compile and verify, in a form that scripts rely on. An engine that was
// not run is told of before it.
func (r *Report) Line() string {
	return fmt.Sprintf("interp = exec = go = sim: %d tensors, %d bytes differ", r.Tensors, r.DiffBytes)
}

// OK says whether every tensor of every engine was compared and none differed.
func (r *Report) OK() bool { return r.DiffBytes == 0 && len(r.NotCompared) == 0 }

// Run holds every engine against the interpreter on every node result of m.Main().
func Run(ctx context.Context, m *ir.Module, samples [][]*tensor.Tensor, progress func(stage string, done, total int), engines ...Engine) (*Report, error) {
	f := m.Main()
	o := &oracle{ctx: ctx, f: f, samples: samples, seed: maphash.MakeSeed(), sum: make([]map[string]uint64, len(samples)), ops: make(map[string]*ir.Value)}
	for _, n := range f.Nodes {
		for _, v := range n.Results {
			o.ops[v.Name] = v
		}
	}
	r := &Report{Tensors: len(o.ops) * len(samples)}
	for i := range samples {
		if err := o.hash(i); err != nil {
			return nil, err
		}
		progress("verify interp", i+1, len(samples))
	}
	for _, e := range engines {
		r.Engines = append(r.Engines, e.Name())
		seen := make([]map[string]bool, len(samples))
		for i := range seen {
			seen[i] = make(map[string]bool)
		}
		err := e.Trace(ctx, samples, func(s int, value string, data []byte) {
			want, known := o.sum[s][value]
			if !known || seen[s][value] {
				return
			}
			if len(seen[s]) == 0 {
				progress("verify "+e.Name(), s+1, len(samples))
			}
			seen[s][value] = true
			if maphash.Bytes(o.seed, data) != want {
				o.compare(r, e.Name(), s, value, data)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		for _, n := range f.Nodes {
			for _, v := range n.Results {
				if len(samples) > 0 && !seen[len(samples)-1][v.Name] {
					r.NotCompared = append(r.NotCompared, e.Name()+"/"+v.Name)
				}
			}
		}
	}
	return r, nil
}

type oracle struct {
	ctx     context.Context
	f       *ir.Func
	samples [][]*tensor.Tensor
	seed    maphash.Seed
	sum     []map[string]uint64
	ops     map[string]*ir.Value
	cached  int // sample held in tensors, plus one
	tensors map[string]*tensor.Tensor
}

// hash runs the interpreter on one sample and keeps a hash of every tensor.
func (o *oracle) hash(s int) error {
	o.sum[s] = make(map[string]uint64)
	return o.interpret(s, func(v *ir.Value, t *tensor.Tensor) { o.sum[s][v.Name] = maphash.Bytes(o.seed, t.Bytes()) })
}

func (o *oracle) interpret(s int, tap ir.Tap) error {
	_, err := interp.Run(o.ctx, o.f, o.samples[s], tap)
	return err
}

// compare counts the differing bytes of one tensor; the interpreter runs again for its values.
func (o *oracle) compare(r *Report, engine string, s int, value string, got []byte) {
	if o.cached != s+1 {
		o.tensors = make(map[string]*tensor.Tensor)
		if err := o.interpret(s, func(v *ir.Value, t *tensor.Tensor) { o.tensors[v.Name] = t }); err != nil {
			return
		}
		o.cached = s + 1
	}
	t := o.tensors[value]
	want := t.Bytes()
	d := max(len(want), len(got)) - min(len(want), len(got))
	first := -1
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			d++
			if first < 0 {
				first = i
			}
		}
	}
	r.DiffBytes += d
	if r.First != nil || d == 0 {
		return
	}
	diff := &Difference{Engine: engine, Sample: s, Value: value, Op: o.ops[value].Def.Op.Name, Index: max(first, 0) / t.DType.Size()}
	diff.Want, diff.Got = element(t, want, first), fmt.Sprintf("%d bytes instead of %d", len(got), len(want))
	if len(want) == len(got) {
		diff.Got = element(t, got, first)
	}
	r.First = diff
}

func element(t *tensor.Tensor, data []byte, at int) string {
	if at < 0 {
		return "nothing"
	}
	size := t.DType.Size()
	i := at / size * size
	u, err := tensor.FromBytes(t.DType, []int{1}, data[i:i+size])
	if err != nil {
		return err.Error()
	}
	switch t.DType {
	case tensor.F32:
		return fmt.Sprintf("%v (%#08x)", u.F32[0], data[i:i+size])
	case tensor.I8:
		return fmt.Sprint(u.I8[0])
	case tensor.I16:
		return fmt.Sprint(u.I16[0])
	}
	return fmt.Sprintf("%#x", data[i:i+size])
}
