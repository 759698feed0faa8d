package onnx

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// errorCase is a model and every line that importing it must draw.
type errorCase struct {
	name string
	m    model
	opt  Options
	want string
}

func (m model) edit(f func(m *pb.ModelProto)) model { f(m.ModelProto); return m }

func (m model) init(t *pb.TensorProto) model {
	m.Graph.Initializer = append(m.Graph.Initializer, t)
	return m
}

var errorCases = slices.Concat(quantErrors, controlErrors, dynamicErrors, []errorCase{
	{name: "no graph", m: newModel(13).edit(func(m *pb.ModelProto) { m.Graph = nil }), want: `m.onnx: error[I001]: not an ONNX model: it holds no graph`},
	{name: "no outputs", m: image(13).node("Relu x -> y"), want: `m.onnx: error[I001]: the graph has no outputs`},
	{name: "versions", m: image(26).node("Relu x -> y").out("y").edit(func(m *pb.ModelProto) { m.IrVersion = 14 }), want: `
m.onnx: error[I002]: IR version 14 is outside 3 to 13; convert the model with the onnx package
m.onnx: error[I003]: opset 26 is outside 1 to 25; export again with opset_version=13, or use onnx.version_converter`},
	{name: "no opset", m: image(1).node("Relu x -> y").out("y").edit(func(m *pb.ModelProto) { m.OpsetImport = nil }),
		want: `m.onnx: error[I003]: the model names no version of the default operator set; export it again with opset_version=13`},
	{name: "everything at once", m: batch(13).node("Unique x -> a").named("act").node("Relu a -> b").node("SequenceMap b a -> c").node("DynamicQuantizeLinear c -> d").
		node("Softmax x -> e", integer("axis", 0)).node("Concat d e -> y", integer("axis", 0)).out("y"), want: `
m.onnx:act: error[I004]: Unique "act": operator Unique is not supported; how many results it gives depends on the data, and networks have fixed shapes: end the network in front of it with onnx.utils.extract_model, and do this step outside of it
m.onnx:SequenceMap_2: error[I004]: SequenceMap "SequenceMap_2": operator SequenceMap is not supported; export with fixed input shapes and constants folded, so that control flow disappears
m.onnx:Softmax_4: error[I022]: Softmax "Softmax_4": axis 0 is the free batch: softmax would mix samples; fix the batch with --input-shape`},
	{name: "domain", m: image(13).node("Gelu x -> y").out("y").edit(func(m *pb.ModelProto) { m.Graph.Node[0].Domain = "org.example" }),
		want: `m.onnx:Gelu_0: error[I005]: Gelu "Gelu_0": operators of domain "org.example" are not supported; the model holds no function of this name; export without custom operators`},
	{name: "operator of a later opset", m: image(8).i64("s", 1).node("ConstantOfShape s -> c").node("Add x c -> y").out("y"),
		want: `m.onnx:ConstantOfShape_0: error[I004]: ConstantOfShape "ConstantOfShape_0": operator ConstantOfShape does not exist in opset 8`},
	{name: "nothing to compute with", m: newModel(14).i64("z", 0).in("x", 2, 3).i64("s", 2, 0).node("ConstantOfShape z -> e").node("Reshape e s -> f", integer("allowzero", 1)).
		node("MatMul x f -> y").out("y").edit(func(m *pb.ModelProto) { m.Graph.Initializer[1].Int64Data = []int64{3, 0} }), opt: Options{Numbers: true}, want: `
m.onnx:MatMul_2: error[I015]: MatMul "MatMul_2": constant "f" has no elements (shape [0 3]); nothing is computed with it`},
	{name: "attention", m: newModel(23).in("q", 1, 3, 2, 4).in("k", 1, 2, 2, 4).in("f", 1, 2, 6).in("x", 1, 2, 2, 5).floats("t", 1, 2, 2).
		node("Attention q k k -> a").node("Attention q q q _ k -> b").node("Attention f f f -> c", integer("q_num_heads", 4), integer("kv_num_heads", 4)).
		node("RotaryEmbedding x t t -> d").node("RotaryEmbedding q k t -> e").out("a", "b", "c", "d", "e"), want: `
m.onnx:Attention_0: error[I020]: Attention "Attention_0": heads of tensor<1x3x2x4xf32>, tensor<1x2x2x4xf32> and tensor<1x2x2x4xf32> do not go together
m.onnx:Attention_1: error[I008]: Attention "Attention_1": it has one of past_key and past_value; both are wanted, or none
m.onnx:Attention_2: error[I020]: Attention "Attention_2": its input 0 is tensor<1x2x6xf32> with 4 heads (q_num_heads); want rank 4, or rank 3 with heads that divide the last axis
m.onnx:Attention_2: error[I020]: Attention "Attention_2": its input 1 is tensor<1x2x6xf32> with 4 heads (kv_num_heads); want rank 4, or rank 3 with heads that divide the last axis
m.onnx:Attention_2: error[I020]: Attention "Attention_2": its input 2 is tensor<1x2x6xf32> with 4 heads (kv_num_heads); want rank 4, or rank 3 with heads that divide the last axis
m.onnx:RotaryEmbedding_3: error[I020]: RotaryEmbedding "RotaryEmbedding_3": 5 elements (rotary_embedding_dim) of a head of 5
m.onnx:RotaryEmbedding_4: error[I021]: RotaryEmbedding "RotaryEmbedding_4": its table of cosines, "k", is computed at run time and must be a constant; export with constants folded`},
	{name: "control flow", m: image(13).node("If x -> y").out("y"),
		want: `m.onnx:If_0: error[I021]: If "If_0": its condition, "x", is computed at run time; only one branch can be compiled: give the inputs that it depends on a value with --bind, or fix shapes with --input-shape`},
	{name: "attribute type", m: image(13).node("Softmax x -> y", float("axis", 1)).out("y"),
		want: `m.onnx:Softmax_0: error[I006]: Softmax "Softmax_0": attribute axis is of type FLOAT, want INT`},
	{name: "attribute missing", m: image(13).node("MaxPool x -> y").out("y"),
		want: `m.onnx:MaxPool_0: error[I006]: MaxPool "MaxPool_0": attribute kernel_shape is missing`},
	{name: "attribute values", m: image(13).floats("w", 1, 2, 1, 1).node("Conv x w -> a", ints("strides", 0, 1)).node("Conv x w -> b", ints("pads", 1, 1)).
		node("Conv x w -> c", str("auto_pad", "FULL")).node("Conv x w -> d", ints("kernel_shape", 3, 3)).node("Flatten x -> e", integer("axis", 9)).
		node("Transpose x -> f", ints("perm", 0, 0, 1, 2)).out("a", "b", "c", "d", "e", "f"), want: `
m.onnx:Conv_0: error[I006]: Conv "Conv_0": attribute strides is [0 1], want two numbers between 1 and 2^20
m.onnx:Conv_1: error[I006]: Conv "Conv_1": attribute pads is [1 1], want four numbers between 0 and 2^20
m.onnx:Conv_2: error[I006]: Conv "Conv_2": attribute auto_pad is "FULL", want NOTSET, VALID, SAME_UPPER or SAME_LOWER
m.onnx:Conv_3: error[I006]: Conv "Conv_3": attribute kernel_shape is [3 3], the weights have shape [1 2 1 1]
m.onnx:Flatten_4: error[I006]: Flatten "Flatten_4": axis 9 does not exist in a tensor of rank 4
m.onnx:Transpose_5: error[I006]: Transpose "Transpose_5": perm [0 0 1 2] is no permutation of the 4 axes`},
	{name: "unknown attribute", m: image(13).node("Relu x -> y", integer("alpha", 1)).out("y"),
		want: `m.onnx:Relu_0: warning[I007]: Relu "Relu_0": it has an attribute "alpha" that the operator does not know; it is ignored`},
	{name: "arity", m: image(13).node("Relu x x -> a").node("Add _ x -> b").out("a", "b"), want: `
m.onnx:Relu_0: error[I008]: Relu "Relu_0": it has 2 inputs, want 1
m.onnx:Add_1: error[I008]: Add "Add_1": its input 0 is left out but required`},
	{name: "undefined", m: image(13).node("Add x nowhere -> y").out("y", "nothing"), want: `
m.onnx:Add_0: error[I009]: Add "Add_0": its input 1, "nowhere", is provided by no node, input or initializer
m.onnx: error[I009]: output "nothing": no node, input or initializer provides it`},
	{name: "twice", m: image(13).in("x", 1).floats("w", 1).floats("w", 1).node("Relu x -> a").node("Relu x -> a").out("a", "a"), want: `
m.onnx: error[I010]: initializer "w": two initializers have this name
m.onnx: error[I010]: input "x": the graph lists two inputs of this name
m.onnx:Relu_1: error[I010]: Relu "Relu_1": its output "a" is defined before; ONNX demands single assignment
m.onnx: error[I010]: output "a": the graph lists it twice among its outputs`},
	{name: "cycle", m: image(13).node("Add x b -> a").node("Relu a -> b").out("b"),
		want: `m.onnx:Add_0: error[I011]: Add "Add_0": it needs its own result, through "a"; ONNX graphs have no cycles`},
	{name: "input types", m: newModel(13).edit(func(m *pb.ModelProto) {
		m.Graph.Input = []*pb.ValueInfoProto{info("a", pb.TensorProto_FLOAT16, 1), info("b", pb.TensorProto_INT64, 1), {Name: "c"}, info("d", pb.TensorProto_FLOAT), info("e", 99, 1)}
	}).node("Add a b -> y").out("y"), want: `
m.onnx: warning[I029]: tensor "a": it is of half precision; its numbers are taken as they are, and the network is computed in float32 throughout
m.onnx: error[I012]: input "b": its elements are INT64, not float32; give it the value that it has in every call with --bind b=VALUE, or export the network in float32 and convert outside of it
m.onnx: error[I012]: input "c": it is no dense tensor; export the network with tensor inputs
m.onnx: error[I012]: input "d": it is a scalar; inputs are tensors with at least one dimension
m.onnx: error[I012]: input "e": its elements are of the unknown type 99, not float32; export the network in float32 and convert outside of it`},
	{name: "dynamic dimensions", m: newModel(13).in("x", -1, 3, -1, 0).node("Relu x -> y").out("y"),
		want: `m.onnx: error[I013]: input "x": dimension 2 (N), dimension 3 left open; only the leading dimension may be, give the shape with --input-shape x:1,3,224,224`},
	{name: "no shape", m: newModel(13).in("x", 1).node("Relu x -> y").out("y").edit(func(m *pb.ModelProto) { m.Graph.Input[0].Type.GetTensorType().Shape = nil }),
		want: `m.onnx: error[I013]: input "x": the model does not say its shape; give it with --input-shape x:1,3,224,224`},
	{name: "two batches", m: newModel(13).in("x", -1, 2).in("z", -1, 2).node("Add x z -> y").out("y").edit(func(m *pb.ModelProto) {
		m.Graph.Input[1].Type.GetTensorType().Shape.Dim[0].Value = &pb.TensorShapeProto_Dimension_DimParam{DimParam: "M"}
	}), want: `m.onnx: error[I013]: input "z": its free dimension "M" is not the batch "N" of another input; fix one of them with --input-shape z:1,2`},
	{name: "input shapes", m: newModel(13).in("x", 1, 2).in("z", 1, 2).node("Add x z -> y").out("y"),
		opt: Options{InputShapes: map[string][]int{"x": {1, 2, 3}, "z": {1, 3}, "Z": {1}}}, want: `
m.onnx: error[I014]: input "x": --input-shape gives 3 dimensions, the model has 2
m.onnx: error[I014]: input "z": --input-shape says 3 for dimension 1, the model fixes it to 2
m.onnx: error[I014]: --input-shape Z: the model has no such input, only "x", "z"; did you mean "x"?`},
	{name: "damaged tensors", m: image(13).
		init(&pb.TensorProto{Name: "a", DataType: 1, Dims: []int64{3}, FloatData: []float32{1}}).
		init(&pb.TensorProto{Name: "b", DataType: 1, Dims: []int64{1 << 40, 1 << 40}, RawData: []byte{1}}).
		init(&pb.TensorProto{Name: "c", DataType: 1, Dims: []int64{-1}}).
		init(&pb.TensorProto{Name: "d", DataType: 1, Dims: []int64{2}, RawData: []byte{1, 2, 3}}).
		init(&pb.TensorProto{Name: "e", DataType: 8, Dims: []int64{1}, StringData: [][]byte{{1}}}).
		node("Add x a -> A").node("Add x b -> B").node("Add x c -> C").node("Add x d -> D").node("Add x e -> E").out("A", "B", "C", "D", "E"), want: `
m.onnx: error[I015]: initializer "a": 1 elements do not fill shape [3]
m.onnx: error[I015]: initializer "b": dimensions [1099511627776 1099511627776] are negative or too large
m.onnx: error[I015]: initializer "c": dimensions [-1] are negative or too large
m.onnx: error[I015]: initializer "d": 3 bytes do not hold [2] of FLOAT
m.onnx: error[I017]: initializer "e": its elements are STRING, which is not supported; export the network in float32`},
	{name: "elements", m: image(13).i64("i", 1).init(&pb.TensorProto{Name: "h", DataType: 10, Dims: []int64{1}, Int32Data: []int32{0x3c00}}).
		node("Add x i -> a").node("Mul x h -> b").node("Cast x -> c", integer("to", 7)).out("a", "b", "c"), want: `
m.onnx: warning[I029]: tensor "h": it is of half precision; its numbers are taken as they are, and the network is computed in float32 throughout
m.onnx:Add_0: error[I017]: Add "Add_0": constant "i" holds INT64, where float32 is needed; export the network in float32
m.onnx:Cast_2: error[I017]: Cast "Cast_2": it converts computed numbers to INT64; networks are float32 throughout, remove it or export in float32`},
	{name: "not finite", m: image(13).f32("w", []float32{1, float32(math.Inf(1))}, 1, 2, 1, 1).node("Conv x w -> y").out("y"),
		want: `m.onnx:Conv_0: error[I018]: Conv "Conv_0": element 1 of constant "w" is +Inf; weights must be finite`},
	{name: "forms", m: newModel(13).in("x", 1, 2, 3).in("i", 1, 2, 5, 5).in("k", 2, 1).floats("w3", 2, 2, 2).floats("m", 1, 2).scalar("m1", 2).
		i64("p", 0, 0, 0, 0).node("MatMul k x -> c").node("MatMul x w3 -> d").node("MatMul m1 k -> e").
		node("Gemm k m -> f", integer("transA", 1)).node("Pad k p -> g", str("mode", "mirror")).
		node("AveragePool i -> l", ints("kernel_shape", 4, 4), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1), integer("ceil_mode", 1), integer("count_include_pad", 1)).
		node("IsNaN x -> o").node("Softplus x -> q").node("Gather x q -> r").
		node("ArgMax x -> t").node("Neg t -> u").node("Gather x t -> v").
		out("c", "d", "e", "f", "g", "l", "o", "r", "t", "u", "v"), want: `
m.onnx:MatMul_0: error[I020]: MatMul "MatMul_0": rows of a have 1 elements, columns of b 2
m.onnx:MatMul_1: error[I020]: MatMul "MatMul_1": rows of a have 3 elements, columns of b 2
m.onnx:Gemm_3: error[I020]: Gemm "Gemm_3": weights take 1 inputs, the last dimension of x is 2
m.onnx:MatMul_2: error[I020]: MatMul "MatMul_2": its operands have ranks 0 and 2, want at least 1
m.onnx:Pad_4: error[I019]: Pad "Pad_4": mode "mirror" is not supported, only constant, edge, reflect and wrap
m.onnx:AveragePool_5: error[I019]: AveragePool "AveragePool_5": count_include_pad together with ceil_mode is not supported where windows reach beyond the padding; export with ceil_mode=False
m.onnx:IsNaN_6: error[I017]: IsNaN "IsNaN_6": its result would be tensor<1x2x3xbool>; networks are float32 throughout
m.onnx:Gather_8: error[I020]: Gather "Gather_8": operand 1 is tensor<1x2x3xf32>, want integers, and no free batch
m.onnx:Neg_10: error[I017]: Neg "Neg_10": its input "t" holds computed indices; they can be outputs, or those of MaxUnpool, and nothing else
m.onnx:Gather_11: error[I017]: Gather "Gather_11": its input "t" holds computed indices; they can be outputs, or those of MaxUnpool, and nothing else`},
	{name: "training", m: image(14).floats("s", 2).init(&pb.TensorProto{Name: "t", DataType: 9, Int32Data: []int32{1}}).f32("r", []float32{0.5}).
		node("BatchNormalization x s s s s -> a", integer("training_mode", 1)).node("Dropout x r t -> b").out("a", "b"), want: `
m.onnx:BatchNormalization_0: error[I019]: BatchNormalization "BatchNormalization_0": training_mode=1 is not supported; export the network in evaluation mode
m.onnx:Dropout_1: error[I019]: Dropout "Dropout_1": training mode is not supported; export the network in evaluation mode`},
	{name: "shapes", m: image(13).floats("w", 1, 3, 1, 1).floats("b", 3).node("Conv x w -> a").node("Add x b -> c").
		i64("s", 7, -1).node("Reshape x s -> d").out("a", "c", "d"), want: `
m.onnx:Conv_0: error[I020]: Conv "Conv_0": weights take 3 channels of each group, the input has 2 in 1 groups
m.onnx:Add_1: error[I020]: Add "Add_1": shapes [1 2 5 5] and [3] do not broadcast
m.onnx:Reshape_2: error[I020]: Reshape "Reshape_2": 50 elements of tensor<1x2x5x5xf32> do not fill shape [7 -1]`},
	{name: "computed where constant is needed", m: image(13).in("s", 2).node("BatchNormalization x s s s s -> a").node("Clip x s -> b").node("Reshape x s -> c").out("a", "b", "c"), want: `
m.onnx:BatchNormalization_0: error[I021]: BatchNormalization "BatchNormalization_0": its scale, "s", is computed at run time and must be a constant; export with constants folded
m.onnx:Clip_1: error[I021]: Clip "Clip_1": its lower bound, "s", is computed at run time and must be a constant; export with constants folded
m.onnx:Reshape_2: error[I021]: Reshape "Reshape_2": its shape, "s", is computed at run time and must be a constant; export with constants folded`},
	{name: "free batch", m: batch(11).i64("s", 1, -1).i64("t", -1, 4).i64("two", 2).i64("z", 0).node("Reshape x s -> a").node("Reshape x t -> b").
		node("Transpose x -> c").node("Flatten x -> d", integer("axis", 2)).node("Squeeze x -> e", ints("axes", 0)).
		node("Unsqueeze x -> f", ints("axes", 0)).node("Size x -> sz").node("Concat sz t -> u", integer("axis", 0)).node("Shape x -> sh").node("Add sh two -> u2").
		node("Reshape x u2 -> g").node("Concat x x -> h", integer("axis", 0)).out("a", "b", "c", "d", "e", "f", "g", "h", "u"), want: `
m.onnx:Reshape_0: error[I022]: Reshape "Reshape_0": shape [1 -1] for tensor<?x2x4x4xf32> would not keep the free batch in front; fix the batch with --input-shape
m.onnx:Reshape_1: error[I022]: Reshape "Reshape_1": shape [-1 4] for tensor<?x2x4x4xf32> would not keep the free batch in front; fix the batch with --input-shape
m.onnx:Transpose_2: error[I022]: Transpose "Transpose_2": perm [3 2 1 0] moves the free batch; give --input-shape to fix it
m.onnx:Flatten_3: error[I022]: Flatten "Flatten_3": flattening tensor<?x2x4x4xf32> at axis 2 would join the free batch with other dimensions; fix the batch with --input-shape
m.onnx:Squeeze_4: error[I022]: Squeeze "Squeeze_4": it removes the free batch; fix the batch with --input-shape
m.onnx:Unsqueeze_5: error[I022]: Unsqueeze "Unsqueeze_5": shape [1 -1 2 4 4] for tensor<?x2x4x4xf32> would not keep the free batch in front; fix the batch with --input-shape
m.onnx:Size_6: error[I022]: Size "Size_6": it computes with the free batch; fix the batch with --input-shape
m.onnx:Add_9: error[I022]: Add "Add_9": it computes with the free batch; fix the batch with --input-shape
m.onnx:Concat_11: error[I022]: Concat "Concat_11": axis 0 is the free batch: joining would mix samples; fix the batch with --input-shape`},
	{name: "results", m: image(13).floats("w", 1).node("Identity x -> y").out("y", "w", "x"), want: `
m.onnx: error[I023]: output "y": it is the input "x" unchanged; remove it from the graph's outputs
m.onnx: error[I023]: output "w": it is a constant; remove it from the graph's outputs
m.onnx: error[I023]: output "x": it is the input "x" unchanged; remove it from the graph's outputs`},
	{name: "names", m: image(13).node("Relu x -> a").named("r").node("Relu a -> y").named("r").out("y"),
		want: `m.onnx:r: warning[I024]: Relu "r": another node has this name; this one is called "r_1" from here on`},
	{name: "too large", m: image(13).i64("s", 1<<20, 1<<10).i64("t", 1<<40, 1<<40).scalar("a", 0).scalar("b", 1<<40).scalar("d", 1).
		node("Pad x pads -> p").i64("pads", 0, 0, 1<<20, 1<<20, 0, 0, 0, 0).node("MaxPool x -> q", ints("kernel_shape", 1<<20, 1), ints("pads", 1<<20, 0, 1<<20, 0)).
		node("ConstantOfShape s -> c").node("Expand a t -> e").node("Range a b d -> f").node("Add x c -> y").node("Add x e -> y1").node("Add x f -> y2").out("y", "y1", "y2", "p", "q"), want: `
m.onnx:Pad_0: error[I025]: Pad "Pad_0": its result would be tensor<1x2x1048581x1048581xf32>, 2^31 elements or more
m.onnx:MaxPool_1: error[I025]: MaxPool "MaxPool_1": 1048582 windows of 1048576 positions along axis 2 are too many
m.onnx:ConstantOfShape_2: error[I025]: ConstantOfShape "ConstantOfShape_2": evaluating it needs a constant of 1073741824 elements, too many for a model of this size
m.onnx:Expand_3: error[I025]: Expand "Expand_3": shape [1099511627776 1099511627776] is negative or too large
m.onnx:Range_4: error[I025]: Range "Range_4": evaluating it needs a constant of 1099511627776 elements, too many for a model of this size`},
	{name: "places", m: batch(16).floats("g", 1, 2, 2, 2).i64("k", 2, 2, 2).i64("first", 0).i64("b", 0).floats("r", 1, 4).in("v", 1, 2, 4, 4, 4).
		node("Shape x -> s").node("Gather s first -> n").node("Concat n k -> e", integer("axis", 0)).node("Expand g e -> grids").
		node("GridSample x grids -> a").node("Relu grids -> c").node("GridSample x g -> d", str("mode", "spline")).node("GridSample v g -> h").
		node("RoiAlign x r b -> i").node("MaxPool v -> m j", ints("kernel_shape", 2, 2, 2)).out("a", "c", "d", "h", "i", "j"), want: `
m.onnx:GridSample_6: error[I006]: GridSample "GridSample_6": attributes mode="spline" and padding_mode="zeros", want linear, nearest or cubic and zeros, border or reflection
m.onnx:GridSample_7: error[I019]: GridSample "GridSample_7": GridSample of rank 5 (three-dimensional) is not supported, only images (N, C, H, W)
m.onnx:MaxPool_9: error[I019]: MaxPool "MaxPool_9": indices of a three-dimensional pooling are not supported, only those of images (N, C, H, W)
m.onnx:Relu_5: error[I022]: Relu "Relu_5": its input "grids" is a constant, repeated for each sample of the free batch, which only GridSample takes; fix the batch with --input-shape
m.onnx:RoiAlign_8: error[I022]: RoiAlign "RoiAlign_8": regions belong to images of any sample; give --input-shape to fix the batch`},
	{name: "extra outputs", m: image(13).node("Relu x -> y i").out("y", "i"),
		want: `m.onnx:Relu_0: error[I026]: Relu "Relu_0": its output 1, "i", is used but not supported; only the first output is`},
})

func TestErrors(t *testing.T) {
	for _, c := range errorCases {
		t.Run(c.name, func(t *testing.T) {
			m, diags := Import("m.onnx", c.m.bytes(t), c.opt)
			want := strings.Split(strings.TrimSpace(c.want), "\n")
			var got []string
			for _, d := range diags.Sorted() {
				got = append(got, d.Error())
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if (m == nil) != diags.HasErrors() {
				t.Errorf("module %v with errors %v", m, diags.HasErrors())
			}
		})
	}
}

// TestCodes demands that every documented code occurs in a test, and nothing else.
func TestCodes(t *testing.T) {
	var text strings.Builder
	for _, c := range errorCases {
		text.WriteString(c.want)
	}
	known := map[string]bool{}
	for _, c := range diag.Codes() {
		if c[0] != 'I' {
			continue
		}
		known[c] = true
		if c != string(codeExternal) && !strings.Contains(text.String(), "["+c+"]") {
			t.Errorf("%s has no case", c)
		}
	}
	for _, part := range strings.Split(text.String(), "[I")[1:] {
		if code := "I" + part[:3]; !known[code] {
			t.Errorf("%s is not documented", code)
		}
	}
}

func external(kv ...string) *pb.TensorProto {
	t := &pb.TensorProto{Name: "w", DataType: 1, Dims: []int64{1, 2}, DataLocation: pb.TensorProto_EXTERNAL}
	for i := 0; i < len(kv); i += 2 {
		t.ExternalData = append(t.ExternalData, &pb.StringStringEntryProto{Key: kv[i], Value: kv[i+1]})
	}
	return t
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "model", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	data := []byte{9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64}
	for _, f := range []string{"secret", "model/sub/w.bin"} {
		if err := os.WriteFile(filepath.Join(dir, f), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "model", "link")); err != nil {
		t.Fatal(err)
	}
	build := func(w *pb.TensorProto) []byte {
		return newModel(13).in("x", 1, 2).init(w).node("Add x w -> y").out("y").bytes(t)
	}
	opt := Options{Dir: filepath.Join(dir, "model")}
	m := mustImport(t, "m.onnx", build(external("location", "sub/w.bin", "offset", "4", "length", "8")), opt)
	if got := listing(m); got != "y = add(x, @w[1 2]) : 1x2\n" {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		w    *pb.TensorProto
		opt  Options
		want string
	}{
		{external("location", "sub/w.bin"), Options{}, "the model's folder is not known"},
		{external("location", "../secret"), opt, "outside the model's folder"},
		{external("location", "/etc/hostname"), opt, "outside the model's folder"},
		{external(), opt, "none is named"},
		{external("location", "link"), opt, "path escapes from parent"},
		{external("location", "none"), opt, "no such file"},
		{external("location", "sub"), opt, "does not hold"},
		{external("location", "sub/w.bin", "offset", "8"), opt, "does not hold 8 bytes at 8"},
		{external("location", "sub/w.bin", "offset", "-1"), opt, "do not fit"},
		{external("location", "sub/w.bin", "offset", "x"), opt, "is no number"},
		{external("location", "sub/w.bin", "length", "9"), opt, "do not fit"},
	} {
		_, diags := Import("m.onnx", build(c.w), c.opt)
		if d := diags.Sorted(); len(d) != 1 || d[0].Code != codeExternal || !strings.Contains(d[0].Message, c.want) {
			t.Errorf("%v: got %v, want %q", c.w.ExternalData, diags, c.want)
		}
	}
}

// TestElementTypes reads the same small numbers from every type, raw and from typed fields.
func TestElementTypes(t *testing.T) {
	for elem, raw := range map[pb.TensorProto_DataType][]byte{
		pb.TensorProto_FLOAT: {0, 0, 128, 63, 0, 0, 0, 64}, pb.TensorProto_DOUBLE: {0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64},
		pb.TensorProto_FLOAT16: {0, 60, 0, 64}, pb.TensorProto_BFLOAT16: {128, 63, 0, 64},
		pb.TensorProto_UINT8: {1, 2}, pb.TensorProto_INT8: {1, 2}, pb.TensorProto_UINT16: {1, 0, 2, 0}, pb.TensorProto_INT16: {1, 0, 2, 0},
		pb.TensorProto_INT32: {1, 0, 0, 0, 2, 0, 0, 0}, pb.TensorProto_UINT32: {1, 0, 0, 0, 2, 0, 0, 0},
		pb.TensorProto_INT64: {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, pb.TensorProto_UINT64: {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0},
	} {
		field := &pb.TensorProto{FloatData: []float32{1, 2}, DoubleData: []float64{1, 2}, Int64Data: []int64{1, 2}, Uint64Data: []uint64{1, 2}, Int32Data: []int32{1, 2}}
		switch elem {
		case pb.TensorProto_FLOAT16:
			field.Int32Data = []int32{0x3c00, 0x4000}
		case pb.TensorProto_BFLOAT16:
			field.Int32Data = []int32{0x3f80, 0x4000}
		}
		for _, w := range []*pb.TensorProto{{RawData: raw}, field} {
			w.Name, w.DataType, w.Dims = "w", int32(elem), []int64{1, 2}
			m := newModel(13).in("x", 1, 2).init(w).node("Cast w -> f", integer("to", 1)).node("Add x f -> y").out("y")
			got := listing(mustImport(t, "m.onnx", m.bytes(t), Options{}))
			if name := got[len("y = add(x, @") : len("y = add(x, @")+1]; got != "y = add(x, @"+name+"[1 2]) : 1x2\n" {
				t.Errorf("%s: got %s", elem, got)
			}
		}
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x7bff: 65504, 0xc100: -2.5, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		if got := tensor.Half(h); got != want {
			t.Errorf("%#x is %v, want %v", h, got, want)
		}
	}
	if !math.IsNaN(tensor.Half(0x7e00)) {
		t.Error("0x7e00 is a number")
	}
}

// FuzzImport: no file makes the importer panic, and what it accepts has no errors.
func FuzzImport(f *testing.F) {
	add := func(m model) {
		if b, err := proto.Marshal(m.ModelProto); err == nil {
			f.Add(b)
		}
	}
	for _, c := range opCases {
		add(c.m)
	}
	for _, c := range errorCases {
		add(c.m)
	}
	for _, c := range earlyCases {
		add(c.early)
	}
	for _, c := range stepCases {
		add(c.m)
	}
	f.Add([]byte("version https://git-lfs.github.com/spec/v1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, numbers := range []bool{false, true} {
			m, diags := Import("fuzz.onnx", data, Options{Numbers: numbers})
			if (m == nil) != diags.HasErrors() {
				t.Fatalf("module %v with %v", m, diags)
			}
			if m != nil {
				if l := ir.Verify(m); l.HasErrors() {
					t.Fatalf("the module is accepted but wrong: %v", l)
				}
			}
			var l diag.List
			l.Append(diags)
			_ = l.Render(nil)
		}
	})
}
