package agree

import (
	"context"
	"fmt"

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
	Several     bool     // more than one SoC is compared: the name says which
}

// Name is "sim", or "sim(SOC)" when several are compared at once.
func (s *Simulated) Name() string {
	if s.Several {
		return "sim(" + s.Description.Name + ")"
	}
	return "sim"
}

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

// Time runs one sample with the cycle model.
func (s *Simulated) Time(ctx context.Context, in []*tensor.Tensor) (*sim.Result, error) {
	inputs := make(map[string][]byte)
	for j, p := range s.Func.Params {
		inputs[p.Name] = in[j].Bytes()
	}
	return sim.Run(ctx, s.Program, s.Consts, s.Description, inputs, sim.Options{Trace: true})
}

// Outputs runs one sample and gives the function's results.
func (s *Simulated) Outputs(ctx context.Context, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	byName := make(map[string]*tensor.Tensor)
	err := s.Trace(ctx, [][]*tensor.Tensor{in}, func(_ int, name string, data []byte) {
		for _, v := range s.Func.Results {
			if v.Name != name {
				continue
			}
			if t, err := tensor.FromBytes(v.Type.DType, v.Type.Bind(1).Shape, data); err == nil {
				byName[name] = t
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var out []*tensor.Tensor
	for _, v := range s.Func.Results {
		t := byName[v.Name]
		if t == nil {
			return nil, fmt.Errorf("the program does not show %%%s", v.Name)
		}
		out = append(out, t)
	}
	return out, nil
}
