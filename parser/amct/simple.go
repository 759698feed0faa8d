package amct

import "github.com/amctc/amctc/ir/diag"

// A Simple is AMCT's simplified quantization config, AMCTConfig (AMCT 3.2): what holds for all layers, for
// types of them, and for single ones. Resolve makes the Config of a network of it.
type Simple struct {
	BatchNum         int
	ActivationOffset bool
	JointQuant       *bool
	DoFusion         bool
	PrecisionMode    *string

	SkipLayers, SkipTypes, SkipFusion []Named

	Common Calibration
	Types  []Override // override_layer_types
	Layers []Override // override_layer_configs

	TensorQuantize []TensorQuantize
	tensorAt       []diag.Span

	Equalize, BiasCorrection, ShiftSearch *bool // not AMCT's

	at spots
}

// A Named is a name with its place.
type Named struct {
	Name string
	At   diag.Span
}

// An Override is the calibration of one layer, or of one type of layers.
type Override struct {
	Named
	Calibration
}

// A Calibration is a CalibrationConfig. It has three parts, each given or nil; a part that is given holds
// whole, with AMCT's defaults for the fields that it leaves out.
type Calibration struct {
	Weights     *WeightConfig     // arq_quantize, ada_quantize, nuq_quantize and ours
	Activations *ActivationConfig // ifmr_quantize, hfmg_quantize and ours
	Balancer    *Balancer         // dmq_balancer, smooth_quant

	weightsAt, activationsAt spots
}

// A Balancer evens out channels of a layer's input: AMCT's DMQ balancer, or SmoothQuant, which AMCT does
// not have in this file.
type Balancer struct {
	Smooth   bool
	Strength float64
	At       diag.Span
}
