package agree

import (
	"context"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// Simulated runs a target program on its description.
type Simulated struct {
	Program     *target.Program
	Consts      []byte
	Description *target.Description
	Func        *ir.Func // for the names of the inputs
}

// Name is "sim", or "sim on SOC" when several are compared at once.
func (s *Simulated) Name() string { return "sim" }

// Trace runs each sample in the simulator; probes give the tensors.
func (s *Simulated) Trace(ctx context.Context, samples [][]*tensor.Tensor, emit func(int, string, []byte)) error {
	for i, in := range samples {
		inputs := make(map[string][]byte)
		for j, p := range s.Func.Params {
			inputs[p.Name] = in[j].Bytes()
		}
		_, err := sim.Run(ctx, s.Program, s.Consts, s.Description, inputs, sim.Options{
			Probe: func(name string, _ target.Type, _ []int, data []byte) { emit(i, name, data) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}
