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
			l.MinMax = *a.ActAlgo == "minmax"
		}
		if a.Asymmetric != nil {
			l.Asymmetric = *a.Asymmetric
		}
		set(&l.IFMR.MaxPercentile, a.MaxPercentile)
		set(&l.IFMR.MinPercentile, a.MinPercentile)
		set(&l.IFMR.Step, a.SearchStep)
		if len(a.SearchRange) == 2 {
			l.IFMR.Start, l.IFMR.End = a.SearchRange[0], a.SearchRange[1]
		}
	}
	if w := c.Weight; w != nil && w.ChannelWise != nil {
		l.PerChannel = w.ChannelWise
	}
	return l, l.IFMR.Check()
}

func set(to *float64, v *float64) {
	if v != nil {
		*to = *v
	}
}
