package onnx

// table says how each operator of the default domain is imported. Handlers see inputs that
// exist and are known or computed, never poisoned ones.
var table = map[string]entry{
	"Add":                {min: 2, max: 2, outs: 1, reads: readsAcc | readsChain, build: buildAdd},
	"AveragePool":        {min: 1, max: 1, outs: 1, attrs: append([]string{"count_include_pad"}, poolAttrs...), build: buildAveragePool},
	"BatchNormalization": {min: 5, max: 5, outs: 1, attrs: []string{"epsilon", "momentum", "spatial", "training_mode"}, build: buildBatchNorm},
	"Cast":               {min: 1, max: 1, outs: 1, reads: readsAcc, attrs: []string{"to", "saturate"}, build: buildCast},
	"Clip":               {min: 1, max: 3, outs: 1, reads: readsChain, attrs: []string{"min", "max"}, build: buildClip},
	"Concat":             {min: 1, max: -1, outs: 1, reads: movesCodes, attrs: []string{"axis"}, build: buildConcat},
	"Constant": {min: 0, max: 0, outs: 1, attrs: []string{"value", "value_float", "value_floats", "value_int", "value_ints",
		"value_string", "value_strings", "sparse_value"}, build: buildConstant},
	"ConstantOfShape": {min: 1, max: 1, outs: 1, attrs: []string{"value"}, since: 9, build: buildConstantOfShape},
	"Conv":            {min: 2, max: 3, outs: 1, reads: readsQuant, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}, build: buildConv},
	"ConvInteger": {min: 2, max: 4, outs: 1, reads: readsCodes, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"},
		since: 10, build: buildConvInteger},
	"DequantizeLinear":  {min: 2, max: 3, outs: 1, reads: readsCodes, attrs: []string{"axis", "block_size"}, since: 10, build: buildDequantizeLinear},
	"Div":               {min: 2, max: 2, outs: 1, build: buildDiv},
	"Dropout":           {min: 1, max: 3, outs: 1, attrs: []string{"ratio", "seed", "is_test"}, build: buildDropout},
	"Expand":            {min: 2, max: 2, outs: 1, since: 8, build: buildExpand},
	"Flatten":           {min: 1, max: 1, outs: 1, reads: movesCodes, attrs: []string{"axis"}, build: buildFlatten},
	"Gather":            {min: 2, max: 2, outs: 1, attrs: []string{"axis"}, build: buildGather},
	"Gemm":              {min: 2, max: 3, outs: 1, reads: readsQuant, attrs: []string{"alpha", "beta", "transA", "transB"}, build: buildGemm},
	"GlobalAveragePool": {min: 1, max: 1, outs: 1, build: func(c *call) { buildGlobalPool(c, "nn.avg_pool2d") }},
	"GlobalMaxPool":     {min: 1, max: 1, outs: 1, reads: movesCodes, build: func(c *call) { buildGlobalPool(c, "nn.max_pool2d") }},
	"Identity":          {min: 1, max: 1, outs: 1, reads: movesCodes, build: func(c *call) { c.alias(0) }},
	"MatMul":            {min: 2, max: 2, outs: 1, reads: readsQuant, build: buildMatMul},
	"MaxPool":           {min: 1, max: 1, outs: 1, reads: movesCodes, attrs: append([]string{"storage_order"}, poolAttrs...), build: buildMaxPool},
	"Mul":               {min: 2, max: 2, outs: 1, reads: readsAcc, build: buildMul},
	"MatMulInteger":     {min: 2, max: 4, outs: 1, reads: readsCodes, since: 10, build: buildMatMulInteger},
	"Neg":               {min: 1, max: 1, outs: 1, build: buildNeg},
	"Pad":               {min: 1, max: 4, outs: 1, attrs: []string{"mode", "pads", "value"}, build: buildPad},
	"QLinearConv": {min: 8, max: 9, outs: 1, reads: readsCodes, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"},
		since: 10, build: buildQLinearConv},
	"QLinearMatMul": {min: 8, max: 8, outs: 1, reads: readsCodes, since: 10, build: buildQLinearMatMul},
	"QuantizeLinear": {min: 2, max: 3, outs: 1, attrs: []string{"axis", "block_size", "output_dtype", "precision", "saturate"}, since: 10,
		build: buildQuantizeLinear},
	"Range":      {min: 3, max: 3, outs: 1, since: 11, build: buildRange},
	"ReduceMean": {min: 1, max: 2, outs: 1, attrs: []string{"axes", "keepdims", "noop_with_empty_axes"}, build: buildReduceMean},
	"Relu":       {min: 1, max: 1, outs: 1, build: func(c *call) { c.unary("nn.relu") }},
	"Reshape":    {min: 2, max: 2, outs: 1, reads: movesCodes, attrs: []string{"allowzero"}, build: buildReshape},
	"Round":      {min: 1, max: 1, outs: 1, since: 11, build: buildRound},
	"Shape":      {min: 1, max: 1, outs: 1, attrs: []string{"start", "end"}, build: buildShape},
	"Size":       {min: 1, max: 1, outs: 1, build: buildSize},
	"Slice":      {min: 1, max: 5, outs: 1, attrs: []string{"starts", "ends", "axes"}, build: buildSlice},
	"Softmax":    {min: 1, max: 1, outs: 1, attrs: []string{"axis"}, build: buildSoftmax},
	"Sqrt":       {min: 1, max: 1, outs: 1, build: buildSqrt},
	"Squeeze":    {min: 1, max: 2, outs: 1, reads: movesCodes, attrs: []string{"axes"}, build: buildSqueeze},
	"Sub":        {min: 2, max: 2, outs: 1, reads: readsChain, build: buildSub},
	"Sum":        {min: 1, max: -1, outs: 1, build: buildSum},
	"Transpose":  {min: 1, max: 1, outs: 1, reads: movesCodes, attrs: []string{"perm"}, build: buildTranspose},
	"Unsqueeze":  {min: 1, max: 2, outs: 1, reads: movesCodes, attrs: []string{"axes"}, build: buildUnsqueeze},
}

// foreign are the operators of AMCT's deploy models, whatever their domain, and of ONNX Runtime's own
// domain, com.microsoft.
var foreign = map[string]entry{
	"AscendAntiQuant": {min: 1, max: 1, outs: 1, reads: readsQuant, attrs: []string{"scale", "offset", "dst_type", "dtype", "sqrt_mode"},
		build: buildAscendAntiQuant},
	"AscendDequant": {min: 2, max: 2, outs: 1, reads: readsAcc, attrs: []string{"dtype", "relu_flag", "sqrt_mode"},
		build: buildAscendDequant},
	"AscendQuant": {min: 1, max: 1, outs: 1, attrs: []string{"scale", "offset", "dst_type", "dtype", "quant_bits", "round_mode", "sqrt_mode"},
		build: buildAscendQuant},
	"QGemm":      {min: 6, max: 9, outs: 1, reads: readsCodes, attrs: []string{"alpha", "transA", "transB"}, build: buildQGemm},
	"QLinearAdd": {min: 7, max: 8, outs: 1, reads: readsCodes, build: buildQLinearAdd},
	"QLinearAveragePool": {min: 4, max: 5, outs: 1, reads: readsCodes, attrs: append([]string{"channels_last", "count_include_pad"}, poolAttrs...),
		build: buildQLinearAveragePool},
	"QLinearConcat": {min: 5, max: -1, outs: 1, reads: readsCodes, attrs: []string{"axis"}, build: buildQLinearConcat},
	"QLinearGlobalAveragePool": {min: 4, max: 5, outs: 1, reads: readsCodes, attrs: []string{"channels_last"},
		build: buildQLinearGlobalAveragePool},
	"QLinearMul": {min: 7, max: 8, outs: 1, reads: readsCodes, build: buildQLinearMul},
}

var poolAttrs = []string{"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides"}

// wayOut says what a user can do about an operator that is not supported.
func wayOut(opType string) string {
	switch opType {
	case "DynamicQuantizeLinear":
		return "its factors depend on the data of each call: quantize the model statically, or compile the float model it was made from"
	case "If", "Loop", "Scan":
		return "export with fixed input shapes and constants folded, so that control flow disappears"
	}
	return `replace it by operators that "amctc ops" lists, or cut the model in front of it with onnx.utils.extract_model`
}
