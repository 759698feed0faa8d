package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc/passes"
)

// quantFlags change the default settings of quantization, and those of every layer that a configuration
// names.
type quantFlags struct {
	weights     string
	bits        int
	perTensor   bool
	actBits     int
	iterations  int
	activations string
	symmetric   bool
	seed        uint64
}

var activationAlgorithms = []passes.ActivationAlgorithm{passes.IFMR, passes.HFMG, passes.MinMax, passes.Percentile, passes.Entropy, passes.MSE}

var weightAlgorithms = []passes.WeightAlgorithm{passes.ARQ, passes.AdaRound, passes.NUQ, passes.GPTQ, passes.MSEWeights}

func (q *quantFlags) register(c *cobra.Command) {
	var names []string
	for _, a := range weightAlgorithms {
		names = append(names, strings.TrimSuffix(string(a), "_quantize"))
	}
	f := c.Flags()
	f.StringVar(&q.weights, "weights", "", "how weights are rounded: "+strings.Join(names, ", "))
	f.StringVar(&q.activations, "activations", "", "how ranges of activations are found: ifmr, hfmg, minmax, percentile, entropy, mse")
	f.BoolVar(&q.symmetric, "symmetric", false, "symmetric activations")
	f.IntVar(&q.bits, "weight-bits", 0, "width of weight codes: 8, 7, 6, 4, or 3")
	f.IntVar(&q.actBits, "activation-bits", 0, "width of the codes that layers with weights read: 4, 8 or 16")
	f.BoolVar(&q.perTensor, "per-tensor", false, "one scale for all weights of a layer")
	f.Uint64Var(&q.seed, "seed", 0, "seed of the samples that --weights gptq, ada and nuq draw")
	f.IntVar(&q.iterations, "iterations", 0, "steps of --weights ada for each layer (default 10000)")
}

func (q *quantFlags) apply(s *passes.Settings) error {
	change := func(l *passes.LayerSettings) error {
		if q.activations != "" {
			l.Activation.Algorithm = passes.ActivationAlgorithm(q.activations)
			if !slices.Contains(activationAlgorithms, l.Activation.Algorithm) {
				return fmt.Errorf("--activations %s is none of %v", q.activations, activationAlgorithms)
			}
			if l.Activation.Algorithm == passes.Percentile {
				l.Activation.IFMR.MaxPercentile, l.Activation.IFMR.MinPercentile = 0.9999, 0.9999
			}
		}
		if q.symmetric {
			l.Activation.Asymmetric = false
		}
		if q.actBits != 0 {
			if !slices.Contains(passes.Support.ActivationBits, q.actBits) {
				return fmt.Errorf("--activation-bits %d is none of 4, 8 and 16", q.actBits)
			}
			l.Activation.Bits = q.actBits
		}
		w := &l.Weight
		if q.weights != "" {
			w.Algorithm = passes.WeightAlgorithm(strings.TrimSuffix(q.weights, "_quantize") + "_quantize")
			if !slices.Contains(weightAlgorithms, w.Algorithm) {
				return fmt.Errorf("--weights %s is none of %v", q.weights, weightAlgorithms)
			}
			if w.Algorithm == passes.NUQ {
				w.NUQ.Steps = 16
			}
		}
		if q.bits != 0 {
			if q.bits < 2 || q.bits > 8 {
				return fmt.Errorf("--weight-bits %d must lie between 2 and 8", q.bits)
			}
			w.Bits = q.bits
		}
		if q.perTensor {
			no := false
			w.PerChannel = &no
		}
		if q.iterations > 0 {
			w.AdaRound.Iterations = q.iterations
		}
		return w.AdaRound.Check()
	}
	s.Seed = q.seed
	if err := change(&s.Default); err != nil {
		return &failure{exitUsage, err}
	}
	for name, l := range s.Layers {
		if err := change(&l); err != nil {
			return &failure{exitUsage, err}
		}
		s.Layers[name] = l
	}
	return nil
}
