// Package passtest takes random networks through the pipeline, for tests of what follows it.
package passtest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"

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

// Quantized is random network number seed, simplified, and its integer form for target. integer is
// nil when the data don't calibrate it, because some tensor is constant or not finite.
func Quantized(seed uint64, target string) (float, integer *ir.Module, err error) {
	float, _, integer, err = Stages(seed, target)
	return float, integer, err
}

// Network is random network number seed, before anything is done to it. The odd ones have operators of every
// family.
func Network(seed uint64) *ir.Module {
	if seed%2 == 1 {
		return irtest.RandomFunctions(seed)
	}
	return irtest.Random(seed)
}

// Stages is Quantized with the fake-quantized form between, calibrated by the interpreter on two
// random batches. Settings follow from the seed: min-max or IFMR, activations symmetric or not,
// images as bytes in some networks, joint factors, balanced channels, corrected biases, shifted accumulators, scales of
// float16, activations of 16 or 4 bits for some layers, weights of 4, 6 or 7
// bits, with a scale for each channel or one, rounded in every way, for others.
func Stages(seed uint64, target string) (float, fake, integer *ir.Module, err error) {
	c := passes.NewContext(context.Background(), op.All())
	c.Validate = &passes.Validation{}
	if seed%2 == 0 {
		c.Settings.Default.Activation.Algorithm = passes.MinMax
	}
	c.Settings.Default.Activation.Asymmetric = seed%5 != 0
	c.Settings.Joint = seed%4 == 1
	c.Settings.Equalize = seed%6 == 2
	c.Settings.CorrectBias = seed%8 == 3
	c.Settings.Shift = seed%7 == 3
	c.Settings.Half = seed%9 == 4
	if seed%6 == 5 {
		c.Settings.Default.Balance = .5
	}
	c.Target = passes.TargetFacts{Name: target}
	m := Network(seed)
	if l := ir.Verify(m); l.HasErrors() {
		return nil, nil, nil, fmt.Errorf("seed %d: random module: %v", seed, l)
	}
	if seed%7 == 6 {
		Pixels(c.Ops, m, seed)
	}
	var g passes.Manager
	run := func(list []passes.Pass) {
		if err == nil {
			if _, err = g.Run(c, m, list); err != nil {
				err = fmt.Errorf("seed %d: %w", seed, err)
			}
		}
	}
	run(passes.Simplify)
	if err != nil {
		return nil, nil, nil, err
	}
	float = m.Clone()
	widths(c.Settings, m, seed)
	weights(c.Settings, m, seed)
	data := Batches{irtest.RandomInputs(m.Main(), seed, 1), irtest.RandomInputs(m.Main(), seed+1000, 1)}
	fitted, bad := passes.Fit(c, interp.Engine{}, m, data)
	if bad != nil {
		return float, nil, nil, nil
	}
	m = fitted.Clone()
	run(passes.Observe)
	const faked = 2 // passes of Quantize that stay in the fake stage
	run(passes.Quantize[:faked])
	fake = m.Clone()
	run(passes.Quantize[faked:])
	if err != nil {
		return nil, nil, nil, err
	}
	return float, fake, m, nil
}

// widths chooses activations of 16 bits for half of the layers of every third network, and of 4 bits for half of those of every
// other third.
func widths(s *passes.Settings, m *ir.Module, seed uint64) {
	if seed%3 == 2 {
		return
	}
	s.Layers = make(map[string]passes.LayerSettings)
	r := rand.New(rand.NewPCG(seed, 0x16))
	for _, n := range m.Main().Nodes {
		if n.Op.Quant.IsLayer() && n.Name != "" && r.IntN(2) == 0 {
			l := s.Default
			l.Activation.Bits = 16
			if seed%3 == 1 {
				l.Activation.Bits = 4
			}
			s.Layers[n.Name] = l
		}
	}
}

// weights chooses for the layers of three networks of four how weights are rounded: half of the layers keep the default. Codes of 16
// bits go with weights of 8.
func weights(s *passes.Settings, m *ir.Module, seed uint64) {
	if seed%4 == 2 {
		return
	}
	if s.Layers == nil {
		s.Layers = make(map[string]passes.LayerSettings)
	}
	r := rand.New(rand.NewPCG(seed, 0x4b))
	for _, n := range m.Main().Nodes {
		if !n.Op.Quant.IsLayer() || n.Name == "" || r.IntN(2) == 0 {
			continue
		}
		l := s.For(n.Name, true)
		w := &l.Weight
		if bits := []int{4, 6, 7, 8}[r.IntN(4)]; l.Activation.Bits != 16 {
			w.Bits = bits
		}
		if r.IntN(2) == 0 {
			each := r.IntN(2) == 0
			w.PerChannel = &each
		}
		w.Algorithm = []passes.WeightAlgorithm{passes.ARQ, passes.MSEWeights, passes.GPTQ, passes.NUQ, passes.AdaRound}[r.IntN(5)]
		w.NUQ.Steps, w.NUQ.Iterations = 16+16*r.IntN(2), r.IntN(2)
		w.AdaRound.Iterations = 20
		s.Layers[n.Name] = l
	}
}
