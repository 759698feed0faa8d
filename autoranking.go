package amctc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/search"
)

// order is the ranking by number, of the layers with weights first: AMCT rolls back those.
func (a *auto) order(samples [][]*tensor.Tensor) ([]int, error) {
	ranking, err := a.ranking(samples)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, s := range ranking {
		out = append(out, slices.Index(a.layers, s.Layer))
	}
	return out, nil
}

// ranking compares what enters each layer in the float and in the fully quantized network.
func (a *auto) ranking(samples [][]*tensor.Tensor) ([]Sensitivity, error) {
	m, _, err := a.module(make(search.Assignment, len(a.layers)))
	if err != nil {
		return nil, err
	}
	scores, err := inputCosines(a.ctx, a.float.Main(), m.Main(), a.layers, samples)
	if err != nil {
		return nil, err
	}
	var out []Sensitivity
	for k, name := range a.layers {
		out = append(out, Sensitivity{name, scores[k]})
	}
	slices.SortStableFunc(out, func(x, y Sensitivity) int {
		switch {
		case x.Score < y.Score:
			return -1
		case x.Score > y.Score:
			return 1
		}
		return 0
	})
	return out, nil
}

// inputCosines gives, for each named node of the float function, 0.5 + 0.5 cos between its first operand
// there and the operand of the node of that name in the integer function, mean over samples.
func inputCosines(ctx context.Context, float, integer *ir.Func, names []string, samples [][]*tensor.Tensor) ([]float64, error) {
	fr, err := (exec.Engine{}).Prepare(float)
	if err != nil {
		return nil, err
	}
	ir2, err := (exec.Engine{}).Prepare(integer)
	if err != nil {
		return nil, err
	}
	fv, qv := make([]*ir.Value, len(names)), make([]*ir.Value, len(names))
	for k, name := range names {
		fv[k], qv[k] = inputOf(float, name), inputOf(integer, name)
	}
	sum := make([]float64, len(names))
	for _, in := range samples {
		a, err := tapped(ctx, fr, float, in)
		if err != nil {
			return nil, err
		}
		b, err := tapped(ctx, ir2, integer, in)
		if err != nil {
			return nil, err
		}
		for k := range names {
			s, err := similarity(a, b, fv[k], qv[k])
			if err != nil {
				return nil, fmt.Errorf("layer %q: %w", names[k], err)
			}
			sum[k] += s
		}
	}
	for k := range sum {
		sum[k] /= float64(max(1, len(samples)))
	}
	return sum, nil
}

func inputOf(f *ir.Func, name string) *ir.Value {
	for _, n := range f.Nodes {
		if n.Name == name {
			return n.Operands[0]
		}
	}
	return nil
}

// tapped runs f and keeps what every value was.
func tapped(ctx context.Context, r ir.Runner, f *ir.Func, in []*tensor.Tensor) (map[*ir.Value][]float64, error) {
	out := make(map[*ir.Value][]float64)
	for i, p := range f.Params {
		out[p] = real(p, in[i])
	}
	_, err := r.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) { out[v] = real(v, t) })
	return out, err
}

// real is what a tensor's elements stand for.
func real(v *ir.Value, t *tensor.Tensor) []float64 {
	out := make([]float64, t.Len())
	switch {
	case t.DType == tensor.F32:
		for i, x := range t.F32 {
			out[i] = float64(x)
		}
	case v.Type.IsQuant() && t.DType == tensor.I8:
		s, o := v.Type.Quant.At(0)
		for i, q := range t.I8 {
			out[i] = float64(float32(float32(int32(q)-o) * s))
		}
	case v.Type.IsQuant() && t.DType == tensor.I16:
		s, o := v.Type.Quant.At(0)
		for i, q := range t.I16 {
			out[i] = float64(float32(float32(int32(q)-o) * s))
		}
	}
	return out
}

var errNoInput = errors.New("its input is not to be found in both networks")

func similarity(a, b map[*ir.Value][]float64, x, y *ir.Value) (float64, error) {
	if x == nil || y == nil || len(a[x]) == 0 || len(a[x]) != len(b[y]) {
		return 0, errNoInput
	}
	return Similarity(a[x], b[y]), nil
}
