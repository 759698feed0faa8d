package agree

import (
	"context"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// FromEngine makes a comparable engine of an ir.Engine, run one sample at a time.
func FromEngine(name string, e ir.Engine, f *ir.Func) Engine { return adapter{name, e, f} }

type adapter struct {
	name string
	e    ir.Engine
	f    *ir.Func
}

func (a adapter) Name() string { return a.name }

func (a adapter) Trace(ctx context.Context, samples [][]*tensor.Tensor, emit func(int, string, []byte)) error {
	r, err := a.e.Prepare(a.f)
	if err != nil {
		return err
	}
	for i, s := range samples {
		if _, err := r.Run(ctx, s, func(v *ir.Value, t *tensor.Tensor) { emit(i, v.Name, t.Bytes()) }); err != nil {
			return err
		}
	}
	return nil
}
