package onnx

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser/amct"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

const (
	u8  = pb.TensorProto_UINT8
	i8  = pb.TensorProto_INT8
	i16 = pb.TensorProto_INT16
	i32 = pb.TensorProto_INT32
	u64 = pb.TensorProto_UINT64
)

// qdq is a model with the factors s = 0.5, z = 130 of uint8, and s1 = 0.25, z1 = 0 of int8.
func qdq(m model) model {
	return m.f32("s", []float32{.5}).typed("z", u8, []int64{130}).f32("s1", []float32{.25}).typed("z1", i8, []int64{0})
}

func rows(opset int64) model { return newModel(opset).in("x", 1, 2) }

// word is a parameter of AscendDequant.
func word(scale float32) int64 { return int64(amct.DequantParam{Scale: scale}.Pack()) }

var quantCases = []opCase{
	{"qdq", qdq(rows(13)).node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 y = relu(x_fq) : 1x2`},
	{"qdq int8 moved codes", qdq(rows(13)).i64("to", 2, 1).node("QuantizeLinear x s1 z1 -> q").node("Reshape q to -> r").node("Transpose r -> t").
		node("DequantizeLinear t s1 z1 -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x2
		 r = reshape(x_fq) {shape=[2 1]} : 2x1
		 t = transpose(r) {perm=[1 0]} : 1x2
		 y = relu(t) : 1x2`},
	{"qdq without zero points", rows(13).f32("s", []float32{.5}).node("QuantizeLinear x s -> q").node("DequantizeLinear q s -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[-128] axis=-1 bits=8} : 1x2
		 y = relu(x_fq) : 1x2`},
	{"qdq layer", qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.5, .25}, 2).typed("wz", i8, []int64{0, 0}, 2).typed("b", i32, []int64{8, -16}, 2).
		f32("bs", []float32{.25, .125}, 2).node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("DequantizeLinear w ws wz -> wr", integer("axis", 0)).
		node("DequantizeLinear b bs -> br", integer("axis", 0)).node("Gemm d wr br -> y", integer("transB", 1)).out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 wr_fq = q.fake(@wr[2 -4 0.5 1.5]) {scale=[0.5 0.25] offset=[0 0] axis=0 bits=8} : 2x2
		 y = dense(x_fq, wr_fq, @br[2 -2]) : 1x2`},
	{"qdq layer, columns, uint8 weights", qdq(rows(13)).typed("w", u8, []int64{129, 130, 127, 126}, 2, 2).f32("ws", []float32{.5, .25}, 2).typed("wz", u8, []int64{128, 128}, 2).
		node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("DequantizeLinear w ws wz -> wr").node("MatMul d wr -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 wr_fq = q.fake(@wr[0.5 -0.5 0.5 -0.5]) {scale=[0.5 0.25] offset=[0 0] axis=0 bits=8} : 2x2
		 y = dense(x_fq, wr_fq) : 1x2`},
	{"qdq layer, transposed weights", qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.5, .25}, 2).
		node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("DequantizeLinear w ws -> wr", integer("axis", 0)).node("Transpose wr -> wt").
		node("MatMul d wt -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 wt_fq = q.fake(@wt[2 -4 0.5 1.5]) {scale=[0.5 0.25] offset=[0 0] axis=0 bits=8} : 2x2
		 y = dense(x_fq, wt_fq) : 1x2`},
	{"quantized constants", qdq(rows(13)).floats("c", 1, 2).node("QuantizeLinear c s z -> cq").node("DequantizeLinear cq s z -> cr").node("Add x cr -> y").out("y"),
		`cr_fq = q.fake(@cr[1 2]) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 y = add(x, cr_fq) : 1x2`},
	{"qlinear conv", qdq(newModel(10).in("x", 1, 1, 2, 2)).typed("w", i8, []int64{3}, 1, 1, 1, 1).typed("b", i32, []int64{16}, 1).
		node("QuantizeLinear x s z -> q").node("QLinearConv q s z w s1 z1 s1 z1 b -> c").node("DequantizeLinear c s1 z1 -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x1x2x2
		 w_fq = q.fake(@w[0.75]) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x1x1x1
		 c = conv2d(x_fq, w_fq, @QLinearConv_1_bias[2]) {pad=[0 0 0 0] stride=[1 1]} : 1x1x2x2
		 c_fq = q.fake(c) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x1x2x2
		 y = relu(c_fq) : 1x1x2x2`},
	{"qlinear matmul", qdq(rows(10)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).
		node("QuantizeLinear x s z -> q").node("QLinearMatMul q s z w s1 z1 s z -> c").node("DequantizeLinear c s z -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 w_fq = q.fake(@w[1 0.5 -2 1.5]) {scale=[0.25] offset=[0] axis=-1 bits=8} : 2x2
		 c = dense(x_fq, w_fq) : 1x2
		 c_fq = q.fake(c) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 y = relu(c_fq) : 1x2`},
	{"conv integer", qdq(newModel(10).in("x", 1, 1, 2, 2)).typed("w", i8, []int64{3, 4}, 2, 1, 1, 1).f32("m", []float32{.25, .5}, 1, 2, 1, 1).
		node("QuantizeLinear x s z -> q").node("ConvInteger q w z -> c").node("Cast c -> f", integer("to", 1)).node("Mul f m -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x1x2x2
		 ConvInteger_1_w_fq = q.fake(@ConvInteger_1_w[1.5 4]) {scale=[0.5 1] offset=[0 0] axis=0 bits=8} : 2x1x1x1
		 y = conv2d(x_fq, ConvInteger_1_w_fq) {pad=[0 0 0 0] stride=[1 1]} : 1x2x2x2`},
	{"matmul integer with bias", qdq(rows(10)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("b", i32, []int64{8, 4}, 2).f32("m", []float32{.25}).
		node("QuantizeLinear x s z -> q").node("MatMulInteger q w z -> c").node("Add c b -> a").node("Cast a -> f", integer("to", 1)).node("Mul m f -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 MatMulInteger_1_w_fq = q.fake(@MatMulInteger_1_w[2 1 -4 3]) {scale=[0.5] offset=[0] axis=-1 bits=8} : 2x2
		 y = dense(x_fq, MatMulInteger_1_w_fq, @MatMulInteger_1_bias[2 1]) : 1x2`},
	{"qgemm", qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6, 1, 3}, 2, 3).f32("ws", []float32{.5, .25, 1}, 3).typed("wz", i8, []int64{0, 0, 0}, 3).
		typed("b", i32, []int64{8, 4, 2}, 3).node("QuantizeLinear x s z -> q").node("QGemm q s z w ws wz b s1 z1 -> c").
		node("DequantizeLinear c s1 z1 -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 w_fq = q.fake(@w[2 3 -2 0.25 2 3]) {scale=[0.5 0.25 1] offset=[0 0 0] axis=0 bits=8} : 3x2
		 c = dense(x_fq, w_fq, @QGemm_1_bias[2 0.5 1]) : 1x3
		 c_fq = q.fake(c) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x3
		 y = relu(c_fq) : 1x3`},
	{"qgemm transB to float", qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).node("QuantizeLinear x s z -> q").node("QGemm q s z w s1 z1 -> y", integer("transB", 1)).out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 w_fq = q.fake(@w[1 -2 0.5 1.5]) {scale=[0.25] offset=[0] axis=-1 bits=8} : 2x2
		 y = dense(x_fq, w_fq) : 1x2`},
	{"qlinear sum, product, join", qdq(rows(13)).typed("k", u8, []int64{132, 128}, 1, 2).node("QuantizeLinear x s z -> q").node("QLinearAdd q s z k s z s1 z1 -> a").
		node("QLinearMul a s1 z1 q s z s z -> m").node("QLinearConcat s1 z1 a s1 z1 m s z -> c", integer("axis", 1)).node("DequantizeLinear c s1 z1 -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 k_fq = q.fake(@k[1 -1]) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 a = add(x_fq, k_fq) : 1x2
		 a_fq = q.fake(a) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x2
		 m = mul(a_fq, x_fq) : 1x2
		 m_fq = q.fake(m) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
		 c = concat(a_fq, m_fq) {axis=1} : 1x4
		 c_fq = q.fake(c) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x4
		 y = relu(c_fq) : 1x4`},
	{"qlinear means", qdq(newModel(13).in("x", 1, 1, 4, 4)).node("QuantizeLinear x s z -> q").node("QLinearAveragePool q s z s1 z1 -> a", ints("kernel_shape", 2, 2)).
		node("QLinearGlobalAveragePool a s1 z1 s z -> g").node("DequantizeLinear g s z -> d").node("Relu d -> y").out("y"),
		`x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x1x4x4
		 a = avg_pool2d(x_fq) {kernel=[2 2] pad=[0 0 0 0] stride=[1 1]} : 1x1x3x3
		 a_fq = q.fake(a) {scale=[0.25] offset=[0] axis=-1 bits=8} : 1x1x3x3
		 g = avg_pool2d(a_fq) {kernel=[3 3]} : 1x1x1x1
		 g_fq = q.fake(g) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x1x1x1
		 y = relu(g_fq) : 1x1x1x1`},
	{"ascend", rows(13).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("b", i32, []int64{8, 4}, 2).typed("p", u64, []int64{word(.25), word(.5)}, 2).
		node("AscendQuant x -> q", float("scale", 2), float("offset", -3), str("dst_type", "INT8")).node("Gemm q w b -> a").named("fc").
		node("AscendDequant a p -> y", integer("dtype", 0)).out("y"),
		`x_q = q.quantize(x) : 1x2x!q.i8<scale=0.5, offset=-3>>
		 y = q.dense(x_q, @fc_w[4 2 -8 6], @fc_b[8 4]) : 1x2`},
	{"ascend matmul, bias after it, relu", newModel(13).in("x", 1, 3, 2).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("b", i32, []int64{8, 4}, 2).typed("p", u64, []int64{word(.25)}, 1).
		node("AscendQuant x -> q", float("scale", 2), float("offset", 0)).node("MatMul q w -> a").named("fc").node("Add a b -> c").
		node("AscendDequant c p -> y", integer("relu_flag", 1)).out("y"),
		`x_q = q.quantize(x) : 1x3x2x!q.i8<scale=0.5>>
		 y_linear = q.dense(x_q, @fc_w[4 2 -8 6], @fc_b[8 4]) : 1x3x2
		 y = relu(y_linear) : 1x3x2`},
	{"ascend int4 weights", newModel(13).in("x", 1, 2, 1, 1).typed("w", i8, []int64{-0x1f}, 1, 1, 1, 1).typed("p", u64, []int64{word(.25)}, 1).
		node("AscendQuant x -> q", float("scale", 2), float("offset", 0)).node("Conv q w -> a").named("c").node("AscendDequant a p -> y").out("y"),
		`x_q = q.quantize(x) : 1x2x1x1x!q.i8<scale=0.5>>
		 y = q.conv2d(x_q, @c_w[1 -2], @c_b[0]) {pad=[0 0 0 0] stride=[1 1]} : 1x1x1x1`},
	{"ascend tensor", rows(13).node("AscendQuant x -> q", float("scale", 2), float("offset", -3)).node("AscendAntiQuant q -> d", float("scale", 0.5), float("offset", 3)).
		node("Relu d -> y").out("y"),
		`x_q = q.quantize(x) : 1x2x!q.i8<scale=0.5, offset=-3>>
		 d = q.dequantize(x_q) : 1x2
		 y = relu(d) : 1x2`},
	{"ascend factors that no scales have", rows(13).typed("w", i8, []int64{1, 1}, 2, 1).typed("p", u64, []int64{word(0.3)}, 1).
		node("AscendQuant x -> q", float("scale", 0.99999994), float("offset", 0)).node("Gemm q w -> a").named("fc").node("AscendDequant a p -> y").out("y"),
		`fc_scaled = mul(x, @fc_scale[0.99999994]) : 1x2
		 fc_scaled_q = q.quantize(fc_scaled) : 1x2x!q.i8<scale=1>>
		 y = q.dense(fc_scaled_q, @fc_w[1 1], @fc_b[0]) : 1x1`},
	{"fake quantization", expansion(rows(13)).f32("w", []float32{4, -8, 2, 6}, 2, 2).f32("b", []float32{8, 4}, 2).f32("p", []float32{.25, .5}, 1, 2).
		node("Gemm q w b -> a").named("fc").node("Mul a p -> y").out("y"),
		`x_q = q.quantize(x) : 1x2x!q.i8<scale=0.5, offset=-3>>
		 y = q.dense(x_q, @fc_w[4 2 -8 6], @fc_b[8 4]) : 1x2`},
	{"fake quantization of a tensor", expansion(rows(13)).f32("p", []float32{.5}).node("Mul q p -> d").node("Relu d -> y").out("y"),
		`x_q = q.quantize(x) : 1x2x!q.i8<scale=0.5, offset=-3>>
		 d = q.dequantize(x_q) : 1x2
		 y = relu(d) : 1x2`},
	{"fake quantization, weights that are no codes", expansion(rows(13)).f32("w", []float32{4, -8.5, 2, 6}, 2, 2).f32("p", []float32{.25}).
		node("Gemm q w -> a").node("Mul a p -> y").out("y"),
		`m = mul(x, @r[2]) : 1x2
		 m_q = q.quantize(m) : 1x2x!q.i8<scale=1, offset=-3>>
		 q = q.dequantize(m_q) : 1x2
		 a = dense(q, @w[4 2 -8.5 6]) : 1x2
		 y = mul(a, @p[0.25]) : 1x2`},
	{"rounding constants", rows(13).f32("c", []float32{.5, 1.5}, 1, 2).node("Round c -> d").node("Add x d -> y").out("y"), `y = add(x, @d[0 2]) : 1x2`},
}

// expansion is a quantization of x with scale 0.5 and offset -3 in standard operators.
func expansion(m model) model {
	return m.f32("r", []float32{2}).f32("o", []float32{-3}).f32("lo", []float32{-128}).f32("hi", []float32{127}).
		node("Mul x r -> m").node("Round m -> n").node("Add n o -> k").node("Clip k lo hi -> l").node("Sub l o -> q")
}

var quantErrors = []errorCase{
	{name: "weights with a zero point", m: qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("wz", i8, []int64{3}).
		node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("DequantizeLinear w s1 wz -> wr").node("MatMul d wr -> y").named("fc").out("y"),
		want: `m.onnx:fc: error[I027]: MatMul "fc": its weights "wr" have a zero point other than that of symmetric codes; quantize weights symmetrically (WeightSymmetric=True in onnxruntime.quantization)`},
	{name: "weight scales along inputs", m: qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{1, 2}, 2).
		node("DequantizeLinear w ws -> wr", integer("axis", 0)).node("MatMul x wr -> y").named("fc").out("y"),
		want: `m.onnx:fc: error[I027]: MatMul "fc": its weights "wr" have scales along axis 1, which is not that of the output channels; quantize weights for each tensor or output channel`},
	{name: "blocks", m: qdq(rows(21)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).node("DequantizeLinear w s1 -> wr", integer("block_size", 2)).node("MatMul x wr -> y").out("y"),
		want: `m.onnx:DequantizeLinear_0: error[I027]: DequantizeLinear "DequantizeLinear_0": factors for blocks (block_size) are not supported; quantize for each tensor or output channel`},
	{name: "activations by channel, 16 bits", m: qdq(rows(21)).f32("v", []float32{1, 2}, 2).typed("z16", i16, []int64{0}).node("QuantizeLinear x v -> a").node("QuantizeLinear x s z16 -> b").
		node("DequantizeLinear a v -> c").node("DequantizeLinear b s z16 -> d").out("c", "d"), want: `
m.onnx:QuantizeLinear_0: error[I027]: QuantizeLinear "QuantizeLinear_0": its activations have 2 scales; only one for the whole tensor is supported
m.onnx:QuantizeLinear_1: error[I027]: QuantizeLinear "QuantizeLinear_1": activations of INT16 are not supported, only of 8 bits; quantize with activation_type uint8 or int8`},
	{name: "factors", m: qdq(rows(13)).f32("n", []float32{-1}).node("QuantizeLinear x n z -> a").node("QuantizeLinear x s z -> q").node("DequantizeLinear q s1 z -> d").
		node("Relu a -> b").out("b", "d"), want: `
m.onnx:DequantizeLinear_2: error[I028]: DequantizeLinear "DequantizeLinear_2": it reads "q" with scale 0.25 and zero point 130 (UINT8), but it was written with 0.5 and 130 (UINT8)
m.onnx:QuantizeLinear_0: error[I028]: QuantizeLinear "QuantizeLinear_0": scale 0, -1, is not positive and finite`},
	{name: "codes in foreign hands", m: qdq(rows(13)).node("QuantizeLinear x s z -> q").node("Relu q -> y").node("Concat q x -> c", integer("axis", 0)).out("y", "q", "c"), want: `
m.onnx: error[I027]: output "q": it holds integers of a quantized model; outputs are float32, dequantize it or remove it from the graph's outputs
m.onnx:Concat_2: error[I028]: Concat "Concat_2": its inputs 0 and 1 have other factors; quantize both with the same scale and zero point
m.onnx:Relu_1: error[I027]: Relu "Relu_1": its input "q" holds codes of QuantizeLinear, which it does not take; dequantize them in front of it`},
	{name: "dynamic factors", m: qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).node("MatMulInteger x w z -> c").node("Cast c -> y", integer("to", 1)).out("y"),
		want: `m.onnx:MatMulInteger_0: error[I027]: MatMulInteger "MatMulInteger_0": its input "x" is not written by QuantizeLinear; factors that depend on the data of each call are not supported, quantize the model statically`},
	{name: "accumulator", m: qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).node("QuantizeLinear x s z -> q").node("MatMulInteger q w z -> c").node("Relu c -> y").out("y"),
		want: `m.onnx:Relu_2: error[I027]: Relu "Relu_2": its input "c" is an int32 accumulator; only a bias, a cast to float32 and the product with its scale may follow`},
	{name: "rounding", m: rows(13).f32("h", []float32{0.5}).node("Round x -> r").node("Add r h -> y").out("y"),
		want: `m.onnx:Add_1: error[I027]: Add "Add_1": rounding is supported only as AMCT writes a quantization: Mul, Round, Add, Clip, Sub; its other input is no offset from -128 to 127`},
	{name: "ascend", m: rows(13).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("p", u64, []int64{word(.25) | 5<<32, word(.25)}, 2).typed("o", u64, []int64{word(.25) | 1<<40}, 1).
		typed("n", u64, []int64{0}, 1).node("AscendQuant x -> q", float("scale", 2), float("offset", -3)).node("Gemm q w -> a").node("AscendDequant a p -> b").
		node("AscendDequant a o -> c").node("AscendDequant a n -> d").node("AscendQuant x -> e", float("scale", 2), str("dst_type", "INT16")).
		node("AscendAntiQuant q -> f", float("scale", 1)).node("AscendQuant x -> g", float("offset", 1)).node("Relu q -> h").out("b", "c", "d", "e", "f", "g", "h"), want: `
m.onnx:AscendAntiQuant_6: error[I028]: AscendAntiQuant "AscendAntiQuant_6": its scale 1 and offset 0 are not those of the AscendQuant before it, 1/2 and -3
m.onnx:AscendDequant_2: error[I028]: AscendDequant "AscendDequant_2": parameter 1 has the shift 0 beside 5; all have one, or none has
m.onnx:AscendDequant_3: error[I027]: AscendDequant "AscendDequant_3": parameter 0 has the weight offset 1; weights must be symmetric
m.onnx:AscendDequant_4: error[I028]: AscendDequant "AscendDequant_4": parameter 0, 0x0, holds no positive scale
m.onnx:AscendQuant_5: error[I027]: AscendQuant "AscendQuant_5": dst_type is "INT16"; only activations of INT8 are supported, quantize the layer with act_type INT8
m.onnx:AscendQuant_7: error[I028]: AscendQuant "AscendQuant_7": its scale is 0, want a positive number
m.onnx:Relu_8: error[I027]: Relu "Relu_8": its input "q" holds codes of AscendQuant; only Conv, Gemm, MatMul and AscendAntiQuant take them`},
	{name: "two forms", m: qdq(rows(13)).node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> d").node("Relu d -> a").node("AscendQuant x -> c", float("scale", 2)).
		node("AscendAntiQuant c -> b", float("scale", .5)).out("a", "b"),
		want: `m.onnx: error[I027]: node "AscendAntiQuant_4" is quantized in the form of AMCT and node "QuantizeLinear_0" by QuantizeLinear; a model has one form`},
}

// TestSplitFactors: for the reciprocals and products that AMCT makes, factors are found that have
// exactly these; for others the answer is none.
func TestSplitFactors(t *testing.T) {
	state, found, foreign := uint32(7), 0, 0
	draw := func() float32 {
		state = state*1664525 + 1013904223
		return 1e-4 + float32(state>>8)/(1<<24)
	}
	for range 2000 {
		s := draw()
		r, d := op.Reciprocal(s), make([]float32, 32)
		for i := range d {
			d[i] = op.AccScale(s, draw())
		}
		a, sw, ok := split(r, d, 0)
		if !ok || op.Reciprocal(a) != r {
			t.Fatalf("no factors for 1/%v", s)
		}
		for i := range d {
			if op.AccScale(a, sw[i]) != d[i] {
				t.Fatalf("%v*%v is not %v", a, sw[i], d[i])
			}
		}
		found++
		for i := range d {
			d[i] = draw()
		}
		if a, sw, ok := split(draw(), d, 0); ok {
			for i := range d {
				if op.AccScale(a, sw[i]) != d[i] {
					t.Fatalf("%v*%v is not %v", a, sw[i], d[i])
				}
			}
		} else {
			foreign++
		}
	}
	if foreign < 1000 {
		t.Errorf("only %d of %d drawn factors have no split", foreign, found)
	}
}

// TestQuantizedStages: what a model holds decides the stage of its module, which verifies.
func TestQuantizedStages(t *testing.T) {
	for _, c := range quantCases {
		m := mustImport(t, "m.onnx", c.m.bytes(t), Options{})
		if l := ir.Verify(m); l.HasErrors() {
			t.Errorf("%s: %v", c.name, l)
		}
	}
}
