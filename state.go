package amctc

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// A StatePair names an input and the output that is its value in the next step.
type StatePair struct{ In, Out string }

// FindState gives the places of the pairs among the parameters and results of f. Both of a pair have the same type, and no
// input or output is in two pairs. The error is a *diag.Diagnostic.
func FindState(f *ir.Func, pairs []StatePair) ([]gogen.StatePair, error) {
	var out []gogen.StatePair
	for _, p := range pairs {
		at := gogen.StatePair{In: place(f.Params, p.In), Out: place(f.Results, p.Out)}
		bad := func(format string, args ...any) error {
			return diag.Errorf("Q041", diag.Span{}, p.In+"="+p.Out, format, args...)
		}
		switch {
		case at.In < 0:
			return nil, bad("the network has no input %q; it has %s", p.In, nameList(f.Params))
		case at.Out < 0:
			return nil, bad("the network has no output %q; it has %s", p.Out, nameList(f.Results))
		case slices.ContainsFunc(out, func(o gogen.StatePair) bool { return o.In == at.In || o.Out == at.Out }):
			return nil, bad("the input or the output is in another pair already")
		}
		if x, y := f.Params[at.In].Type, f.Results[at.Out].Type; !x.Equal(y) {
			return nil, bad("the input is %s, the output %s", x, y)
		}
		out = append(out, at)
	}
	return out, nil
}

// place finds a value by its name, as the model or as text has it. Where the network computes with codes, an output that
// was dequantized for the caller has a name that says so.
func place(list []*ir.Value, name string) int {
	return slices.IndexFunc(list, func(v *ir.Value) bool {
		own := strings.TrimSuffix(v.Name, "_dq")
		return v.Name == name || own == name || own == ir.Identifier(name)
	})
}

func nameList(list []*ir.Value) string {
	var names []string
	for _, v := range list {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}

// Follow are the same data with the states that another function, run by an engine, hands from step to step: the function
// is another form of the network that the data were opened for. Data without state are the same.
func (d *Data) Follow(e ir.Engine, f *ir.Func) *Data {
	if len(d.state) == 0 {
		return d
	}
	c := *d
	c.engine, c.f, c.params = e, f, f.Params
	return &c
}

// HasState says whether the data are sequences of a network with state.
func (d *Data) HasState() bool { return len(d.state) > 0 }

// Steps is how many calls each sample is: one, or of a network with state, the steps of a sequence.
func (d *Data) Steps() int { return max(d.steps, 1) }

// IsState says whether output i of the network is the state of the next step.
func (d *Data) IsState(i int) bool {
	return slices.ContainsFunc(d.state, func(s gogen.StatePair) bool { return s.Out == i })
}

// walk gives the steps of every sequence: the first one's state is zero, that of the others what the network gave.
func (d *Data) walk() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		r, err := d.engine.Prepare(d.f)
		if err != nil {
			yield(nil, err)
			return
		}
		left := -1
		if d.limit > 0 {
			left = d.limit
		}
		for sequence, err := range d.sequences() {
			if err != nil {
				yield(nil, err)
				return
			}
			var last []*tensor.Tensor
			for t := range d.steps {
				if left == 0 {
					return
				}
				left--
				in := slices.Clone(sequence)
				for i, x := range in {
					if x != nil {
						in[i] = x.Rows(t, t+1).Reshape(d.params[i].Type.Bind(1).Shape...)
					}
				}
				for _, s := range d.state {
					if last == nil {
						in[s.In] = zeroState(d.params[s.In].Type)
					} else {
						in[s.In] = last[s.Out]
					}
				}
				if last, err = r.Run(context.Background(), in, nil); err != nil {
					yield(nil, err)
					return
				}
				if !yield(in, nil) {
					return
				}
			}
		}
	}
}

// zeroState is the state before the first step: numbers that are 0, or their codes.
func zeroState(t ir.Type) *tensor.Tensor {
	t = t.Bind(1)
	x := tensor.New(t.DType, t.Shape...)
	for i := range x.I8 {
		x.I8[i] = int8(t.Quant.Offset[0])
	}
	return x
}

// sequences gives a tensor of all steps for every input beside the state, nil for the state.
func (d *Data) sequences() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		next, stop := d.pull(1)
		defer stop()
		for seen := 0; ; seen++ {
			in := make([]*tensor.Tensor, len(d.params))
			for i, n := range next {
				if n == nil {
					continue
				}
				b, err, ok := n()
				if !ok {
					return
				}
				if err == nil {
					shape := append([]int{d.steps}, d.params[i].Type.Bind(1).Shape...)
					in[i], err = d.tensor(i, b.Data, shape, seen)
				}
				if err != nil {
					yield(nil, err)
					return
				}
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

// ParseState reads pairs of names: h=h_out,c=c_out.
func ParseState(text string) ([]StatePair, error) {
	var out []StatePair
	for _, part := range strings.Split(text, ",") {
		in, next, ok := strings.Cut(part, "=")
		if in, next = strings.TrimSpace(in), strings.TrimSpace(next); !ok || in == "" || next == "" {
			return nil, fmt.Errorf("%q is no state; want INPUT=OUTPUT, with commas between several", part)
		}
		out = append(out, StatePair{in, next})
	}
	return out, nil
}
