package main

import (
	"fmt"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/onnx-gomlx/onnx"

	"github.com/amctc/amctc/testdata/contender"
)

// config turns the engine's workers off: there is one thread.
const config = "parallelism=0,ops_sequential"

// open compiles a model of one input and one output for a batch of one sample. The engine panics on
// what it cannot run, at the first call at the latest.
func open(path string, threads int) (*contender.Net, error) {
	if threads != 1 {
		return nil, fmt.Errorf("one thread is measured, not %d", threads)
	}
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, err
	}
	names, shapes := m.Inputs()
	if len(names) != 1 || m.NumInputs() != 1 {
		return nil, fmt.Errorf("%d inputs, want one", len(names))
	}
	backend, err := simplego.New(config)
	if err != nil {
		return nil, err
	}
	ctx := context.New()
	if err := m.VariablesToContext(ctx); err != nil {
		return nil, err
	}
	exec, err := context.NewExec(backend, ctx.Reuse(), func(ctx *context.Context, x *graph.Node) *graph.Node {
		return m.CallGraph(ctx, x.Graph(), map[string]*graph.Node{names[0]: x})[0]
	})
	if err != nil {
		return nil, err
	}
	dims, count := make([]int, len(shapes[0].Dimensions)), 1
	for i, d := range shapes[0].Dimensions {
		dims[i] = max(1, d)
		count *= dims[i]
	}
	n := &contender.Net{In: make([]float32, count)}
	x := tensors.FromFlatDataAndDimensions(n.In, dims...)
	call := func() (*tensors.Tensor, error) {
		if err := tensors.AssignFlatData(x, n.In); err != nil {
			return nil, err
		}
		out, err := exec.Exec(x)
		if err != nil {
			return nil, err
		}
		return out[0], nil
	}
	y, err := call()
	if err != nil {
		return nil, err
	}
	n.Out = make([]float32, y.Size())
	if err := y.FinalizeAll(); err != nil {
		return nil, err
	}
	n.Run = func() error {
		y, err := call()
		if err != nil {
			return err
		}
		if err := tensors.ConstFlatData(y, func(flat []float32) { copy(n.Out, flat) }); err != nil {
			return err
		}
		return y.FinalizeAll()
	}
	return n, nil
}
