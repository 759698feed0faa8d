package amct

import "github.com/amctc/amctc/ir/diag"

// A Configuration is what a file of settings holds: a *Config, which names every layer, or a *Simple,
// which a network makes a Config of.
type Configuration interface {
	// For is the configuration of one network: every layer with what it can have. What it can't have is
	// an error, or a warning or remark where AMCT takes something else. The Configuration stays as it is.
	For(net *Network) (*Config, *diag.List)
}

// A Config is AMCT's JSON quantization config (AMCT 3.1). Globals that a file may leave out and that
// AMCT writes only in some variants are nil where the file has none, so that a file is written as it was
// read; the other absent globals have AMCT's defaults.
type Config struct {
	Version  int // 1
	BatchNum int // batches of calibration data, positive

	ActivationOffset bool  // asymmetric activations unless a layer says otherwise
	JointQuant       *bool // operands that meet in one addition share factors
	WeightOffset     *bool // false: AMCT has no asymmetric weights
	DoFusion         bool  // fold batch normalization

	// PrecisionMode is fakequant_precision_mode: "DEFAULT" or HalfPrecision.
	PrecisionMode *string

	SkipFusionLayers []string
	TensorQuantize   []TensorQuantize // nil: the file does not have the key

	// Equalize and BiasCorrection are not AMCT's: weights are evened out between layers before calibration,
	// and mean errors are taken out of biases after it. Nor is ShiftSearch, which AMCT ties to JointQuant: shifts
	// that keep 16 bits of accumulators are found.
	Equalize, BiasCorrection, ShiftSearch *bool

	Layers map[string]*LayerConfig
	Order  []string // the keys of Layers as the file has them

	at spots
}

// A LayerConfig is what a config says of one layer; what it leaves out is nil.
type LayerConfig struct {
	QuantEnable *bool
	Balance     *float64 // dmq_balancer_param, the migration strength in [0.2, 0.8]
	Smooth      *float64 // smooth_strength in (0, 1), which is not AMCT's name in this file
	Activation  *ActivationConfig
	Weight      *WeightConfig
}

// An ActivationConfig is activation_quant_params.
type ActivationConfig struct {
	NumBits *int // 4, 8 or 16

	// MaxPercentile and MinPercentile are in (0.5, 1]. The candidates of IFMR are SearchRange[0] to
	// SearchRange[1] by SearchStep.
	MaxPercentile, MinPercentile *float64
	SearchRange                  []float64 // nil or two values
	SearchStep                   *float64

	NumOfBins *int // of HFMG: 1024, 2048, 4096 or 8192

	ActAlgo    *string // one of actAlgos
	Asymmetric *bool
}

// A WeightConfig is weight_quant_params.
type WeightConfig struct {
	NumBits     *int    // 4, 6, 7 or 8
	WtsAlgo     *string // one of wtsAlgos
	ChannelWise *bool

	NumIteration        *int      // of ada_quantize, as the next three
	RegParam, WarmStart *float64  // in (0, 1)
	BetaRange           []float64 // nil or two values, falling

	NumSteps       *int // of nuq_quantize: 16 or 32
	NumOfIteration *int // of nuq_quantize: 0 to 5
}

// A TensorQuantize says how one operand of an operator without weights is quantized.
type TensorQuantize struct {
	LayerName  string
	InputIndex int
	Activation *ActivationConfig // nil: defaults
}

// actAlgos and wtsAlgos are AMCT's algorithms, and then those that AMCT does not have in this file.
var (
	actAlgos = []string{"ifmr", "hfmg", "minmax", "percentile", "entropy", "mse"}
	wtsAlgos = []string{"arq_quantize", "ada_quantize", "nuq_quantize", "gptq_quantize", "mse_quantize"}
)

// NewConfig is a config without layers and with AMCT's defaults.
func NewConfig() *Config {
	return &Config{Version: 1, BatchNum: 1, ActivationOffset: true, DoFusion: true, Layers: make(map[string]*LayerConfig), at: make(spots)}
}

// spots are the places of settings in their file, by path.
type spots map[string]diag.Span

func pathKey(path []string) string {
	key := ""
	for _, p := range path {
		key += p + "\x00"
	}
	return key
}

func (s spots) set(at diag.Span, path ...string) { s[pathKey(path)] = at }

// get is the place of a setting, or of the nearest one around it.
func (s spots) get(path ...string) diag.Span {
	for n := len(path); n > 0; n-- {
		if at, ok := s[pathKey(path[:n])]; ok {
			return at
		}
	}
	return diag.Span{}
}

// Place is where the file has a setting, such as Place("conv1", "weight_quant_params", "num_bits"), or the
// nearest one around it; the zero Span when the config was not read from a file.
func (c *Config) Place(path ...string) diag.Span { return c.at.get(path...) }
