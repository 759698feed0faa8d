package diag

// targetCodes are those of the lowering to target programs.
var targetCodes = []Entry{
	{Code: "T001", Title: "SoC can't be lowered for",
		Meaning: "Programs are made for SoCs whose Fixpipe requantizes int32 sums to int8, on split cube and vector cores. On earlier parts the vector unit would have to do it in float16, which has other results.",
		WayOut:  "Choose ascend910b1, ascend910b3 or ascend950pr with --target."},
	{Code: "T002", Title: "operator is not lowered",
		Meaning: "The message names the node. Operators of the observed and the fake-quantized stage have no instructions.",
		WayOut:  "Quantize the network first: \"amctc quantize\"."},
	{Code: "T003", Title: "a tile does not fit a buffer",
		Meaning: "The smallest possible piece of the node's work is larger than a buffer of the core: a row of the image that is too wide, or a kernel that is too large. The message has the sizes.",
		WayOut:  "Split the node in the network, or leave it float with the skip_layers setting."},
	{Code: "T004", Title: "a size exceeds a field",
		Meaning: "An instruction's field cannot hold a size of this node, such as a kernel side over 255, a stride over 63 or a dilation over 255.",
		WayOut:  "Leave the node float with the skip_layers setting."},
	{Code: "T005", Title: "a sum may leave int32",
		Meaning: "The bias with the zero point's share folded in, or a partial sum of the codes, may leave the range of int32.",
		WayOut:  "Leave the node float with the skip_layers setting."},
	{Code: "T006", Title: "nothing to lower",
		Meaning: "The module has no function @main, or the function has no results.",
		WayOut:  "Name the function @main and return its results."},
	{Code: "T007", Title: "element type is not lowered",
		Meaning: "Values are float32 or int8 codes with one scale, weights int8 and biases int32.",
		WayOut:  "Convert inputs of other types outside of the network."},
}
