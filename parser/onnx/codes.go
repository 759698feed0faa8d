package onnx

import "github.com/amctc/amctc/ir/diag"

// The codes of the importer's diagnostics.
const (
	codeFile        diag.Code = "I001"
	codeIRVersion   diag.Code = "I002"
	codeOpset       diag.Code = "I003"
	codeOperator    diag.Code = "I004"
	codeDomain      diag.Code = "I005"
	codeAttr        diag.Code = "I006"
	codeUnknownAttr diag.Code = "I007"
	codeArity       diag.Code = "I008"
	codeUndefined   diag.Code = "I009"
	codeTwice       diag.Code = "I010"
	codeCycle       diag.Code = "I011"
	codeInputType   diag.Code = "I012"
	codeDynamic     diag.Code = "I013"
	codeInputShape  diag.Code = "I014"
	codeTensor      diag.Code = "I015"
	codeExternal    diag.Code = "I016"
	codeElem        diag.Code = "I017"
	codeFinite      diag.Code = "I018"
	codeForm        diag.Code = "I019"
	codeShape       diag.Code = "I020"
	codeConst       diag.Code = "I021"
	codeBatch       diag.Code = "I022"
	codeResult      diag.Code = "I023"
	codeName        diag.Code = "I024"
	codeTooLarge    diag.Code = "I025"
	codeOutput      diag.Code = "I026"
)

// Codes documents every diagnostic of the importer, in order.
var Codes = []struct{ Code, Title, Text string }{
	{"I001", "not an ONNX model", "The file is not the protobuf message of an ONNX model, or holds no graph. Check that the download is whole and is not a Git LFS pointer or an archive."},
	{"I002", "IR version", "amctc reads ONNX IR versions 3 to 10. Convert the model with a matching release of the onnx package."},
	{"I003", "opset", "amctc reads operator sets 7 to 21 of the default domain. Convert the model with onnx.version_converter, or export it again with opset_version=13."},
	{"I004", "operator is not supported", "The message names the node and operator. Remove the operator from the network, replace it by supported ones, or cut the model in front of it with onnx.utils.extract_model. \"amctc ops\" lists what networks may be made of."},
	{"I005", "operator of a foreign domain", "Only operators of the default ONNX domain have a meaning that amctc knows. Export without custom operators, and inline model-local functions with onnx.inliner."},
	{"I006", "bad attribute", "An attribute is missing, has the wrong type, or a value outside its range. The exporter wrote an invalid model."},
	{"I007", "unknown attribute", "The operator has no such attribute; it was ignored. A warning."},
	{"I008", "wrong number of inputs or outputs", "The node has fewer or more inputs or outputs than its operator takes. The exporter wrote an invalid model."},
	{"I009", "tensor is not defined", "A node or the graph's output names a tensor that no node, input or initializer provides."},
	{"I010", "tensor is defined twice", "Two nodes, inputs or initializers provide the same name. ONNX demands single assignment."},
	{"I011", "cycle", "The named node needs its own result. ONNX graphs are acyclic."},
	{"I012", "type of an input", "Inputs are dense float32 tensors. Export the network in float32; do conversions from other types outside of it."},
	{"I013", "dynamic dimension", "Only the leading dimension of an input may stay open: it is the batch. Give the other dimensions with --input-shape NAME:1,3,224,224."},
	{"I014", "--input-shape does not fit", "The shape given for an input has another rank than the model's, contradicts a dimension that the model fixes, or names no input."},
	{"I015", "damaged tensor", "A constant's dimensions do not fit its data."},
	{"I016", "external data", "The data of a constant lie in a file of their own that can't be read. The file must lie in the model's folder or below it."},
	{"I017", "element type of a constant", "The operator takes float32 here, or the element type can't be read at all. Export the network in float32."},
	{"I018", "constant is not finite", "A weight is NaN or infinite; the network was not trained properly, or the file is damaged."},
	{"I019", "form of an operator is not supported", "The operator is supported, but not with this rank, mode or attribute. The message says which and what to do."},
	{"I020", "shapes do not fit", "The operands of a node do not fit together. The model is invalid, or --input-shape gives a shape that the network was not made for."},
	{"I021", "operand must be constant", "The operand is computed at run time, where amctc needs a constant."},
	{"I022", "free batch", "The model leaves the batch open, and this operator would mix or move samples. Fix the batch with --input-shape NAME:1,3,224,224."},
	{"I023", "output is not computed", "An output of the graph is one of its inputs or a constant. Remove it from the outputs."},
	{"I024", "node name is used twice", "Records name layers by their node, so that names must differ; the later node was renamed. A warning."},
	{"I025", "too large", "A constant that shape arithmetic would make, or a tensor of the network, is larger than the size of the model justifies. The model is damaged, or --input-shape gives a wrong shape."},
	{"I026", "output is not supported", "The node's main output is supported, the one named here is not, but something uses it."},
}
