package onnx

import (
	"maps"
	"slices"
)

// table says how each operator of the default domain is imported. Handlers see inputs that
// exist and are known or computed, never poisoned ones.
var table = merged(functionTable, pairTable, reduceTable, map[string]entry{
	"Add":                {min: 2, max: 2, outs: 1, reads: readsAcc | readsChain, build: buildAdd},
	"AveragePool":        {min: 1, max: 1, outs: 1, attrs: append([]string{"count_include_pad"}, poolAttrs...), build: buildAveragePool},
	"BatchNormalization": {min: 5, max: 5, outs: 3, attrs: []string{"epsilon", "momentum", "spatial", "training_mode"}, build: buildBatchNorm},
	"Cast":               {min: 1, max: 1, outs: 1, reads: readsAcc, attrs: []string{"to", "saturate", "round_mode"}, build: buildCast},
	"Clip":               {min: 1, max: 3, outs: 1, reads: readsChain, attrs: []string{"min", "max"}, build: buildClip},
	"Concat":             {min: 1, max: -1, outs: 1, reads: movesCodes, attrs: []string{"axis"}, build: buildConcat},
	"Constant": {min: 0, max: 0, outs: 1, attrs: []string{"value", "value_float", "value_floats", "value_int", "value_ints",
		"value_string", "value_strings", "sparse_value"}, build: buildConstant},
	"ConstantOfShape": {min: 1, max: 1, outs: 1, attrs: []string{"value"}, since: 9, build: buildConstantOfShape},
	"Conv":            {min: 2, max: 3, outs: 1, reads: readsQuant, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}, build: buildConv},
	"ConvInteger": {min: 2, max: 4, outs: 1, reads: readsCodes | readsDynamic, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"},
		since: 10, build: buildConvInteger},
	"DequantizeLinear":      {min: 2, max: 3, outs: 1, reads: readsCodes, attrs: []string{"axis", "block_size", "output_dtype"}, since: 10, build: buildDequantizeLinear},
	"DynamicQuantizeLinear": {min: 1, max: 1, outs: 3, since: 11, build: buildDynamicQuantizeLinear},
	"MelWeightMatrix":       {min: 5, max: 5, outs: 1, attrs: []string{"output_datatype"}, since: 17, build: buildMelWeightMatrix},
	"TfIdfVectorizer": {min: 1, max: 1, outs: 1, attrs: []string{"max_gram_length", "max_skip_count", "min_gram_length", "mode", "ngram_counts",
		"ngram_indexes", "pool_int64s", "pool_strings", "weights"}, since: 9, build: buildTfIdf},
	"Div":               {min: 2, max: 2, outs: 1, build: buildDiv},
	"Dropout":           {min: 1, max: 3, outs: 2, attrs: []string{"ratio", "seed", "is_test"}, build: buildDropout},
	"Expand":            {min: 2, max: 2, outs: 1, since: 8, build: buildExpand},
	"Flatten":           {min: 1, max: 1, outs: 1, reads: movesCodes, attrs: []string{"axis"}, build: buildFlatten},
	"Gather":            {min: 2, max: 2, outs: 1, attrs: []string{"axis"}, build: buildGather},
	"Gemm":              {min: 2, max: 3, outs: 1, reads: readsQuant, attrs: []string{"alpha", "beta", "transA", "transB"}, build: buildGemm},
	"GlobalAveragePool": {min: 1, max: 1, outs: 1, build: func(c *call) { buildGlobalPool(c, "nn.avg_pool2d") }},
	"GlobalMaxPool":     {min: 1, max: 1, outs: 1, reads: movesCodes, build: func(c *call) { buildGlobalPool(c, "nn.max_pool2d") }},
	"Identity":          {min: 1, max: 1, outs: 1, reads: movesCodes, build: func(c *call) { c.alias(0) }},
	"MatMul":            {min: 2, max: 2, outs: 1, reads: readsQuant, build: buildMatMul},
	"MaxPool":           {min: 1, max: 1, outs: 2, reads: movesCodes, attrs: append([]string{"storage_order"}, poolAttrs...), build: buildMaxPool},
	"Mul":               {min: 2, max: 2, outs: 1, reads: readsAcc | readsDynamic, build: buildMul},
	"MatMulInteger":     {min: 2, max: 4, outs: 1, reads: readsCodes | readsDynamic, since: 10, build: buildMatMulInteger},
	"Pad":               {min: 1, max: 4, outs: 1, attrs: []string{"mode", "pads", "value"}, build: buildPad},
	"QLinearConv": {min: 8, max: 9, outs: 1, reads: readsCodes, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"},
		since: 10, build: buildQLinearConv},
	"QLinearMatMul": {min: 8, max: 8, outs: 1, reads: readsCodes, since: 10, build: buildQLinearMatMul},
	"QuantizeLinear": {min: 2, max: 3, outs: 1, attrs: []string{"axis", "block_size", "output_dtype", "precision", "saturate"}, since: 10,
		build: buildQuantizeLinear},
	"Range":                 {min: 3, max: 3, outs: 1, since: 11, build: buildRange},
	"DFT":                   {min: 1, max: 3, outs: 1, attrs: []string{"axis", "inverse", "onesided"}, since: 17, build: buildDFT},
	"MaxUnpool":             {min: 2, max: 3, outs: 1, attrs: []string{"kernel_shape", "pads", "strides"}, since: 9, build: buildMaxUnpool},
	"STFT":                  {min: 2, max: 4, outs: 1, attrs: []string{"onesided"}, since: 17, build: buildSTFT},
	"Einsum":                {min: 1, max: -1, outs: 1, since: 12, attrs: []string{"equation"}, build: buildEinsum},
	"Relu":                  {min: 1, max: 1, outs: 1, build: func(c *call) { c.unary("nn.relu") }},
	"Reshape":               {min: 2, max: 2, outs: 1, reads: movesCodes, attrs: []string{"allowzero"}, build: buildReshape},
	"Round":                 {min: 1, max: 1, outs: 1, since: 11, build: buildRound},
	"Shape":                 {min: 1, max: 1, outs: 1, attrs: []string{"start", "end"}, build: buildShape},
	"Size":                  {min: 1, max: 1, outs: 1, build: buildSize},
	"Slice":                 {min: 1, max: 5, outs: 1, attrs: []string{"starts", "ends", "axes"}, build: buildSlice},
	"Softmax":               {min: 1, max: 1, outs: 1, attrs: []string{"axis"}, build: buildSoftmax},
	"Squeeze":               {min: 1, max: 2, outs: 1, reads: movesCodes, attrs: []string{"axes"}, build: buildSqueeze},
	"Sub":                   {min: 2, max: 2, outs: 1, reads: readsChain, build: buildSub},
	"Sum":                   {min: 1, max: -1, outs: 1, build: chainOf("nn.add")},
	"Transpose":             {min: 1, max: 1, outs: 1, reads: movesCodes, attrs: []string{"perm"}, build: buildTranspose},
	"ArgMax":                {min: 1, max: 1, outs: 1, attrs: []string{"axis", "keepdims", "select_last_index"}, build: buildArg(false)},
	"ArgMin":                {min: 1, max: 1, outs: 1, attrs: []string{"axis", "keepdims", "select_last_index"}, build: buildArg(true)},
	"BlackmanWindow":        {min: 1, max: 1, outs: 1, attrs: []string{"output_datatype", "periodic"}, since: 17, build: windowOf(0.42, 0.5, 0.08)},
	"EyeLike":               {min: 1, max: 1, outs: 1, attrs: []string{"dtype", "k"}, since: 9, build: buildEyeLike},
	"GroupNormalization":    {min: 3, max: 3, outs: 1, attrs: []string{"epsilon", "num_groups", "stash_type"}, since: 18, build: buildGroupNorm},
	"HammingWindow":         {min: 1, max: 1, outs: 1, attrs: []string{"output_datatype", "periodic"}, since: 17, build: windowOf(25./46, 21./46, 0)},
	"HannWindow":            {min: 1, max: 1, outs: 1, attrs: []string{"output_datatype", "periodic"}, since: 17, build: windowOf(0.5, 0.5, 0)},
	"InstanceNormalization": {min: 3, max: 3, outs: 1, attrs: []string{"epsilon"}, since: 6, build: buildInstanceNorm},
	"LRN":                   {min: 1, max: 1, outs: 1, attrs: []string{"alpha", "beta", "bias", "size"}, build: buildLRN},
	// Of opset 17; ONNX Runtime writes it into models of earlier ones.
	"LayerNormalization":        {min: 2, max: 3, outs: 3, attrs: []string{"axis", "epsilon", "stash_type"}, since: 7, build: buildLayerNorm},
	"MeanVarianceNormalization": {min: 1, max: 1, outs: 1, attrs: []string{"axes"}, since: 9, build: buildMVN},
	"NegativeLogLikelihoodLoss": {min: 2, max: 3, outs: 1, attrs: []string{"ignore_index", "reduction"}, since: 12, build: buildNLL},
	"NonZero":                   {min: 1, max: 1, outs: 1, since: 9, build: buildNonZero},
	"OneHot":                    {min: 3, max: 3, outs: 1, attrs: []string{"axis"}, since: 9, build: buildOneHot},
	"Resize": {min: 1, max: 4, outs: 1, attrs: []string{"antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside",
		"extrapolation_value", "keep_aspect_ratio_policy", "mode", "nearest_mode"}, since: 10, build: buildResize},
	"SoftmaxCrossEntropyLoss": {min: 2, max: 3, outs: 2, attrs: []string{"ignore_index", "reduction"}, since: 12, build: buildCrossEntropy},
	"Upsample":                {min: 1, max: 2, outs: 1, attrs: []string{"mode", "scales"}, build: buildUpsample},
	"ConvTranspose": {min: 2, max: 3, outs: 1, attrs: []string{"auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads",
		"strides"}, build: buildConvTranspose},
	"GRU":             {min: 3, max: 6, outs: 2, attrs: append([]string{"linear_before_reset"}, recurrentAttrs...), build: buildRecurrent(3, []string{"Sigmoid", "Tanh"}, stepGRU)},
	"LSTM":            {min: 3, max: 8, outs: 3, attrs: append([]string{"input_forget"}, recurrentAttrs...), build: buildRecurrent(4, []string{"Sigmoid", "Tanh", "Tanh"}, stepLSTM)},
	"RNN":             {min: 3, max: 6, outs: 2, attrs: recurrentAttrs, build: buildRecurrent(1, []string{"Tanh"}, stepRNN)},
	"BitShift":        {min: 2, max: 2, outs: 1, attrs: []string{"direction"}, since: 11, build: buildBitShift},
	"CastLike":        {min: 2, max: 2, outs: 1, attrs: []string{"saturate"}, since: 15, build: buildCastLike},
	"Compress":        {min: 2, max: 2, outs: 1, attrs: []string{"axis"}, since: 9, build: buildCompress},
	"CumSum":          {min: 2, max: 2, outs: 1, attrs: []string{"exclusive", "reverse"}, since: 11, build: buildCumSum},
	"DepthToSpace":    {min: 1, max: 1, outs: 1, attrs: []string{"blocksize", "mode"}, build: buildDepthToSpace},
	"GatherElements":  {min: 2, max: 2, outs: 1, attrs: []string{"axis"}, since: 11, build: buildGatherElements},
	"GatherND":        {min: 2, max: 2, outs: 1, attrs: []string{"batch_dims"}, since: 11, build: buildGatherND},
	"Gelu":            {min: 1, max: 1, outs: 1, attrs: []string{"approximate"}, since: 20, build: buildGelu},
	"Hardmax":         {min: 1, max: 1, outs: 1, attrs: []string{"axis"}, build: buildHardmax},
	"IsInf":           {min: 1, max: 1, outs: 1, attrs: []string{"detect_negative", "detect_positive"}, since: 10, build: buildIsInf},
	"IsNaN":           {min: 1, max: 1, outs: 1, since: 9, build: func(c *call) { c.unary("nn.is_nan") }},
	"LogSoftmax":      {min: 1, max: 1, outs: 1, attrs: []string{"axis"}, build: buildLogSoftmax},
	"Max":             {min: 1, max: -1, outs: 1, build: chainOf("nn.max")},
	"Mean":            {min: 1, max: -1, outs: 1, build: buildMean},
	"Min":             {min: 1, max: -1, outs: 1, build: chainOf("nn.min")},
	"Mod":             {min: 2, max: 2, outs: 1, attrs: []string{"fmod"}, since: 10, build: buildMod},
	"Not":             {min: 1, max: 1, outs: 1, build: func(c *call) { c.unary("nn.not") }},
	"Pow":             {min: 2, max: 2, outs: 1, build: buildPow},
	"ReverseSequence": {min: 2, max: 2, outs: 1, attrs: []string{"batch_axis", "time_axis"}, since: 10, build: buildReverseSequence},
	"Scatter":         {min: 3, max: 3, outs: 1, attrs: []string{"axis"}, since: 9, build: buildScatterElements},
	"ScatterElements": {min: 3, max: 3, outs: 1, attrs: []string{"axis", "reduction"}, since: 11, build: buildScatterElements},
	"ScatterND":       {min: 3, max: 3, outs: 1, attrs: []string{"reduction"}, since: 11, build: buildScatterND},
	"SpaceToDepth":    {min: 1, max: 1, outs: 1, attrs: []string{"blocksize"}, build: buildSpaceToDepth},
	"Split":           {min: 1, max: 2, outs: 1 << 20, attrs: []string{"axis", "split", "num_outputs"}, build: buildSplit},
	"Tile":            {min: 2, max: 2, outs: 1, build: buildTile},
	"TopK":            {min: 1, max: 2, outs: 2, attrs: []string{"axis", "k", "largest", "sorted"}, build: buildTopK},
	"Trilu":           {min: 1, max: 2, outs: 1, attrs: []string{"upper"}, since: 14, build: buildTrilu},
	"Where":           {min: 3, max: 3, outs: 1, since: 9, build: buildWhere},
	"If":              {min: 1, max: 1, outs: 1 << 20, attrs: []string{"else_branch", "then_branch"}},
	"Loop":            {min: 0, max: -1, outs: 1 << 20, attrs: []string{"body"}},
	"Scan": {min: 0, max: -1, outs: 1 << 20, attrs: []string{"body", "directions", "num_scan_inputs", "scan_input_axes", "scan_input_directions",
		"scan_output_axes", "scan_output_directions"}, since: 8},
	"Det":        {min: 1, max: 1, outs: 1, since: 11, build: func(c *call) { c.unary("nn.det") }},
	"GridSample": {min: 2, max: 2, outs: 1, reads: readsEach, attrs: []string{"align_corners", "mode", "padding_mode"}, since: 16, build: buildGridSample},
	"RoiAlign": {min: 3, max: 3, outs: 1, attrs: []string{"coordinate_transformation_mode", "mode", "output_height", "output_width", "sampling_ratio", "spatial_scale"},
		since: 10, build: buildRoiAlign},
	"RMSNormalization": {min: 2, max: 2, outs: 1, attrs: []string{"axis", "epsilon", "stash_type"}, since: 23, build: buildRMSNorm},
	"Attention": {min: 3, max: 6, outs: 3, attrs: []string{"is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap",
		"softmax_precision"}, since: 23, build: buildAttention},
	"RotaryEmbedding": {min: 3, max: 4, outs: 1, attrs: []string{"interleaved", "num_heads", "rotary_embedding_dim"}, since: 23, build: buildRotary},
	"Swish":           {min: 1, max: 1, outs: 1, attrs: []string{"alpha"}, since: 24, build: buildSwish},
	"Unsqueeze":       {min: 1, max: 2, outs: 1, reads: movesCodes, attrs: []string{"axes"}, build: buildUnsqueeze},
})

// foreign are the operators of AMCT's deploy models, whatever their domain, and of ONNX Runtime's own
// domain, com.microsoft.
var foreign = map[string]entry{
	"AscendAntiQuant": {min: 1, max: 1, outs: 1, reads: readsQuant, attrs: []string{"scale", "offset", "dst_type", "dtype", "sqrt_mode"},
		build: buildAscendAntiQuant},
	"AscendDequant": {min: 2, max: 2, outs: 1, reads: readsAcc, attrs: []string{"dtype", "relu_flag", "sqrt_mode"},
		build: buildAscendDequant},
	"AscendQuant": {min: 1, max: 1, outs: 1, attrs: []string{"scale", "offset", "dst_type", "dtype", "quant_bits", "round_mode", "sqrt_mode"},
		build: buildAscendQuant},
	"BiasGelu": {min: 2, max: 2, outs: 1, build: buildBiasGelu("nn.gelu")},
	"FastGelu": {min: 1, max: 2, outs: 1, build: buildBiasGelu("nn.gelu_tanh")},
	"FusedConv": {min: 2, max: 4, outs: 1, attrs: []string{"activation", "activation_params", "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"},
		build: buildFused(buildConv, 3, fusedConvParams)},
	"FusedGemm": {min: 2, max: 3, outs: 1, attrs: []string{"activation", "activation_alpha", "activation_beta", "activation_gamma", "alpha", "beta", "transA", "transB"},
		build: buildFused(buildGemm, 3, fusedGemmParams)},
	"FusedMatMul":            {min: 2, max: 2, outs: 1, attrs: []string{"alpha", "transA", "transB", "transBatchA", "transBatchB"}, build: buildFusedMatMul},
	"Gelu":                   {min: 1, max: 1, outs: 1, build: buildBiasGelu("nn.gelu")},
	"QuickGelu":              {min: 1, max: 1, outs: 1, attrs: []string{"alpha"}, build: buildQuickGelu},
	"SkipLayerNormalization": {min: 3, max: 5, outs: 4, attrs: []string{"epsilon"}, build: buildSkipLayerNorm},
	"DynamicQuantizeLSTM": {min: 3, max: 12, outs: 3, attrs: append([]string{"input_forget"}, recurrentAttrs...),
		build: buildDynamicQuantizeLSTM},
	"DynamicQuantizeMatMul": {min: 3, max: 5, outs: 1, build: buildDynamicQuantizeMatMul},
	"MatMulIntegerToFloat":  {min: 4, max: 7, outs: 1, reads: readsCodes | readsDynamic, build: buildMatMulIntegerToFloat},
	"QGemm":                 {min: 6, max: 9, outs: 1, reads: readsCodes, attrs: []string{"alpha", "transA", "transB"}, build: buildQGemm},
	"QLinearAdd":            {min: 7, max: 8, outs: 1, reads: readsCodes, build: buildQLinearAdd},
	"QLinearAveragePool": {min: 4, max: 5, outs: 1, reads: readsCodes, attrs: append([]string{"channels_last", "count_include_pad"}, poolAttrs...),
		build: buildQLinearAveragePool},
	"QLinearConcat": {min: 5, max: -1, outs: 1, reads: readsCodes, attrs: []string{"axis"}, build: buildQLinearConcat},
	"QLinearGlobalAveragePool": {min: 4, max: 5, outs: 1, reads: readsCodes, attrs: []string{"channels_last"},
		build: buildQLinearGlobalAveragePool},
	"QLinearMul":                       {min: 7, max: 8, outs: 1, reads: readsCodes, build: buildQLinearMul},
	"SimplifiedLayerNormalization":     {min: 2, max: 2, outs: 2, attrs: []string{"axis", "epsilon", "stash_type"}, build: buildRMSNorm},
	"SkipSimplifiedLayerNormalization": {min: 3, max: 4, outs: 4, attrs: []string{"epsilon"}, build: buildSkipRMSNorm},
}

var recurrentAttrs = []string{"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"}

var poolAttrs = []string{"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides"}

// readsOf is what each operator takes beside float32 and known tensors. Handlers, which the tables hold, find it in
// the importer.
func readsOf() map[string]reads {
	out := make(map[string]reads)
	for _, t := range []map[string]entry{foreign, table} {
		for name, e := range t {
			out[name] = e.reads
		}
	}
	return out
}

// wayOut says what a user can do about an operator that is not supported.
func wayOut(opType string) string {
	switch opType {
	case "NonMaxSuppression", "Unique":
		return "how many results it gives depends on the data, and networks have fixed shapes: end the network in front of it with " +
			"onnx.utils.extract_model, and do this step outside of it"
	case "SequenceMap":
		return "export with fixed input shapes and constants folded, so that control flow disappears"
	}
	return `replace it by operators that "amctc ops" lists, or cut the model in front of it with onnx.utils.extract_model`
}

// Operators are the operators of ONNX's own domain that are imported, in ascending order.
func Operators() []string { return slices.Sorted(maps.Keys(table)) }
