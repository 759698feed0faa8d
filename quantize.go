package amctc

import (
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/stats"
	"github.com/amctc/amctc/target/ascend"
)

// DefaultTarget is the SoC whose arithmetic is used when none is named.
const DefaultTarget = "ascend910b3"

// Calibrate finds the factors of a prepared float module on data and stores them in c.Factors. The
// answer is the module to quantize with them: m, or a copy with other weights and biases where the
// settings ask for steps that change them. m is not changed.
func Calibrate(c *passes.Context, m *ir.Module, data passes.Data) (*ir.Module, error) {
	return passes.Fit(c, exec.Engine{}, m, data)
}

// Cover tells how data lie in the ranges of c.Factors, of the float module m as it is quantized.
func Cover(c *passes.Context, m *ir.Module, data passes.Data) ([]passes.Coverage, error) {
	return passes.Cover(c, exec.Engine{}, m, data)
}

// TakeStatistics takes statistics of every tensor of a prepared float module that could be quantized, in one
// sweep of the data.
func TakeStatistics(c *passes.Context, m *ir.Module, data passes.Data) (*stats.Statistics, error) {
	return passes.TakeStatistics(c, exec.Engine{}, m, data)
}

// FitStatistics is Calibrate with stored statistics in the place of data.
func FitStatistics(c *passes.Context, m *ir.Module, s *stats.Statistics) (*ir.Module, error) {
	return passes.FitStatistics(c, m, s)
}

// Quantize turns a prepared or calibrated float module and c.Factors into the integer module of the target's
// stage. Weight scales that had to be raised are written back to c.Factors.
func Quantize(c *passes.Context, m *ir.Module, soc string) (*ir.Module, error) {
	return lower(c, m, soc, append(slices.Clone(passes.Observe), passes.Quantize...))
}

// FakeQuantize is a prepared or calibrated float module with fake quantization where c.Factors has factors:
// float arithmetic on the numbers that codes stand for. Training with quantization trains this network.
func FakeQuantize(c *passes.Context, m *ir.Module) (*ir.Module, error) {
	out := m.Clone()
	var g passes.Manager
	if _, err := g.Run(c, out, append(slices.Clone(passes.Observe), passes.Fake...)); err != nil {
		return nil, err
	}
	return out, nil
}

// Pair turns a prepared or calibrated float module and c.Factors into the module of AMCT's pair of
// models, with the arithmetic that its deploy model has: see passes.Pair. Its inputs are numbers, also where those of m are
// pixels: ATC puts the operator that normalizes them in front. Remarks are those of Quantize
// and are not repeated.
func Pair(c *passes.Context, m *ir.Module, soc string) (*ir.Module, error) {
	own := NewContext(c.Context)
	own.Log, own.Settings, own.Factors, own.Validate = c.Log, c.Settings, c.Factors, c.Validate
	return lower(own, takeNumbers(m), soc, append(slices.Clone(passes.Observe), passes.Pair...))
}

// lower runs passes that end in the target's stage, on a copy.
func lower(c *passes.Context, m *ir.Module, soc string, list []passes.Pass) (*ir.Module, error) {
	if _, err := ascend.Describe(soc); err != nil {
		return nil, err
	}
	c.Target = passes.TargetFacts{Name: soc}
	out := m.Clone()
	var g passes.Manager
	if _, err := g.Run(c, out, list); err != nil {
		return nil, err
	}
	return out, nil
}
