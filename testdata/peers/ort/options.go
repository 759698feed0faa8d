package ort

import (
	"errors"

	runtime "github.com/yalue/onnxruntime_go"
)

// Options adjust a session.
type Options struct {
	// Threads work on one operator; 0 is 1. Operators run one after another.
	Threads int
	// Optimized, when not empty, is where the runtime writes the model as it executes it.
	Optimized string
	// AsIs leaves the model as it is: one that was written as Optimized.
	AsIs bool
	// NoLayout leaves images in (N, C, H, W): the optimizations that do not depend on the machine.
	NoLayout bool
	// NoPadFusion leaves Pad alone. ONNX Runtime 1.28 merges it into a pooling even where the
	// sum of the pads reaches the kernel's size, and then refuses its own graph.
	NoPadFusion bool
}

// build gives the options to the runtime, with every optimization of graphs unless told otherwise. The
// result is to be destroyed.
func (opt Options) build() (*runtime.SessionOptions, error) {
	o, err := runtime.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	level := runtime.GraphOptimizationLevel(runtime.GraphOptimizationLevelEnableAll)
	if opt.AsIs {
		level = runtime.GraphOptimizationLevelDisableAll
	}
	if opt.NoLayout {
		level = runtime.GraphOptimizationLevelEnableExtended
	}
	steps := []error{
		o.SetIntraOpNumThreads(max(1, opt.Threads)),
		o.SetInterOpNumThreads(1),
		o.SetExecutionMode(runtime.ExecutionModeSequential),
		o.SetGraphOptimizationLevel(level),
	}
	if opt.Optimized != "" {
		steps = append(steps, o.SetOptimizedModelFilePath(opt.Optimized))
	}
	if opt.NoPadFusion {
		steps = append(steps, o.AddSessionConfigEntry("optimization.disable_specified_optimizers", "Pad_Fusion"))
	}
	if err := errors.Join(steps...); err != nil {
		o.Destroy()
		return nil, err
	}
	return o, nil
}
