package amct

// A Config is AMCT's JSON quantization config. Absent globals have AMCT's defaults.
type Config struct {
	Version  int // 1
	BatchNum int // batches of calibration data, positive

	ActivationOffset bool // asymmetric activations unless a layer says otherwise
	JointQuant       bool // operands that meet in an addition share factors
	DoFusion         bool // fold batch normalization

	SkipFusionLayers []string
	SkipFusionPos    []Pos // where each of SkipFusionLayers is named

	Layers map[string]*LayerConfig
	Order  []string // the keys of Layers as the file has them
}

// A LayerConfig is what a config says of one layer; what it leaves out is nil.
type LayerConfig struct {
	Pos         Pos // of the layer's name in the file
	QuantEnable *bool
	Balance     *float64 // dmq_balancer_param, in [0.2, 0.8]
	Activation  *ActivationConfig
	Weight      *WeightConfig
}

// An ActivationConfig is activation_quant_params.
type ActivationConfig struct {
	NumBits *int // 8

	// MaxPercentile and MinPercentile are in (0.5, 1]. The candidates of IFMR are SearchRange[0] to
	// SearchRange[1] by SearchStep.
	MaxPercentile, MinPercentile *float64
	SearchRange                  []float64 // nil or two values
	SearchStep                   *float64

	NumOfBins *int // of HFMG: 1024, 2048, 4096 or 8192

	ActAlgo    *string // "ifmr" or "hfmg", or what AMCT does not have: "minmax", "percentile", "entropy", "mse"
	Asymmetric *bool
}

// A WeightConfig is weight_quant_params.
type WeightConfig struct {
	NumBits     *int    // 4, 6, 7 or 8
	WtsAlgo     *string // "arq_quantize", "ada_quantize" or "nuq_quantize", or what AMCT does not have: "gptq_quantize", "mse_quantize"
	ChannelWise *bool

	NumIteration        *int      // of ada_quantize, as the next three
	RegParam, WarmStart *float64  // in (0, 1)
	BetaRange           []float64 // nil or two values, falling

	NumSteps       *int // of nuq_quantize: 16 or 32
	NumOfIteration *int // of nuq_quantize: 0 to 5
}

// NewConfig is a config without layers and with AMCT's defaults.
func NewConfig() *Config {
	return &Config{Version: 1, BatchNum: 1, ActivationOffset: true, DoFusion: true, Layers: make(map[string]*LayerConfig)}
}

// CheckLayers reports every layer that the config names and the network does not have, each with
// its place.
func (c *Config) CheckLayers(known func(name string) bool) error {
	var f findings
	for _, name := range c.Order {
		if !known(name) {
			f.add(c.Layers[name].Pos, "layer %q does not exist in the network", name)
		}
	}
	for i, name := range c.SkipFusionLayers {
		if !known(name) {
			var p Pos
			if i < len(c.SkipFusionPos) {
				p = c.SkipFusionPos[i]
			}
			f.add(p, "layer %q in skip_fusion_layers does not exist in the network", name)
		}
	}
	return f.err()
}
