package amct

// A Record is AMCT's ScaleOffsetRecord: the quantization factors of a network.
type Record struct {
	Layers []*Layer // one for each key
}

// A Layer holds the factors of one layer: those of the tensor entering it and of its weights.
type Layer struct {
	Key string

	// ScaleD and OffsetD map the activations: real = (code - OffsetD) * ScaleD. A record of the
	// weights alone has none, and HasScaleD is false.
	ScaleD    float32
	HasScaleD bool
	OffsetD   int32 // in [-128, 127]

	ScaleW  []float32 // one, or one for each output channel; none for a layer without weights
	OffsetW []int32   // zeros, as many as ScaleW has elements

	ShiftBit            []uint32  // zeros: the shift of parts without a wide multiplier is not supported
	TensorBalanceFactor []float32 // one for each input channel, or none: what the DMQ balancer divides it by
	SkipFusion          bool      // keep the layer's batch normalization apart

	// Cluster are the levels of non-uniform weights, ascending, in [-128, 127]; none for uniform ones.
	Cluster []int32

	// ActType and DstType are "INT8", WtsType is "INT4", "INT6", "INT7" or "INT8", or empty where the
	// record does not say.
	ActType, WtsType, DstType string

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
