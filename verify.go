package amctc

import (
	"context"

	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// VerifyOptions choose the engines beside the interpreter.
type VerifyOptions struct {
	Targets  []string // SoCs to simulate; DefaultTarget when empty
	Cores    int      // AI cores of the programs; 0 means 1, AllCores all of a SoC
	NoGo     bool     // do not build generated Go
	State    []StatePair
	Progress func(stage string, done, total int)
}

// Verify holds exec, generated Go and the simulator against the interpreter on every tensor of
// an integer module. goNotRun says why generated Go took no part, or is empty.
func Verify(ctx context.Context, m *ir.Module, samples [][]*tensor.Tensor, opt VerifyOptions) (r *agree.Report, goNotRun string, err error) {
	if opt.Progress == nil {
		opt.Progress = func(string, int, int) {}
	}
	if len(opt.Targets) == 0 {
		opt.Targets = []string{DefaultTarget}
		if m.Target != "" {
			opt.Targets[0] = m.Target
		}
	}
	engines := []agree.Engine{agree.FromEngine("exec", exec.Engine{}, m.Main())}
	switch why := agree.GoMissing(); {
	case opt.NoGo:
		goNotRun = "left out on request"
	case why != "":
		goNotRun = why
	default:
		state, err := FindState(m.Main(), opt.State)
		if err != nil {
			return nil, "", err
		}
		engines = append(engines, &agree.Generated{Module: m, Version: Version, State: state})
	}
	for _, soc := range opt.Targets {
		a, err := EmitAscendOn(m, soc, opt.Cores)
		if err != nil {
			return nil, "", err
		}
		engines = append(engines, &agree.Simulated{Program: a.Program, Consts: a.Consts, Description: a.Description, Func: m.Main(), Several: len(opt.Targets) > 1})
	}
	r, err = agree.Run(ctx, m, samples, opt.Progress, engines...)
	return r, goNotRun, err
}
