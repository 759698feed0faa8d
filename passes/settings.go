package passes

import (
	"fmt"

	"github.com/amctc/amctc/passes/calib"
)

// Settings are the user's choices for post-training quantization. The zero value of a map means
// "the default everywhere".
type Settings struct {
	Default    LayerSettings
	Layers     map[string]LayerSettings // by node name
	NoFusion   bool                     // AMCT's do_fusion = false
	SkipFusion map[string]bool          // node names
	// OnlyListed says that nodes not in Layers stay float, as AMCT's JSON config means it for
	// the layers it could have named.
	OnlyListed bool
	// FloatWeights calibrates with the float weights instead of the fake-quantized ones.
	FloatWeights bool
}

// LayerSettings are the choices for one layer.
type LayerSettings struct {
	Skip       bool
	MinMax     bool // min-max instead of IFMR
	IFMR       calib.IFMRConfig
	Asymmetric bool
	PerChannel *bool // nil: the operator's default
}

// NewSettings are AMCT's defaults: IFMR, asymmetric activations, ARQ weights.
func NewSettings() *Settings {
	return &Settings{Default: LayerSettings{IFMR: calib.DefaultIFMR(), Asymmetric: true}}
}

// For is what holds for the node of the given name; layer says whether it has weights.
func (s *Settings) For(name string, layer bool) LayerSettings {
	if l, ok := s.Layers[name]; ok {
		return l
	}
	l := s.Default
	if s.OnlyListed && layer {
		l.Skip = true
	}
	return l
}

// Observer makes the observer that the settings choose.
func (l LayerSettings) Observer() calib.Observer {
	if l.MinMax {
		return calib.NewMinMax(l.Asymmetric, 8)
	}
	cfg := l.IFMR
	cfg.Asymmetric = l.Asymmetric
	return calib.NewIFMR(cfg)
}

// scheme names the observer, so that equal ones of one tensor are run once.
func (l LayerSettings) scheme() string {
	return fmt.Sprintf("%v %v %v", l.MinMax, l.Asymmetric, l.IFMR)
}
