package amctc

import (
	"errors"

	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// layerSettings lays a layer's configured leaves over the defaults.
func layerSettings(l passes.LayerSettings, c *amct.LayerConfig) (passes.LayerSettings, error) {
	if c.QuantEnable != nil {
		l.Skip = !*c.QuantEnable
	}
	set(&l.Balance, c.Balance)
	if a := c.Activation; a != nil {
		if a.ActAlgo != nil {
			l.Activation.Algorithm = passes.ActivationAlgorithm(*a.ActAlgo)
		}
		if a.Asymmetric != nil {
			l.Activation.Asymmetric = *a.Asymmetric
		}
		set(&l.Activation.IFMR.MaxPercentile, a.MaxPercentile)
		set(&l.Activation.IFMR.MinPercentile, a.MinPercentile)
		set(&l.Activation.IFMR.Step, a.SearchStep)
		if a.NumOfBins != nil {
			l.Activation.Bins = *a.NumOfBins
		}
		if len(a.SearchRange) == 2 {
			l.Activation.IFMR.Start, l.Activation.IFMR.End = a.SearchRange[0], a.SearchRange[1]
		}
	}
	if w := c.Weight; w != nil {
		if w.ChannelWise != nil {
			l.Weight.PerChannel = w.ChannelWise
		}
		if w.WtsAlgo != nil {
			l.Weight.Algorithm = passes.WeightAlgorithm(*w.WtsAlgo)
		}
		set(&l.Weight.Bits, w.NumBits)
		set(&l.Weight.AdaRound.Iterations, w.NumIteration)
		set(&l.Weight.AdaRound.Reg, w.RegParam)
		set(&l.Weight.AdaRound.WarmStart, w.WarmStart)
		if len(w.BetaRange) == 2 {
			l.Weight.AdaRound.BetaStart, l.Weight.AdaRound.BetaEnd = w.BetaRange[0], w.BetaRange[1]
		}
		set(&l.Weight.NUQ.Steps, w.NumSteps)
		set(&l.Weight.NUQ.Iterations, w.NumOfIteration)
	}
	return l, errors.Join(l.Activation.IFMR.Check(), l.Weight.AdaRound.Check(), l.Weight.NUQ.Check())
}

func set[T any](to, v *T) {
	if v != nil {
		*to = *v
	}
}
