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
	// Operands are the choices for single operands of operators without weights, by record key; they stand
	// over those of the node.
	Operands map[string]ActivationSettings
	// BatchNum is how many batches of the data calibration takes, exactly; 0 is all there are.
	BatchNum int
	// FloatWeights calibrates with the float weights instead of the fake-quantized ones.
	FloatWeights bool
	// Joint lets operands that meet in one addition or concatenation share factors (AMCT 5.3).
	Joint bool
	// Equalize evens out the ranges of channels between consecutive layers before calibration.
	Equalize bool
	// CorrectBias takes the mean error of each channel out of its bias after calibration.
	CorrectBias bool
	// Shift finds shifts for accumulators that are kept in 16 bits (AMCT 2.6).
	Shift bool
	// Half rounds the scales of activations to float16, and lets accumulators have 19 bits of their scale (AMCT 4,
	// FORCE_FP16_QUANT).
	Half bool
	// Seed is that of searches that draw.
	Seed uint64
}

// LayerSettings are the choices for one layer.
type LayerSettings struct {
	Skip       bool
	Activation ActivationSettings
	Weight     WeightSettings
	// Balance is the migration strength of AMCT's DMQ balancer, in [0.2, 0.8]; 0 leaves it out.
	Balance float64
	// Smooth is SmoothQuant's strength, in (0, 1); 0 leaves it out.
	Smooth float64
}

// ActivationSettings say how the range of a layer's input is found.
type ActivationSettings struct {
	Algorithm  ActivationAlgorithm
	Bits       int // 4, 8 or 16
	Asymmetric bool
	IFMR       calib.IFMRConfig
	Bins       int // of HFMG: 1024, 2048, 4096 or 8192
}

// WeightSettings say how a layer's weights are rounded.
type WeightSettings struct {
	Algorithm  WeightAlgorithm
	Bits       int   // 8, 7, 6 or 4; fewer than 8 otherwise are not AMCT's
	PerChannel *bool // nil: the operator's default
	AdaRound   calib.AdaRoundConfig
	NUQ        calib.NUQConfig
}

// ActivationAlgorithm names an observer, as AMCT's act_algo does.
type ActivationAlgorithm string

// The observers.
const (
	IFMR       ActivationAlgorithm = "ifmr"
	HFMG       ActivationAlgorithm = "hfmg"
	MinMax     ActivationAlgorithm = "minmax" // this and the following are not AMCT's
	Percentile ActivationAlgorithm = "percentile"
	Entropy    ActivationAlgorithm = "entropy"
	MSE        ActivationAlgorithm = "mse"
)

// WeightAlgorithm names a way to round weights, as AMCT's wts_algo does.
type WeightAlgorithm string

// The ways to round weights.
const (
	ARQ        WeightAlgorithm = "arq_quantize"  // by the range, to nearest
	AdaRound   WeightAlgorithm = "ada_quantize"  // learned rounding
	NUQ        WeightAlgorithm = "nuq_quantize"  // levels of a code book
	GPTQ       WeightAlgorithm = "gptq_quantize" // rounding that makes up for earlier errors; AMCT has it for language models only
	MSEWeights WeightAlgorithm = "mse_quantize"  // the scale with least squared error, to nearest; not AMCT's
)

// NewSettings are AMCT's defaults: IFMR, asymmetric activations, ARQ weights, 8 bits.
func NewSettings() *Settings {
	return &Settings{Default: LayerSettings{
		Activation: ActivationSettings{Algorithm: IFMR, Bits: 8, Asymmetric: true, IFMR: calib.DefaultIFMR(), Bins: 4096},
		Weight:     WeightSettings{Algorithm: ARQ, Bits: 8, AdaRound: calib.DefaultAdaRound(), NUQ: calib.DefaultNUQ()},
	}}
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

// names says whether there is a choice for the node itself or for its operand of that key.
func (s *Settings) names(node, key string) bool {
	_, layer := s.Layers[node]
	_, operand := s.Operands[key]
	return layer || operand
}

// Observer makes the observer that the settings choose.
func (a ActivationSettings) Observer() calib.Observer {
	cfg := a.IFMR
	cfg.Asymmetric, cfg.Bits = a.Asymmetric, a.Bits
	switch a.Algorithm {
	case MinMax:
		return calib.NewMinMax(a.Asymmetric, a.Bits)
	case HFMG:
		return calib.NewHFMG(a.Asymmetric, a.Bits, a.Bins)
	case Percentile:
		return calib.NewPercentile(cfg)
	case Entropy:
		return calib.NewEntropy(a.Asymmetric, a.Bits)
	case MSE:
		return calib.NewMSE(a.Asymmetric, a.Bits)
	}
	return calib.NewIFMR(cfg)
}

// scheme names the observer, so that equal ones of one tensor are run once.
func (a ActivationSettings) scheme() string { return fmt.Sprintf("%v", a) }
