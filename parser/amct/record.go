package amct

// A Record is AMCT's ScaleOffsetRecord: the quantization factors of a network.
type Record struct {
	Layers []*Layer // one for each key
}

// HalfPrecision is the fakequant_precision_mode with scales of float16, and 19 bits of the scales of accumulators.
const HalfPrecision = "FORCE_FP16_QUANT"

// A Layer holds the factors of one layer: those of the tensor entering it and of its weights.
type Layer struct {
	Key string

	// ScaleD and OffsetD map the activations: real = (code - OffsetD) * ScaleD. A record of the
	// weights alone has none, and HasScaleD is false.
	ScaleD    float32
	HasScaleD bool
	OffsetD   int32 // a code of ActBits

	ScaleW  []float32 // one, or one for each output channel; none for a layer without weights
	OffsetW []int32   // zeros, as many as ScaleW has elements

	ShiftBit            []uint32  // one, or one for each output channel: N, all 0 for no shift or all in 1 … 16
	TensorBalanceFactor []float32 // one for each input channel: what the balancer divides it by; none without one
	PrecisionMode       string    // HalfPrecision, or empty
	SkipFusion          bool      // keep the layer's batch normalization apart

	// Cluster are the levels of non-uniform weights, ascending, in [-128, 127]; none for uniform ones.
	Cluster []int32

	// ActType is "INT4", "INT8" or "INT16", WtsType "INT4", "INT6", "INT7" or "INT8", DstType, which stands
	// over both, "INT4" or "INT8"; empty where the record does not say, which means INT8.
	ActType, WtsType, DstType string
	OpDataType                string // "float32", or empty where the record does not say

	IsTensorQuantize bool // a tensor that is quantized for itself, without weights
}

// Layer finds a layer by its key; nil when the record has none.
func (r *Record) Layer(key string) *Layer {
	for _, l := range r.Layers {
		if l.Key == key {
			return l
		}
	}
	return nil
}

// ActBits is the width of the layer's activation codes.
func (l *Layer) ActBits() int {
	if l.DstType != "" {
		return width(l.DstType)
	}
	return width(l.ActType)
}

// WtsBits is the width of the layer's weight codes.
func (l *Layer) WtsBits() int {
	if l.DstType != "" {
		return width(l.DstType)
	}
	return width(l.WtsType)
}
