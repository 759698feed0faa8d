package onnx

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// dynamicMatMul is the layer that ONNX Runtime's quantize_dynamic writes for a matrix product of x (1, 2), with int8
// weights and a scale and a zero point for each column, and a bias behind it.
func dynamicMatMul(m model) model {
	return m.typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("wz", i8, []int64{0, 2}, 2).f32("ws", []float32{.5, .25}, 2).f32("b", []float32{1, 2}, 2).
		node("DynamicQuantizeLinear x -> x_quantized x_scale x_zero_point").
		node("MatMulInteger x_quantized w x_zero_point wz -> m_output_quantized").named("fc_quant").
		node("Mul x_scale ws -> scales").node("Cast m_output_quantized -> m_cast", integer("to", 1)).
		node("Mul m_cast scales -> m").node("Add b m -> y")
}

// dynamicConv is that of a convolution of x (1, 1, 2, 2) with uint8 weights.
func dynamicConv(m model) model {
	return m.typed("w", u8, []int64{130, 127}, 2, 1, 1, 1).typed("wz", u8, []int64{128}).f32("ws", []float32{.5}).
		f32("b", []float32{1, 2}, 2).i64("column", 1, -1, 1, 1).
		node("DynamicQuantizeLinear x -> x_quantized x_scale x_zero_point").
		node("ConvInteger x_quantized w x_zero_point wz -> c_output_quantized", ints("kernel_shape", 1, 1)).named("conv_quant").
		node("Cast c_output_quantized -> c_cast", integer("to", 1)).node("Mul x_scale ws -> scales").
		node("Mul c_cast scales -> c").node("Reshape b column -> b_column").node("Add c b_column -> y")
}

// joinedMatMul is dynamicMatMul as ONNX Runtime saves it when it has optimized the model.
func joinedMatMul(m model) model {
	return m.typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("wz", i8, []int64{0, 2}, 2).f32("ws", []float32{.5, .25}, 2).f32("b", []float32{1, 2}, 2).
		node("DynamicQuantizeMatMul x w ws wz b -> y")
}

// TestDynamicLayers: such layers become float layers under the names that the nodes have.
func TestDynamicLayers(t *testing.T) {
	for _, c := range []struct {
		name, layer, want string
		m                 model
	}{
		{"matmul", "fc_quant", `m = dense(x, @fc_quant_w[2 1 -2.5 1]) : 1x2
y = add(@b[1 2], m) : 1x2
`, dynamicMatMul(rows(13)).out("y")},
		{"conv", "conv_quant", `c = conv2d(x, @conv_quant_w[1 -0.5]) {pad=[0 0 0 0] stride=[1 1]} : 1x2x2x2
y = add(c, @b_column[1 2]) : 1x2x2x2
`, dynamicConv(newModel(11).in("x", 1, 1, 2, 2)).out("y")},
		{"conv of a line", "ConvInteger_1", `y_reshape = reshape(x) {shape=[1 2 1 3]} : 1x2x1x3
y = conv2d(y_reshape, @ConvInteger_1_w[2 -2]) {pad=[0 0 0 0] stride=[1 1]} : 1x1x1x3
y_reshape_1 = reshape(y) {shape=[1 1 3]} : 1x1x3
`, newModel(13).in("x", 1, 2, 3).typed("w", i8, []int64{4, -4}, 1, 2, 1).f32("ws", []float32{.5}).node("DynamicQuantizeLinear x -> q s z").
			node("ConvInteger q w z -> p").node("Cast p -> f", integer("to", 1)).node("Mul s ws -> k").node("Mul f k -> y").out("y")},
		{"joined by ONNX Runtime", "DynamicQuantizeMatMul_0", `y = dense(x, @DynamicQuantizeMatMul_0_w[2 1 -2.5 1]) : 1x2
y_add = add(y, @b[1 2]) : 1x2
`, joinedMatMul(rows(13)).out("y")},
		{"joined without the quantization", "MatMulIntegerToFloat_1", `y = dense(x, @MatMulIntegerToFloat_1_w[2 1 -4 3]) : 1x2
`, rows(13).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.5}).node("DynamicQuantizeLinear x -> q s z").node("MatMulIntegerToFloat q w s ws z -> y").out("y")},
		{"moved codes", "MatMulInteger_2", `t = reshape(x) {shape=[1 2]} : 1x2
y = dense(t, @MatMulInteger_2_w[2 1 -4 3]) : 1x2
`, newModel(13).in("x", 2, 1).i64("row", 1, 2).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.5}).node("DynamicQuantizeLinear x -> q s z").
			node("Reshape q row -> t").node("MatMulInteger t w z -> p").node("Cast p -> f", integer("to", 1)).node("Mul ws s -> k").node("Mul k f -> y").out("y")},
	} {
		m, l := Import("m.onnx", c.m.bytes(t), Options{})
		if l.HasErrors() || l.Len() != 1 || l.Sorted()[0].Code != codeDynamicFactors || l.Sorted()[0].Severity != diag.Warning {
			t.Errorf("%s: %v, want one remark", c.name, l)
			continue
		}
		if got := listing(m); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		if !slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool { return n.Name == c.layer }) {
			t.Errorf("%s: no node has the name %s", c.name, c.layer)
		}
	}
}

// TestDynamicLSTM: an LSTM with codes as weights is the LSTM with their numbers, in both directions, with a scale for each
// direction or for each column.
func TestDynamicLSTM(t *testing.T) {
	const dirs, in, hidden, gates = 2, 3, 2, 8
	codes := func(seed uint32, rows int64) []int64 { return ints64(drawn(seed, tensor.I8, dirs, int(rows), gates)) }
	numbers := func(q []int64, rows int, scale func(dir, gate int) float32) []float32 {
		v := make([]float32, len(q))
		for d := range dirs {
			for r := range rows {
				for g := range gates {
					v[(d*gates+g)*rows+r] = float32(q[(d*rows+r)*gates+g]-1) * scale(d, g)
				}
			}
		}
		return v
	}
	w, r := codes(5, in), codes(6, hidden)
	ws := []float32{.5, .25}
	rs := make([]float32, dirs*gates)
	for i := range rs {
		rs[i] = float32(i+1) / 64
	}
	attrs := func(m model) model {
		n := m.Graph.Node[0]
		n.Attribute = append(n.Attribute, integer("hidden_size", hidden), str("direction", "bidirectional"))
		return m.out("y")
	}
	one := []int64{1, 1}
	a := attrs(newModel(13).in("x", 2, 1, in).typed("w", i8, w, dirs, in, gates).typed("r", i8, r, dirs, hidden, gates).floats("b", dirs, 2*gates).
		f32("ws", ws, dirs).typed("wz", i8, one, dirs).f32("rs", rs, dirs, gates).typed("rz", i8, one, dirs).
		node("DynamicQuantizeLSTM x w r b _ _ _ _ ws wz rs rz -> y").named("lstm"))
	b := attrs(newModel(13).in("x", 2, 1, in).f32("w", numbers(w, in, func(d, _ int) float32 { return ws[d] }), dirs, gates, in).
		f32("r", numbers(r, hidden, func(d, g int) float32 { return rs[d*gates+g] }), dirs, gates, hidden).floats("b", dirs, 2*gates).
		node("LSTM x w r b -> y").named("lstm"))
	got, l := Import("m.onnx", a.bytes(t), Options{})
	if l.HasErrors() || l.Len() != 1 || l.Sorted()[0].Code != codeDynamicFactors {
		t.Fatalf("%v, want one remark", l)
	}
	want := mustImport(t, "m.onnx", b.bytes(t), Options{})
	x := tensor.FromF32([]float32{.5, -1, 2, 1, .25, -.5}, 2, 1, in)
	var out [2][]float32
	for i, m := range []*ir.Module{got, want} {
		out[i] = run(t, m, x)[0].F32
	}
	if !slices.Equal(out[0], out[1]) {
		t.Errorf("got %v, want %v", out[0], out[1])
	}
}

// TestDynamicExact: evaluated in its own types, such a layer computes what ONNX says, codes and all.
func TestDynamicExact(t *testing.T) {
	// The range of x is -1 to 2, its scale 3/255, its zero point 85, the codes 0 and 255.
	x := tensor.FromF32([]float32{-1, 2}, 1, 2)
	y := answers(t, dynamicMatMul(rows(13)).out("y"), x)[0]
	s := float32(3) / 255
	want := []float32{
		float32(float32(-85*4+170*2)*float32(s*.5)) + 1,
		float32(float32(-85*-10+170*4)*float32(s*.25)) + 2,
	}
	if !slices.Equal(y.F32, want) {
		t.Errorf("got %v, want %v", y.F32, want)
	}
	if y := answers(t, joinedMatMul(rows(13)).out("y"), x)[0]; !slices.Equal(y.F32, want) {
		t.Errorf("joined: got %v, want %v", y.F32, want)
	}
	// Codes of QuantizeLinear with known factors are those of a static layer.
	m := qdq(rows(13)).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.25}).node("QuantizeLinear x s z -> q").node("MatMulIntegerToFloat q w s ws z -> y").out("y")
	got := listing(mustImport(t, "m.onnx", m.bytes(t), Options{}))
	if static := `x_fq = q.fake(x) {scale=[0.5] offset=[2] axis=-1 bits=8} : 1x2
MatMulIntegerToFloat_1_w_fq = q.fake(@MatMulIntegerToFloat_1_w[1 0.5 -2 1.5]) {scale=[0.25] offset=[0] axis=-1 bits=8} : 2x2
y = dense(x_fq, MatMulIntegerToFloat_1_w_fq) : 1x2
`; got != static {
		t.Errorf("got\n%s\nwant\n%s", got, static)
	}
}

var dynamicErrors = []errorCase{
	{name: "dynamic factors are dropped", m: dynamicMatMul(rows(13)).out("y"), want: `
m.onnx:fc_quant: warning[I031]: MatMulInteger "fc_quant": the model finds the factors of this and other layers anew in each call; they are dropped: the network has the numbers that the codes of the weights stand for, and calibration finds the factors of its inputs once`},
	{name: "results of DynamicQuantizeLinear in foreign hands", m: rows(13).f32("k", []float32{2}).node("DynamicQuantizeLinear x -> q s z").node("Relu q -> a").
		node("Mul s s -> b").node("Add s k -> c").node("Concat q q -> d", integer("axis", 0)).node("Identity z -> e").out("a", "b", "c", "d", "e", "q", "s"), want: `
m.onnx: error[I027]: output "q": it is a result of DynamicQuantizeLinear, whose factors depend on the data of each call; remove it from the graph's outputs
m.onnx: error[I027]: output "s": it is a result of DynamicQuantizeLinear, whose factors depend on the data of each call; remove it from the graph's outputs
m.onnx:Add_3: error[I027]: Add "Add_3": its input "s" is a result of DynamicQuantizeLinear, which only the layers that ONNX Runtime's quantize_dynamic writes may read; quantize the model statically, or compile the float model it was made from
m.onnx:Concat_4: error[I027]: Concat "Concat_4": its input "q" is a result of DynamicQuantizeLinear, which only the layers that ONNX Runtime's quantize_dynamic writes may read; quantize the model statically, or compile the float model it was made from
m.onnx:Identity_5: error[I027]: Identity "Identity_5": its input "z" is a result of DynamicQuantizeLinear, which only the layers that ONNX Runtime's quantize_dynamic writes may read; quantize the model statically, or compile the float model it was made from
m.onnx:Mul_2: error[I027]: Mul "Mul_2": it multiplies a result of DynamicQuantizeLinear; only the product of its scale and known float32 scales of weights is supported
m.onnx:Relu_1: error[I027]: Relu "Relu_1": its input "q" is a result of DynamicQuantizeLinear, which only the layers that ONNX Runtime's quantize_dynamic writes may read; quantize the model statically, or compile the float model it was made from`},
	{name: "dynamic layers that are none", m: rows(13).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).typed("wz", i8, []int64{1, 2, 3}, 3).typed("z0", u8, []int64{0}).
		typed("bias", i32, []int64{1, 2}, 2).f32("ws", []float32{.5, 0}, 2).f32("one", []float32{1}).
		node("DynamicQuantizeLinear x -> q s z").node("MatMulInteger q w z0 -> a").node("MatMulInteger q w z wz -> b").node("MatMulInteger q w z -> p").
		node("Cast p -> f", integer("to", 1)).node("Mul f one -> c").node("Mul s ws -> k").node("Mul f k -> d").node("Add p bias -> e").node("Mul f s -> g").
		out("a", "b", "c", "d", "e", "g"), want: `
m.onnx:Add_8: error[I027]: Add "Add_8": it adds something to an int32 accumulator that is no int32 constant for each output channel
m.onnx:MatMulInteger_1: error[I028]: MatMulInteger "MatMulInteger_1": its first operand comes from DynamicQuantizeLinear; it must be read with the zero point written there
m.onnx:MatMulInteger_2: error[I028]: MatMulInteger "MatMulInteger_2": its weights have shape [2 2] and a zero point of shape [3] INT8
m.onnx:Mul_5: error[I027]: Mul "Mul_5": it multiplies the accumulator of a layer whose input comes from DynamicQuantizeLinear by something other than the scale written there times known scales of the weights, one or one for each output channel
m.onnx:Mul_7: error[I028]: Mul "Mul_7": a scale of its weights, [0.5 0], is not positive and finite
m.onnx:Mul_9: error[I027]: Mul "Mul_9": it multiplies the accumulator of a layer whose input comes from DynamicQuantizeLinear by something other than the scale written there times known scales of the weights, one or one for each output channel`},
	{name: "dynamic factors of constants", m: rows(13).typed("a", u8, []int64{1, 2}, 1, 2).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("ws", []float32{.5}).node("DynamicQuantizeLinear x -> q s z").
		node("MatMulInteger a w z -> b").node("MatMulIntegerToFloat q w s ws z _ s -> c").node("MatMulIntegerToFloat q w q ws z -> d").node("MatMulInteger a q -> e").
		node("MatMulInteger x w -> f").out("b", "c", "d", "e", "f"), want: `
m.onnx:MatMulIntegerToFloat_2: error[I027]: MatMulIntegerToFloat "MatMulIntegerToFloat_2": its scales and its bias are float32 numbers, but "s" holds codes
m.onnx:MatMulIntegerToFloat_3: error[I027]: MatMulIntegerToFloat "MatMulIntegerToFloat_3": it multiplies a result of DynamicQuantizeLinear; only the product of its scale and known float32 scales of weights is supported
m.onnx:MatMulInteger_1: error[I027]: MatMulInteger "MatMulInteger_1": it reads "z", which is no tensor of numbers in a network that is compiled
m.onnx:MatMulInteger_4: error[I017]: MatMulInteger "MatMulInteger_4": its input "q" holds FLOAT, want int8 or uint8
m.onnx:MatMulInteger_5: error[I027]: MatMulInteger "MatMulInteger_5": its input "x" is not written by QuantizeLinear; factors that depend on the data of each call are not supported, quantize the model statically`},
	{name: "a dynamic convolution of no images", m: newModel(13).in("x", 2).typed("w", i8, []int64{4, -8}, 2, 1, 1, 1).f32("ws", []float32{.5, .25}, 2).node("DynamicQuantizeLinear x -> q s z").
		node("ConvInteger q w z -> p").node("Mul s ws -> k").node("Mul p k -> y").out("y"), want: `
m.onnx:Mul_3: error[I027]: Mul "Mul_3": it multiplies the accumulator of a layer whose input comes from DynamicQuantizeLinear by something other than the scale written there times known scales of the weights, one or one for each output channel`},
	{name: "pools of n-grams", m: rows(13).typed("t", i32, []int64{1, 2}, 2).node("TfIdfVectorizer t -> a", str("mode", "TF"), ints("ngram_counts", 0, 1), ints("ngram_indexes", 0), ints("pool_int64s", 4, 5)).
		node("TfIdfVectorizer t -> b", str("mode", "COUNT"), ints("ngram_counts", 0), ints("ngram_indexes", 0), ints("pool_int64s", 4)).
		node("TfIdfVectorizer t -> c", str("mode", "TF"), ints("ngram_counts", 0), ints("ngram_indexes", -1), ints("pool_int64s", 4)).
		node("TfIdfVectorizer t -> d", str("mode", "TF"), &pb.AttributeProto{Name: "pool_strings", Type: pb.AttributeProto_STRINGS, Strings: [][]byte{[]byte("a")}}).
		node("TfIdfVectorizer x -> e", str("mode", "TF"), ints("ngram_counts", 0), ints("ngram_indexes", 0), ints("pool_int64s", 4)).
		node("TfIdfVectorizer t -> f", str("mode", "TF"), integer("max_skip_count", -1), ints("ngram_counts", 0), ints("ngram_indexes", 0), ints("pool_int64s", 4)).
		out("a", "b", "c", "d", "e", "f"), want: `
m.onnx:TfIdfVectorizer_0: error[I006]: TfIdfVectorizer "TfIdfVectorizer_0": attribute ngram_counts is [0 1], which divides no pool of 2 items into sequences of 1, 2, ... items
m.onnx:TfIdfVectorizer_1: error[I006]: TfIdfVectorizer "TfIdfVectorizer_1": attribute mode is "COUNT", want TF, IDF or TFIDF
m.onnx:TfIdfVectorizer_2: error[I006]: TfIdfVectorizer "TfIdfVectorizer_2": number 0 of attribute ngram_indexes is -1
m.onnx:TfIdfVectorizer_3: error[I017]: TfIdfVectorizer "TfIdfVectorizer_3": its pool holds strings, which are no numbers; do this step outside of the network
m.onnx:TfIdfVectorizer_4: error[I021]: TfIdfVectorizer "TfIdfVectorizer_4": its input, "x", is computed at run time and must be a constant; export with constants folded
m.onnx:TfIdfVectorizer_5: error[I006]: TfIdfVectorizer "TfIdfVectorizer_5": sequences have 1 to 1 items and skip up to -1, want 1 or more, ascending, and none below 0`},
	{name: "weights of a dynamic LSTM", m: newModel(13).in("x", 1, 1, 1).typed("w", i8, make([]int64, 4), 1, 1, 4).typed("z", i8, []int64{0}, 1).f32("s", []float32{1}, 1).f32("s2", []float32{1, 1}, 2).
		typed("u", u8, []int64{0}, 1).f32("n", []float32{0}, 1).node("DynamicQuantizeLSTM x w w _ _ _ _ _ s2 z s z -> a").node("DynamicQuantizeLSTM x w w _ _ _ _ _ s u s z -> b").
		node("DynamicQuantizeLSTM x w w _ _ _ _ _ s z n z -> c").out("a", "b", "c"), want: `
m.onnx:DynamicQuantizeLSTM_0: error[I028]: DynamicQuantizeLSTM "DynamicQuantizeLSTM_0": its weights have shape [1 1 4] and a factor of shape [2], want one for each direction, or one for each column of each
m.onnx:DynamicQuantizeLSTM_1: error[I020]: DynamicQuantizeLSTM "DynamicQuantizeLSTM_1": its weights are codes of shape [1 1 4] with a zero point of UINT8, want rank 3 and the type of the codes
m.onnx:DynamicQuantizeLSTM_2: error[I028]: DynamicQuantizeLSTM "DynamicQuantizeLSTM_2": scale 0, 0, is not positive and finite`},
	{name: "optimizers", m: trainer().in("r", 1).in("n", 1).scalar("t", 3).in("x", 2).in("g", 2).in("v", 2).in("h", 2).node("Adam r t x g v h -> a b c").training().
		node("Adagrad r n x g h -> d e").training().node("Momentum r t x g v -> f i", str("mode", "heavy")).training().node("Momentum r t x g v h -> j k").training().
		node("Rprop r -> l").training().out("a", "d", "f", "j", "l"), want: `
m.onnx:Adagrad_1: error[I021]: Adagrad "Adagrad_1": its number of steps, "n", is computed at run time and must be a constant; export with constants folded
m.onnx:Adam_0: error[I006]: Adam "Adam_0": attribute epsilon is missing; ONNX's text takes it for 1e-6 then and its test for 1e-2, so write it out
m.onnx:Momentum_2: error[I006]: Momentum "Momentum_2": attribute mode is "heavy", want standard or nesterov
m.onnx:Momentum_3: error[I008]: Momentum "Momentum_3": it has 6 inputs and 2 outputs, want 2 and 3 for each tensor, and 2
m.onnx:Rprop_4: error[I005]: Rprop "Rprop_4": operators of domain "ai.onnx.preview.training" are not supported; the model holds no function of this name; export without custom operators`},
	{name: "converted indices", m: newModel(13).in("x", 1, 300).node("ArgMax x -> i", integer("axis", 1)).node("Cast i -> a", integer("to", 6)).
		node("Cast i -> b", integer("to", 1)).node("Flatten i -> f").node("Cast f -> c", integer("to", 2)).node("Cast i -> d", integer("to", 9)).node("Cast i -> g", integer("to", 7)).
		node("Relu b -> h").out("a", "c", "d", "g", "h"), want: `
m.onnx:Cast_1: warning[I032]: Cast "Cast_1": it converts indices to i32; the network gives them as int64, the same numbers
m.onnx:Cast_2: warning[I032]: Cast "Cast_2": it converts indices to f32; the network gives them as int64, the same numbers
m.onnx:Cast_4: error[I017]: Cast "Cast_4": it converts indices below 300 to u8, which does not hold them all; remove it
m.onnx:Cast_5: error[I017]: Cast "Cast_5": it converts indices below 300 to bool, which does not hold them all; remove it
m.onnx:Relu_7: error[I017]: Relu "Relu_7": its input "i" holds computed indices; they can be outputs, or those of MaxUnpool, and nothing else`},
	{name: "results that the data count", m: rows(13).i64("k", 1).node("NonMaxSuppression x x -> y").out("y"), want: `
m.onnx:NonMaxSuppression_0: error[I004]: NonMaxSuppression "NonMaxSuppression_0": operator NonMaxSuppression is not supported; how many results it gives depends on the data, and networks have fixed shapes: end the network in front of it with onnx.utils.extract_model, and do this step outside of it`},
}
