package onnx

import (
	"slices"
	"strings"
	"testing"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// opCase is one operator in one form: what it becomes, node by node.
type opCase struct {
	name string
	m    model
	want string
}

func image(opset int64) model { return newModel(opset).in("x", 1, 2, 5, 5) }
func batch(opset int64) model { return newModel(opset).in("x", -1, 2, 4, 4) }

var opCases = slices.Concat(quantCases, controlCases, []opCase{
	{"conv pads strides dilation", image(11).floats("w", 3, 2, 3, 3).floats("b", 3).
		node("Conv x w b -> y", ints("pads", 1, 2, 3, 4), ints("strides", 2, 1), ints("dilations", 1, 2), ints("kernel_shape", 3, 3)).out("y"),
		`y = conv2d(x, @w, @b[1 2 3]) {pad=[1 2 3 4] stride=[2 1] dilation=[1 2]} : 1x3x4x7`},
	{"conv depthwise", image(7).floats("w", 2, 1, 1, 1).node("Conv x w -> y", integer("group", 2)).out("y"),
		`y = conv2d(x, @w[1 2]) {pad=[0 0 0 0] stride=[1 1] group=2} : 1x2x5x5`},
	{"conv same upper even", image(7).floats("w", 1, 2, 2, 2).node("Conv x w -> y", str("auto_pad", "SAME_UPPER"), ints("strides", 2, 2)).out("y"),
		`y = conv2d(x, @w[1 2 3 4 5 6 7 8]) {pad=[0 0 1 1] stride=[2 2]} : 1x1x3x3`},
	{"conv same lower even", image(7).floats("w", 1, 2, 2, 2).node("Conv x w -> y", str("auto_pad", "SAME_LOWER"), ints("strides", 2, 2)).out("y"),
		`y = conv2d(x, @w[1 2 3 4 5 6 7 8]) {pad=[1 1 0 0] stride=[2 2]} : 1x1x3x3`},
	{"conv same upper stride 2 of even size", newModel(7).in("x", 1, 1, 4, 4).floats("w", 1, 1, 3, 3).
		node("Conv x w -> y", str("auto_pad", "SAME_UPPER"), ints("strides", 2, 2)).out("y"),
		`y = conv2d(x, @w[1 2 3 4 5 6 7 8 9]) {pad=[0 0 1 1] stride=[2 2]} : 1x1x2x2`},
	{"conv valid", image(7).floats("w", 1, 2, 2, 2).node("Conv x w -> y", str("auto_pad", "VALID")).out("y"),
		`y = conv2d(x, @w[1 2 3 4 5 6 7 8]) {pad=[0 0 0 0] stride=[1 1]} : 1x1x4x4`},
	{"conv of a line in blocks", newModel(11).in("x", 1, 1, 9).f32("w", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 1, 4).floats("b", 2).
		node("Conv x w b -> y", ints("strides", 2), ints("kernel_shape", 4), ints("pads", 0, 0), integer("group", 1)).out("y"),
		`y_take = take(x) {axis=2 indices=[0 1 2 3 4 5 6 7]} : 1x1x8
		 y_reshape = reshape(y_take) {shape=[1 1 4 2]} : 1x1x4x2
		 y_transpose = transpose(y_reshape) {perm=[0 1 3 2]} : 1x1x2x4
		 y_reshape_1 = reshape(y_transpose) {shape=[1 2 1 4]} : 1x2x1x4
		 y_blocks = conv2d(y_reshape_1, @w[1 3 2 4 5 7 6 8], @b[1 2]) : 1x2x1x3
		 y = reshape(y_blocks) {shape=[1 2 3]} : 1x2x3`},
	{"conv free batch", batch(13).floats("w", 1, 2, 1, 1).node("Conv x w -> y").out("y"),
		`y = conv2d(x, @w[1 2]) {pad=[0 0 0 0] stride=[1 1]} : ?x1x4x4`},
	{"gemm", newModel(13).in("x", -1, 2).floats("w", 2, 3).floats("b", 3).node("Gemm x w b -> y").out("y"),
		`y = dense(x, @w[1 4 2 5 3 6], @b[1 2 3]) : ?x3`},
	{"gemm transB alpha beta scalar", newModel(13).in("x", 1, 2).floats("w", 3, 2).f32("b", []float32{4}).
		node("Gemm x w b -> y", integer("transB", 1), float("alpha", 2), float("beta", 0.5)).out("y"),
		`y = dense(x, @w[2 4 6 8 10 12], @b[2 2 2]) : 1x3`},
	{"gemm no bias", newModel(11).in("x", 1, 2).floats("w", 2, 1).node("Gemm x w -> y").out("y"),
		`y = dense(x, @w[1 2]) : 1x1`},
	{"gemm bias by row", newModel(9).in("x", 2, 2).floats("w", 2, 3).floats("b", 2, 1).node("Gemm x w b -> y", float("beta", 2)).out("y"),
		`y_product = dense(x, @w[1 4 2 5 3 6]) : 2x3
		 y = add(y_product, @b[2 4]) : 2x3`},
	{"gemm computed bias", newModel(9).in("x", 1, 2).in("c", 1, 3).floats("w", 2, 3).node("Gemm x w c -> y", float("beta", 2)).out("y"),
		`y_product = dense(x, @w[1 4 2 5 3 6]) : 1x3
		 y_bias = mul(c, @Gemm_0_beta[2]) : 1x3
		 y = add(y_product, y_bias) : 1x3`},
	{"gemm beta zero", newModel(9).in("x", 1, 2).in("c", 1, 3).floats("w", 2, 3).node("Gemm x w c -> y", float("beta", 0)).out("y"),
		`y = dense(x, @w[1 4 2 5 3 6]) : 1x3`},
	{"matmul", newModel(13).in("x", -1, 5, 2).floats("w", 2, 3).node("MatMul x w -> y").out("y"),
		`y = dense(x, @w[1 4 2 5 3 6]) : ?x5x3`},
	{"matmul of a reshaped weight", newModel(7).in("x", 1, 4).floats("w", 2, 2, 3).i64("s", 4, 3).
		node("Reshape w s -> r").node("MatMul x r -> y").out("y"),
		`y = dense(x, @r[1 4 7 10 2 5 8 11 3 6 9 12]) : 1x3`},
	{"matmul with vectors", newModel(13).in("x", 2, 3).in("r", 2).in("c", 3).floats("v", 3).node("MatMul r x -> a").node("MatMul x c -> b").node("MatMul a v -> d").
		node("Unsqueeze d z -> y").i64("z", 0).out("b", "y"),
		`a_reshape = reshape(r) {shape=[1 2]} : 1x2
		 a_matmul = matmul(a_reshape, x) : 1x3
		 a_reshape_1 = reshape(a_matmul) {shape=[3]} : 3
		 b_reshape = reshape(c) {shape=[3 1]} : 3x1
		 b_matmul = matmul(x, b_reshape) : 2x1
		 b = reshape(b_matmul) {shape=[2]} : 2
		 d_reshape = reshape(a_reshape_1) {shape=[1 3]} : 1x3
		 d_matmul = matmul(d_reshape, @d_reshape_1[1 2 3]) : 1x1
		 d_reshape_2 = reshape(d_matmul) {shape=[]} : f32>
		 y = reshape(d_reshape_2) {shape=[1]} : 1`},
	{"gemm of a transposed operand and weights", newModel(13).in("x", 2, 1).floats("w", 2, 2).node("Gemm x w -> y", integer("transA", 1)).out("y"),
		`y_transA = transpose(x) {perm=[1 0]} : 1x2
		 y = dense(y_transA, @w[1 3 2 4]) : 1x2`},
	{"matmul of two computed", newModel(13).in("x", -1, 4, 5, 2).in("y", 2, 3).node("MatMul x y -> z").out("z"),
		`z = matmul(x, y) : ?x4x5x3`},
	{"matmul with a constant first operand", newModel(13).in("x", 2, 3).floats("m", 1, 2).node("MatMul m x -> y").out("y"),
		`y = matmul(@m[1 2], x) : 1x3`},
	{"matmul with many constant matrices", newModel(13).in("x", 1, 2).floats("w", 2, 2, 1).node("MatMul x w -> y").out("y"),
		`y = matmul(x, @w[1 2 3 4]) : 2x1x1`},
	{"gemm of two computed", newModel(13).in("x", 2, 4).in("y", 3, 2).floats("b", 3).node("Gemm x y b -> z", integer("transA", 1), integer("transB", 1), float("alpha", 2), float("beta", 0.5)).out("z"),
		`z_transA = transpose(x) {perm=[1 0]} : 4x2
		 z_transB = transpose(y) {perm=[1 0]} : 2x3
		 z_product = matmul(z_transA, z_transB) : 4x3
		 z_scaled = mul(z_product, @Gemm_0_alpha[2]) : 4x3
		 z = add(z_scaled, @z_bias[0.5 1 1.5]) : 4x3`},
	{"gemm of two computed without bias", newModel(13).in("x", 2, 4).in("y", 4, 3).node("Gemm x y -> z").out("z"),
		`z = matmul(x, y) : 2x3`},
	{"batch norm", image(9).floats("s", 2).floats("b", 2).floats("m", 2).floats("v", 2).node("BatchNormalization x s b m v -> y", float("epsilon", 0.5)).out("y"),
		`y = batch_norm(x, @s[1 2], @b[1 2], @m[1 2], @v[1 2]) {eps=0.5} : 1x2x5x5`},
	{"batch norm 15", image(15).floats("s", 2).floats("b", 2).floats("m", 2).floats("v", 2).node("BatchNormalization x s b m v -> y", integer("training_mode", 0)).out("y"),
		`y = batch_norm(x, @s[1 2], @b[1 2], @m[1 2], @v[1 2]) {eps=1e-05} : 1x2x5x5`},
	{"add of a bias image", image(7).floats("b", 2, 1, 1).node("Add x b -> y").out("y"),
		`y = add(x, @b[1 2]) : 1x2x5x5`},
	{"add of a scalar", image(7).f32("b", []float32{3}).node("Add b x -> y").out("y"),
		`y = add(@b[3], x) : 1x2x5x5`},
	{"sum", newModel(13).in("x", 1, 2).in("z", 1, 2).node("Sum x z -> y").out("y"), `y = add(x, z) : 1x2`},
	{"sub", image(7).floats("b", 2, 1, 1).node("Sub x b -> y").out("y"), `y = add(x, @b[-1 -2]) : 1x2x5x5`},
	{"mul", newModel(14).in("x", 1, 2).in("z", 1, 2).node("Mul x z -> y").out("y"), `y = mul(x, z) : 1x2`},
	{"div", newModel(14).in("x", 1, 2).f32("d", []float32{4}).node("Div x d -> y").out("y"), `y = mul(x, @d[0.25]) : 1x2`},
	{"relu", image(7).node("Relu x -> y").out("y"), `y = relu(x) : 1x2x5x5`},
	{"clip 6", image(7).node("Clip x -> y", float("min", 0), float("max", 6)).out("y"), `y = clip(x) {min=0 max=6} : 1x2x5x5`},
	{"clip 11", image(11).f32("lo", []float32{-1}).f32("hi", []float32{1}).node("Clip x lo hi -> y").out("y"), `y = clip(x) {min=-1 max=1} : 1x2x5x5`},
	{"clip 13 upper only", image(13).f32("hi", []float32{1}).node("Clip x _ hi -> y").out("y"),
		`y = clip(x) {min=-3.4028235e+38 max=1} : 1x2x5x5`},
	{"clip without bounds", image(13).node("Clip x -> c").node("Relu c -> y").out("y"), `y = relu(x) : 1x2x5x5`},
	{"max pool", image(8).node("MaxPool x -> y", ints("kernel_shape", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1), integer("storage_order", 1)).out("y"),
		`y = max_pool2d(x) {kernel=[3 3] pad=[1 1 1 1] stride=[2 2]} : 1x2x3x3`},
	{"max pool ceil dilated", newModel(12).in("x", 1, 1, 6, 7).node("MaxPool x -> y", ints("kernel_shape", 2, 2), ints("strides", 3, 3), ints("dilations", 2, 1), integer("ceil_mode", 1)).out("y"),
		`y = max_pool2d(x) {kernel=[2 2] pad=[0 0 0 1] stride=[3 3] dilation=[2 1]} : 1x1x2x3`},
	{"max pool same", image(7).node("MaxPool x -> y", ints("kernel_shape", 2, 2), ints("strides", 2, 2), str("auto_pad", "SAME_UPPER")).out("y"),
		`y = max_pool2d(x) {kernel=[2 2] pad=[0 0 1 1] stride=[2 2]} : 1x2x3x3`},
	{"average pool", image(7).node("AveragePool x -> y", ints("kernel_shape", 2, 2), ints("pads", 1, 1, 1, 1), integer("count_include_pad", 1)).out("y"),
		`y = avg_pool2d(x) {kernel=[2 2] pad=[1 1 1 1] stride=[1 1] include_pad=true} : 1x2x6x6`},
	{"average pool ceil", image(10).node("AveragePool x -> y", ints("kernel_shape", 2, 2), ints("strides", 2, 2), integer("ceil_mode", 1), integer("count_include_pad", 1)).out("y"),
		`y = avg_pool2d(x) {kernel=[2 2] pad=[0 0 1 1] stride=[2 2]} : 1x2x3x3`},
	{"global average", batch(7).node("GlobalAveragePool x -> y").out("y"), `y = avg_pool2d(x) {kernel=[4 4]} : ?x2x1x1`},
	{"global maximum", batch(7).node("GlobalMaxPool x -> y").out("y"), `y = max_pool2d(x) {kernel=[4 4]} : ?x2x1x1`},
	{"mean", batch(13).node("ReduceMean x -> y", ints("axes", -1, 2)).out("y"), `y = avg_pool2d(x) {kernel=[4 4] stride=[4 4]} : ?x2x1x1`},
	{"mean without kept dimensions", batch(18).i64("a", 2, 3).node("ReduceMean x a -> y", integer("keepdims", 0)).out("y"),
		`y_mean = avg_pool2d(x) {kernel=[4 4] stride=[4 4]} : ?x2x1x1
		 y = reshape(y_mean) {shape=[-1 2]} : ?x2`},
	{"mean over columns", batch(11).node("ReduceMean x -> y", ints("axes", 3)).out("y"), `y = avg_pool2d(x) {kernel=[1 4] stride=[1 4]} : ?x2x4x1`},
	{"mean of nothing", batch(18).node("ReduceMean x -> m", integer("noop_with_empty_axes", 1)).node("Relu m -> y").out("y"), `y = relu(x) : ?x2x4x4`},
	{"concat", newModel(13).in("x", -1, 2, 4, 4).in("z", -1, 3, 4, 4).node("Concat x z -> y", integer("axis", -3)).out("y"),
		`y = concat(x, z) {axis=1} : ?x5x4x4`},
	{"pad 2", image(7).node("Pad x -> y", ints("pads", 0, 0, 1, 2, 0, 0, 3, 4), float("value", 1.5)).out("y"),
		`y = pad(x) {pad=[0 0 1 2 0 0 3 4] value=1.5} : 1x2x9x11`},
	{"pad 11", batch(11).i64("p", 0, 1, 1, 1, 0, 0, 1, 1).f32("v", []float32{0}).node("Pad x p v -> y", str("mode", "constant")).out("y"),
		`y = pad(x) {pad=[0 1 1 1 0 0 1 1]} : ?x3x6x6`},
	{"pad 18 axes", batch(18).i64("p", 1, 2).i64("a", -1).node("Pad x p _ a -> y").out("y"),
		`y = pad(x) {pad=[0 0 0 1 0 0 0 2]} : ?x2x4x7`},
	{"pad of nothing", batch(11).i64("p", 0, 0, 0, 0, 0, 0, 0, 0).node("Pad x p -> z").node("Relu z -> y").out("y"), `y = relu(x) : ?x2x4x4`},
	{"reshape leading -1", batch(13).i64("s", -1, 32).node("Reshape x s -> y").out("y"), `y = reshape(x) {shape=[-1 32]} : ?x32`},
	{"reshape 0 and -1", batch(13).i64("s", 0, -1).node("Reshape x s -> y").out("y"), `y = reshape(x) {shape=[-1 32]} : ?x32`},
	{"reshape 0 in the middle", batch(13).i64("s", 0, 0, -1).node("Reshape x s -> y").out("y"), `y = reshape(x) {shape=[-1 2 16]} : ?x2x16`},
	{"reshape fixed", image(13).i64("s", 5, -1).node("Reshape x s -> y").out("y"), `y = reshape(x) {shape=[5 10]} : 5x10`},
	{"reshape to the same", batch(13).i64("s", 0, 2, 4, 4).node("Reshape x s -> r").node("Relu r -> y").out("y"), `y = relu(x) : ?x2x4x4`},
	{"flatten", batch(7).node("Flatten x -> y").out("y"), `y = reshape(x) {shape=[-1 32]} : ?x32`},
	{"flatten negative", newModel(11).in("x", 2, 3, 4).node("Flatten x -> y", integer("axis", -1)).out("y"), `y = reshape(x) {shape=[6 4]} : 6x4`},
	{"flatten 0", newModel(11).in("x", 2, 3).node("Flatten x -> y", integer("axis", 0)).out("y"), `y = reshape(x) {shape=[1 6]} : 1x6`},
	{"flatten rank", newModel(11).in("x", 2, 3).node("Flatten x -> y", integer("axis", 2)).out("y"), `y = reshape(x) {shape=[6 1]} : 6x1`},
	{"squeeze 11", newModel(11).in("x", -1, 2, 1, 1).node("Squeeze x -> y", ints("axes", 2, -1)).out("y"), `y = reshape(x) {shape=[-1 2]} : ?x2`},
	{"squeeze 13", newModel(13).in("x", -1, 2, 1, 1).i64("a", 3).node("Squeeze x a -> y").out("y"), `y = reshape(x) {shape=[-1 2 1]} : ?x2x1`},
	{"squeeze all", newModel(13).in("x", -1, 2, 1, 1).node("Squeeze x -> y").out("y"), `y = reshape(x) {shape=[-1 2]} : ?x2`},
	{"unsqueeze 11", newModel(11).in("x", -1, 2).node("Unsqueeze x -> y", ints("axes", 1, -1)).out("y"), `y = reshape(x) {shape=[-1 1 2 1]} : ?x1x2x1`},
	{"unsqueeze 13", newModel(13).in("x", 3, 2).i64("a", 0).node("Unsqueeze x a -> y").out("y"), `y = reshape(x) {shape=[1 3 2]} : 1x3x2`},
	{"transpose", batch(13).node("Transpose x -> y", ints("perm", 0, 2, 3, 1)).out("y"), `y = transpose(x) {perm=[0 2 3 1]} : ?x4x4x2`},
	{"transpose reverses", newModel(13).in("x", 2, 3).node("Transpose x -> y").out("y"), `y = transpose(x) {perm=[1 0]} : 3x2`},
	{"softmax 13", batch(13).node("Softmax x -> y", integer("axis", 1)).out("y"), `y = softmax(x) {axis=1} : ?x2x4x4`},
	{"softmax 13 default", newModel(13).in("x", -1, 10).node("Softmax x -> y").out("y"), `y = softmax(x) {axis=1} : ?x10`},
	{"softmax 11 last", newModel(11).in("x", -1, 10).node("Softmax x -> y").out("y"), `y = softmax(x) {axis=1} : ?x10`},
	{"softmax 11 coerced", batch(11).node("Softmax x -> y", integer("axis", 1)).out("y"),
		`y_flat = reshape(x) {shape=[-1 32]} : ?x32
		 y_softmax = softmax(y_flat) {axis=1} : ?x32
		 y = reshape(y_softmax) {shape=[-1 2 4 4]} : ?x2x4x4`},
	{"dropout 7", batch(7).node("Dropout x -> d m", float("ratio", 0.5)).node("Relu d -> y").out("y"), `d = dropout(x) {ratio=0.5} : ?x2x4x4
y = relu(d) : ?x2x4x4`},
	{"dropout 12", batch(12).f32("r", []float32{0.5}).node("Dropout x r -> d m").node("Relu d -> y").out("y"), `d = dropout(x) {ratio=0.5} : ?x2x4x4
y = relu(d) : ?x2x4x4`},
	{"identity and cast", batch(13).node("Identity x -> i").node("Cast i -> c", integer("to", 1)).node("Relu c -> y").out("y"), `y = relu(x) : ?x2x4x4`},
	{"constants", newModel(12).in("x", 1, 2).
		node("Constant -> a", tensorAttr("value", &pb.TensorProto{DataType: 1, Dims: []int64{2}, FloatData: []float32{1, 2}})).
		node("Constant -> b", float("value_float", 3)).
		node("Constant -> c", &pb.AttributeProto{Name: "value_floats", Type: pb.AttributeProto_FLOATS, Floats: []float32{4, 5}}).
		node("Add a b -> ab").node("Mul ab c -> abc").node("Add x abc -> y").out("y"),
		`y = add(x, @abc[16 25]) : 1x2`},
	{"normalization by hand", newModel(13).in("x", 1, 2).floats("v", 2).f32("e", []float32{3}).
		node("Add v e -> ve").node("Sqrt ve -> s").node("Neg s -> n").node("Div x n -> y").out("y"),
		`y = mul(x, @n[-0.5 -0.4472136]) : 1x2`},
	{"batch through shape arithmetic", batch(13).scalar("zero", 0).i64("front", 0).i64("minus", -1).
		node("Shape x -> s").node("Gather s zero -> n").node("Unsqueeze n front -> u").node("Concat u minus -> t", integer("axis", 0)).
		node("Reshape x t -> y").out("y"),
		`y = reshape(x) {shape=[-1 32]} : ?x32`},
	{"batch through slice and cast", batch(13).i64("a", 0).i64("b", 1).i64("c", 32).
		node("Shape x -> s").node("Slice s a b -> n").node("Cast n -> k", integer("to", 6)).node("Cast k -> l", integer("to", 7)).
		node("Mul l b -> m").node("Concat m c -> t", integer("axis", 0)).node("Reshape x t -> y").out("y"),
		`y = reshape(x) {shape=[-1 32]} : ?x32`},
	{"channels by division", batch(13).scalar("one", 1).scalar("two", 2).i64("front", 0).i64("n", -1).i64("hw", 4, 4).
		node("Shape x -> s").node("Gather s one -> c").node("Div c two -> h").node("Unsqueeze h front -> u").
		node("Unsqueeze two front -> g").node("Concat n g u hw -> t", integer("axis", 0)).node("Reshape x t -> y").out("y"),
		`y = reshape(x) {shape=[-1 2 1 4 4]} : ?x2x1x4x4`},
	{"shape with bounds", batch(15).i64("n", -1).node("Shape x -> s", integer("start", 1), integer("end", -1)).
		node("Concat n s n2 -> t", integer("axis", 0)).i64("n2", 4).node("Reshape x t -> r").node("Relu r -> y").out("y"), `y = relu(x) : ?x2x4x4`},
	{"made constants", newModel(13).in("x", 1, 2, 3).i64("s", 2, 1).i64("t", 2, 3).scalar("a", 3).scalar("b", 0).scalar("d", -1).
		node("ConstantOfShape s -> k", tensorAttr("value", &pb.TensorProto{DataType: 1, Dims: []int64{1}, FloatData: []float32{7}})).
		node("Expand k t -> e").node("Range a b d -> r").node("Cast r -> f", integer("to", 1)).node("Add e f -> g").node("Add x g -> y").out("y"),
		`y = add(x, @g[10 9 8 10 9 8]) : 1x2x3`},
	{"moved constants", newModel(13).in("x", 3, 2).floats("w", 1, 2, 3).i64("front", 0).
		node("Transpose w -> t", ints("perm", 0, 2, 1)).node("Squeeze t front -> s").node("Identity s -> i").node("Add x i -> y").out("y"),
		`y = add(x, @s[1 4 2 5 3 6]) : 3x2`},
	{"sliced and gathered constants", newModel(13).in("x", 1, 2).floats("w", 4, 3).i64("st", 2).i64("en", -9).i64("ax", 0).i64("sp", -2).i64("g", -1, 0).
		node("Slice w st en ax sp -> s").node("Gather s g -> t", integer("axis", 1)).node("MatMul x t -> y").out("y"),
		`y = dense(x, @t[9 3 7 1]) : 1x2`},
	{"sliced by attributes", newModel(9).in("x", 1, 2).floats("w", 4, 2).
		node("Slice w -> s", ints("starts", 1), ints("ends", 3), ints("axes", 0)).node("MatMul x s -> y").out("y"),
		`y = dense(x, @s[3 5 4 6]) : 1x2`},
	{"joined constants", newModel(13).in("x", 1, 2).floats("v", 2, 1).floats("w", 2, 2).node("Concat v w -> c", integer("axis", 1)).node("MatMul x c -> y").out("y"),
		`y = dense(x, @c[1 2 1 3 2 4]) : 1x3`},
	{"unused nodes are dropped", image(13).node("Sigmoid x -> s").node("Shape s -> t").node("Relu x -> y").out("y"), `y = relu(x) : 1x2x5x5`},
	{"nodes that fed only shapes are dropped", image(13).node("Relu x -> r").node("Shape r -> t").node("Reshape x t -> z").node("Relu z -> y").out("y"), `y = relu(x) : 1x2x5x5`},
	{"any order", image(13).node("Relu b -> y").node("Relu a -> b").node("Relu x -> a").out("y"),
		`a = relu(x) : 1x2x5x5
		 b = relu(a) : 1x2x5x5
		 y = relu(b) : 1x2x5x5`},
	{"output behind identity", image(13).node("Relu x -> a").node("Identity a -> y").out("y"), `y = relu(x) : 1x2x5x5`},
	{"names", newModel(13).in("in/put:0", 1, 2).node("Relu in/put:0 -> out/put:0").out("out/put:0"), `out_put_0 = relu(in_put_0) : 1x2`},
})

func TestOperators(t *testing.T) {
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			m := mustImport(t, "m.onnx", c.m.bytes(t), Options{})
			want := strings.ReplaceAll(c.want, "\t", "")
			want = strings.ReplaceAll(want, "\n ", "\n")
			if got := strings.TrimSpace(listing(m)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestEveryOperatorIsTested demands a case for each row of the table.
func TestEveryOperatorIsTested(t *testing.T) {
	seen := map[string]bool{"Size": true, "Einsum": true, "DynamicQuantizeLSTM": true} // in TestSize, which needs no batch, TestEinsum and TestDynamicLSTM
	for _, c := range opCases {
		for _, n := range c.m.Graph.Node {
			seen[n.OpType] = true
		}
	}
	for _, c := range stepCases {
		for _, n := range c.m.Graph.Node {
			seen[n.OpType] = true
		}
	}
	for _, list := range []map[string]entry{functionTable, pairTable} {
		for name := range list {
			seen[name] = true // in TestFamilies
		}
	}
	for _, list := range []map[string]entry{table, foreign, training} {
		for name := range list {
			if !seen[name] {
				t.Errorf("no case imports %s", name)
			}
		}
	}
}

func TestSize(t *testing.T) {
	m := newModel(13).in("x", 2, 3).i64("front", 0).node("Size x -> n").node("Unsqueeze n front -> s").node("Reshape x s -> y").out("y")
	got := listing(mustImport(t, "m.onnx", m.bytes(t), Options{}))
	if want := "y = reshape(x) {shape=[6]} : 6\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNodeNames checks names, their fallback and that later passes find the originals.
func TestNodeNames(t *testing.T) {
	m := mustImport(t, "m.onnx", newModel(13).in("x", 1, 2).node("Relu x -> a").node("Relu a -> y").named("last/relu").out("y").bytes(t), Options{})
	for i, want := range []string{"Relu_0", "last/relu"} {
		if n := m.Main().Nodes[i]; n.Name != want || len(n.From) != 1 || n.From[0] != want || n.Span.Node != want || n.Span.File != "m.onnx" {
			t.Errorf("node %d is %q from %v at %v, want %q", i, n.Name, n.From, n.Span, want)
		}
	}
}

// TestInitializersAsInputs: files of IR version 3 list their constants among the inputs.
func TestInitializersAsInputs(t *testing.T) {
	mod := newModel(7).in("w", 2, 3).in("x", 1, 2).floats("w", 2, 3).node("MatMul x w -> y").out("y")
	mod.IrVersion = 3
	m := mustImport(t, "m.onnx", mod.bytes(t), Options{})
	if p := m.Main().Params; len(p) != 1 || p[0].Name != "x" {
		t.Errorf("parameters are %v", p)
	}
}

// TestInputShape fixes and frees dimensions.
func TestInputShape(t *testing.T) {
	mod := newModel(13).in("x", -1, 3, -1, -1).node("Relu x -> y").out("y").bytes(t)
	for _, c := range []struct {
		shape []int
		want  string
	}{
		{[]int{1, 3, 8, 8}, "tensor<1x3x8x8xf32>"},
		{[]int{-1, 3, 8, 8}, "tensor<?x3x8x8xf32>"},
		{[]int{0, 3, 8, 8}, "tensor<?x3x8x8xf32>"},
	} {
		m := mustImport(t, "m.onnx", mod, Options{InputShapes: map[string][]int{"x": c.shape}})
		if got := m.Main().Params[0].Type.String(); got != c.want {
			t.Errorf("%v gives %s, want %s", c.shape, got, c.want)
		}
	}
}

// TestHalfWeights: weights of half precision are the float32 numbers that they are, in every kind of layer.
func TestHalfWeights(t *testing.T) {
	w := &pb.TensorProto{Name: "w", DataType: 10, Dims: []int64{2, 2}, Int32Data: []int32{0x3c00, 0xc000, 0x3800, 0x4400}}
	b := &pb.TensorProto{Name: "b", DataType: 16, Dims: []int64{2}, Int32Data: []int32{0x3f80, 0xbf00}}
	k := &pb.TensorProto{Name: "k", DataType: 16, Dims: []int64{1, 1, 1, 1}, Int32Data: []int32{0x4040}}
	m := newModel(13).in("x", 1, 2).in("i", 1, 1, 2, 2).init(w).init(b).init(k).node("Gemm x w b -> g").node("MatMul x w -> m").node("Conv i k -> c").out("g", "m", "c")
	got, l := Import("m.onnx", m.bytes(t), Options{})
	if l.Len() != 1 || l.Sorted()[0].Code != codeHalf {
		t.Fatalf("got %v, want one remark", l)
	}
	want := `g = dense(x, @w[1 0.5 -2 4], @b[1 -0.5]) : 1x2
m = dense(x, @w_1[1 0.5 -2 4]) : 1x2
c = conv2d(i, @k[3]) {pad=[0 0 0 0] stride=[1 1]} : 1x1x2x2
`
	if listing(got) != want {
		t.Errorf("got\n%s\nwant\n%s", listing(got), want)
	}
}
