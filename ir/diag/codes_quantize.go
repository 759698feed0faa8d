package diag

// quantizeCodes are those of the passes and of quantization.
var quantizeCodes = []Entry{
	{Code: "Q001", Title: "batch normalization was not merged",
		Meaning: "A factor of the batch normalization, or a weight or bias that merging would make, is not finite in float32. A negative variance or one near zero without eps does that. The operator stays on its own, in float. A warning.",
		WayOut:  "Correct the statistics in the model, or accept a float operator in the middle of the network."},
	{Code: "Q002", Title: "layer stays float by its settings or its form",
		Meaning: "The configuration skips the layer, or the operator has no integer form in this place; the message has the reason. The layer computes in float32 inside the same artefacts. A remark.",
		WayOut:  "Remove the layer from skip_layers, if that is the reason."},
	{Code: "Q003", Title: "layer stays float for lack of factors",
		Meaning: "The record has no factors for this layer's input, so that it can't be quantized. A remark.",
		WayOut:  "Calibrate again with the same configuration, or add the layer to the record."},
	{Code: "Q004", Title: "weight scale was raised",
		Meaning: "The scale of a channel whose weights are all, or nearly, zero was raised to the smallest one with which its bias has room in int32. The output is the same to within rounding; the record holds the raised scale. A remark.",
		WayOut:  "None is needed. Channels that are pruned to zero can be removed from the network."},
	{Code: "Q005", Title: "layer stays float because its sums may overflow",
		Meaning: "From the actual weights and bias it can't be proven that every partial sum of the layer fits int32, or a scale cannot be represented. The layer computes in float32. A warning.",
		WayOut:  "Split the layer, or look for weights of extreme size in it."},
	{Code: "Q006", Title: "layer is not balanced",
		Meaning: "The record has balance factors for a layer whose weights are computed at run time, so that they can't be scaled ahead of it. The network computes the same without them. A warning.",
		WayOut:  "Remove tensor_balance_factor of the layer from the record, or export its weights as constants."},
	{Code: "Q010", Title: "record does not fit the network",
		Meaning: "A layer that the record has input factors for lacks its weight scales, or has another number of them than one or one for each output channel; or its balance factors are not one for each input channel, or take weights beyond float32.",
		WayOut:  "Calibrate this network again with \"amctc calibrate\"; records of other networks, or of another channel_wise setting, don't fit."},
	{Code: "Q020", Title: "network is quantized already",
		Meaning: "Calibration and quantization start from a float network, and the module is in a later stage.",
		WayOut:  "Give the ONNX model or the .amir that \"amctc import\" wrote."},
}
