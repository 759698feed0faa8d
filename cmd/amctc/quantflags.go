package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc/passes"
)

// quantFlags change the default settings of quantization, and those of every layer that a configuration
// names.
type quantFlags struct {
	weights    string
	bits       int
	perTensor  bool
	iterations int
	seed       uint64
}

var weightAlgorithms = []passes.WeightAlgorithm{passes.ARQ, passes.AdaRound, passes.NUQ, passes.GPTQ, passes.MSEWeights}

func (q *quantFlags) register(c *cobra.Command) {
	var names []string
	for _, a := range weightAlgorithms {
		names = append(names, strings.TrimSuffix(string(a), "_quantize"))
	}
	f := c.Flags()
	f.StringVar(&q.weights, "weights", "", "how weights are rounded: "+strings.Join(names, ", "))
	f.IntVar(&q.bits, "weight-bits", 0, "width of weight codes: 8, 7, 6, 4, or 3")
	f.BoolVar(&q.perTensor, "per-tensor", false, "one scale for all weights of a layer")
	f.Uint64Var(&q.seed, "seed", 0, "seed of the samples that --weights gptq, ada and nuq draw")
	f.IntVar(&q.iterations, "iterations", 0, "steps of --weights ada for each layer (default 10000)")
}

func (q *quantFlags) apply(s *passes.Settings) error {
	change := func(l *passes.LayerSettings) error {
		w := &l.Weight
		if q.weights != "" {
			w.Algorithm = passes.WeightAlgorithm(strings.TrimSuffix(q.weights, "_quantize") + "_quantize")
			known := false
			for _, a := range weightAlgorithms {
				known = known || a == w.Algorithm
			}
			if !known {
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
