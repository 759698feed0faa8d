package ascend

import "github.com/amctc/amctc/ir/diag"

// The codes of the lowering's diagnostics.
const (
	codeSoC      diag.Code = "T001"
	codeOperator diag.Code = "T002"
	codeBuffer   diag.Code = "T003"
	codeField    diag.Code = "T004"
	codeRange    diag.Code = "T005"
	codeMain     diag.Code = "T006"
	codeType     diag.Code = "T007"
)

// Codes documents every diagnostic of the lowering, in order.
var Codes = []struct{ Code, Title, Text string }{
	{"T001", "SoC cannot be lowered for", "Programs are made for SoCs whose Fixpipe requantizes int32 sums to int8, on split cube and vector cores: ascend910b1, ascend910b3, ascend950pr. On earlier parts the vector unit would have to do it in float16, which has other results. Choose one of these with --target."},
	{"T002", "operator is not lowered", "The message names the node. The network must be at the integer stage (amctc quantize); operators of the fake-quantized stage have no instructions."},
	{"T003", "a tile does not fit a buffer", "The smallest possible piece of the node's work is larger than a buffer of the core: a row of the image that is too wide, or a kernel that is too large. The message has the sizes. Split the node in the network, or leave it float with the skip_layers setting."},
	{"T004", "a size exceeds a field", "An instruction's field cannot hold a size of this node, such as a kernel side over 255, a stride over 63 or a dilation over 255. Leave the node float with the skip_layers setting."},
	{"T005", "a sum may leave int32", "The bias with the zero point's share folded in, or a partial sum of the codes, may leave the range of int32. Leave the node float with the skip_layers setting."},
	{"T006", "nothing to lower", "The module has no function main, or the function has no results."},
	{"T007", "element type is not lowered", "Values are float32 or int8 codes with one scale, weights int8 and biases int32."},
}
