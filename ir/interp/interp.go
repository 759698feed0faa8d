// Package interp executes functions slowly and obviously. It is the meaning of amctc and the
// oracle of every test.
package interp

import (
	"context"
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Engine is the interpreter.
type Engine struct{}

// Prepare accepts every verified function.
func (Engine) Prepare(f *ir.Func) (ir.Runner, error) { return runner{f}, nil }

// Run is one run of f: Prepare and Runner.Run at once.
func Run(ctx context.Context, f *ir.Func, in []*tensor.Tensor, tap ir.Tap) ([]*tensor.Tensor, error) {
	return runner{f}.Run(ctx, in, tap)
}

type runner struct{ f *ir.Func }

// Run executes f on one batch. A free leading dimension takes the size that the first parameter's
// tensor has.
func (r runner) Run(ctx context.Context, in []*tensor.Tensor, tap ir.Tap) ([]*tensor.Tensor, error) {
	f := r.f
	batch, err := BindBatch(f, in)
	if err != nil {
		return nil, err
	}
	env := make(map[*ir.Value]*tensor.Tensor)
	for i, p := range f.Params {
		env[p] = in[i]
	}
	get := func(v *ir.Value) *tensor.Tensor {
		if v.Const != nil {
			return v.Const.Data
		}
		return env[v]
	}
	for _, n := range f.Nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := &ir.EvalCtx{Node: n, Out: make([]*tensor.Tensor, len(n.Results))}
		for _, v := range n.Operands {
			c.In = append(c.In, get(v))
			c.InType = append(c.InType, v.Type.Bind(batch))
		}
		for _, v := range n.Results {
			c.OutType = append(c.OutType, v.Type.Bind(batch))
		}
		n.Op.Eval(c)
		for i, v := range n.Results {
			env[v] = c.Out[i]
			if tap != nil {
				tap(v, c.Out[i])
			}
		}
	}
	var out []*tensor.Tensor
	for _, v := range f.Results {
		out = append(out, get(v))
	}
	return out, nil
}

// BindBatch checks the tensors against f's parameters and gives the size of a free leading
// dimension, or 1 when there is none.
func BindBatch(f *ir.Func, in []*tensor.Tensor) (int, error) {
	if len(in) != len(f.Params) {
		return 0, fmt.Errorf("@%s takes %d inputs, not %d", f.Name, len(f.Params), len(in))
	}
	batch := -1
	for i, p := range f.Params {
		if p.Type.IsFree() && len(in[i].Shape) > 0 && batch < 0 {
			batch = in[i].Shape[0]
		}
	}
	if batch < 0 {
		batch = 1
	}
	for i, p := range f.Params {
		want := p.Type.Bind(batch)
		if in[i].DType != want.DType || !slices.Equal(in[i].Shape, want.Shape) {
			return 0, fmt.Errorf("input %%%s is %v of %v, want %s", p.Name, in[i].Shape, in[i].DType, p.Type)
		}
	}
	return batch, nil
}
