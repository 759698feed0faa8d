package ir

import (
	"context"

	"github.com/amctc/amctc/ir/tensor"
)

// An Engine executes functions. The interpreter, codegen/exec and adapters of the simulator
// implement it; passes receive one and import none.
type Engine interface {
	// Prepare compiles f once; the runner may be used many times, by one goroutine at a time.
	Prepare(f *Func) (Runner, error)
}

// A Runner runs one prepared function.
type Runner interface {
	// Run executes one batch. in has one tensor for each parameter, out one for each result.
	// tap, when not nil, sees every node result in canonical row-major (NCHW) form; the tensor
	// is only valid during the call.
	Run(ctx context.Context, in []*tensor.Tensor, tap Tap) (out []*tensor.Tensor, err error)
}

// A Tap sees values as they are computed.
type Tap func(v *Value, t *tensor.Tensor)
