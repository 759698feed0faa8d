// Package passtest takes random networks through the pipeline, for tests of what follows it.
package passtest

import (
	"context"
	"fmt"
	"iter"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
)

// Batches is passes.Data that is held in memory.
type Batches [][]*tensor.Tensor

// Samples is the number of batches.
func (b Batches) Samples() int { return len(b) }

// Batches yields every batch once.
func (b Batches) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range b {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// Quantized is random network number seed, simplified, and its integer form for target, calibrated
// by the interpreter on two random batches. Settings follow from the seed: min-max or IFMR,
// activations symmetric or not. integer is nil when the data don't calibrate it, because some
// tensor is constant or not finite.
func Quantized(seed uint64, target string) (float, integer *ir.Module, err error) {
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.MinMax = seed%2 == 0
	c.Settings.Default.Asymmetric = seed%5 != 0
	c.Target = passes.TargetFacts{Name: target, Fixpipe: true}
	m := irtest.Random(seed)
	if l := ir.Verify(m); l.HasErrors() {
		return nil, nil, fmt.Errorf("seed %d: random module: %v", seed, l)
	}
	var g passes.Manager
	if _, err := g.Run(c, m, passes.Simplify); err != nil {
		return nil, nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	float = m.Clone()
	if _, err := g.Run(c, m, passes.Observe); err != nil {
		return nil, nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	data := Batches{irtest.RandomInputs(m.Main(), seed, 1), irtest.RandomInputs(m.Main(), seed+1000, 1)}
	if err := passes.Calibrate(c, interp.Engine{}, m, data); err != nil {
		return float, nil, nil
	}
	if _, err := g.Run(c, m, passes.Quantize); err != nil {
		return nil, nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	return float, m, nil
}
