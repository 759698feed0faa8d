package amctc

import (
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// layerSettings lays a layer's configured leaves over the defaults.
func layerSettings(l passes.LayerSettings, c *amct.LayerConfig) (passes.LayerSettings, error) {
	if c.QuantEnable != nil {
		l.Skip = !*c.QuantEnable
	}
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
		if len(a.SearchRange) == 2 {
			l.Activation.IFMR.Start, l.Activation.IFMR.End = a.SearchRange[0], a.SearchRange[1]
		}
	}
	if w := c.Weight; w != nil && w.ChannelWise != nil {
		l.Weight.PerChannel = w.ChannelWise
	}
	return l, l.Activation.IFMR.Check()
}

func set(to *float64, v *float64) {
	if v != nil {
		*to = *v
	}
}
