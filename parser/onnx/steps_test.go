package onnx

import (
	"math"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// TestFamilies imports every operator of one and of two numbers.
func TestFamilies(t *testing.T) {
	for name := range functionTable {
		opset := int64(20)
		m := mustImport(t, "m.onnx", newModel(opset).in("x", 2, 3).node(name+" x -> y").out("y").bytes(t), Options{Numbers: true})
		if n := m.Main().Nodes; len(n) != 1 || n[0].Kind != name {
			t.Errorf("%s becomes %s", name, listing(m))
		}
	}
	for name := range pairTable {
		elem := pb.TensorProto_FLOAT
		if name == "And" || name == "Or" || name == "Xor" {
			elem = pb.TensorProto_BOOL
		}
		mod := newModel(17).node(name + " a b -> y").out("y")
		mod.Graph.Input = []*pb.ValueInfoProto{info("a", elem, 2, 3), info("b", elem, 3)}
		m := mustImport(t, "m.onnx", mod.bytes(t), Options{Numbers: true})
		if n := m.Main().Nodes; len(n) != 1 || n[0].Kind != name {
			t.Errorf("%s becomes %s", name, listing(m))
		}
	}
}

// microsoft puts the nodes into ONNX Runtime's own domain.
func microsoft(m model) model {
	return m.edit(func(m *pb.ModelProto) {
		for _, n := range m.Graph.Node {
			n.Domain = "com.microsoft"
		}
		m.OpsetImport = append(m.OpsetImport, &pb.OperatorSetIdProto{Domain: "com.microsoft", Version: 1})
	})
}

// stepCases are operators that become several of ours; want are the names of these, in order. What they compute
// is held against ONNX's node tests (testdata/conformance).
var stepCases = []struct {
	name string
	m    model
	want string
}{
	{"Attention", newModel(23).in("q", 1, 4, 2, 3).in("k", 1, 2, 2, 3).in("v", 1, 2, 2, 5).node("Attention q k v -> y", integer("is_causal", 1), float("softcap", 2)).out("y"),
		"take take transpose matmul mul mul tanh mul add softmax matmul"},
	{"Attention of rank 3", newModel(24).in("q", 1, 2, 4).in("k", 1, 2, 4).in("v", 1, 2, 4).node("Attention q k v -> y", integer("q_num_heads", 2), integer("kv_num_heads", 2)).out("y"),
		"reshape transpose reshape transpose reshape transpose transpose matmul mul softmax matmul transpose reshape"},
	{"RotaryEmbedding", newModel(23).in("x", 1, 2, 3, 6).floats("c", 1, 3, 2).floats("s", 1, 3, 2).node("RotaryEmbedding x c s -> y", integer("rotary_embedding_dim", 4)).out("y"),
		"transpose take take mul take mul add concat transpose"},
	{"BiasGelu", microsoft(newModel(13).in("x", 2, 3).floats("b", 3).node("BiasGelu x b -> y").out("y")),
		"add gelu"},
	{"FastGelu", microsoft(newModel(13).in("x", 2, 3).node("FastGelu x -> y").out("y")),
		"gelu_tanh"},
	{"Gelu of ONNX Runtime", microsoft(newModel(13).in("x", 2, 3).node("Gelu x -> y").out("y")),
		"gelu"},
	{"QuickGelu", microsoft(newModel(13).in("x", 2, 3).node("QuickGelu x -> y").out("y")),
		"mul sigmoid mul"},
	{"SkipLayerNormalization", microsoft(newModel(13).in("x", 2, 3).in("s", 2, 3).floats("g", 3).floats("b", 3).node("SkipLayerNormalization x s g b -> y m d z").out("y")),
		"add normalize mul add"},
	{"FusedMatMul", microsoft(newModel(13).in("x", 2, 3).floats("w", 4, 3).node("FusedMatMul x w -> y", integer("transB", 1), float("alpha", 2)).out("y")),
		"dense mul"},
	{"FusedMatMul of computed matrices", microsoft(newModel(13).in("x", 1, 3, 2).in("w", 1, 3, 4).node("FusedMatMul x w -> y", integer("transA", 1)).out("y")),
		"transpose matmul"},
	{"FusedConv", microsoft(newModel(13).in("x", 1, 2, 3, 3).in("z", 1, 3, 3, 3).floats("w", 3, 2, 1, 1).floats("b", 3).node("FusedConv x w b z -> y", str("activation", "Clip"), floats("activation_params", 0, 6)).out("y")),
		"conv2d add clip"},
	{"FusedGemm", microsoft(newModel(13).in("x", 2, 3).floats("w", 3, 4).floats("b", 4).node("FusedGemm x w b -> y", str("activation", "LeakyRelu"), float("activation_alpha", .1)).out("y")),
		"dense leaky_relu"},
	{"Swish", newModel(24).in("x", 2).node("Swish x -> y").out("y"), "swish"},
	{"Swish with alpha", newModel(24).in("x", 2).node("Swish x -> y", float("alpha", 2)).out("y"), "mul sigmoid mul"},
	{"ArgMax", newModel(13).in("x", 2, 3).node("ArgMax x -> y").out("y"),
		"argmax"},
	{"ArgMin", newModel(13).in("x", 2, 3).node("ArgMin x -> y").out("y"),
		"argmax"},
	{"BitShift", newModel(13).in("x", 2).node("Cast x -> a", integer("to", 2)).node("BitShift a a -> y", str("direction", "LEFT")).out("y"),
		"cast shift_left"},
	{"CastLike", newModel(15).in("x", 2).i64("i", 1).node("CastLike x i -> y").out("y"),
		"cast"},
	{"Compress", newModel(13).in("x", 2, 3).init(&pb.TensorProto{Name: "c", DataType: 9, Dims: []int64{3}, Int32Data: []int32{1, 0, 1}}).node("Compress x c -> y", integer("axis", 1)).out("y"),
		"take"},
	{"CumSum", newModel(13).in("x", 2, 3).i64("a", 1).node("CumSum x a -> y").out("y"),
		"cumsum"},
	{"DepthToSpace", newModel(13).in("x", 1, 4, 2, 2).node("DepthToSpace x -> y", integer("blocksize", 2)).out("y"),
		"reshape transpose reshape"},
	{"SpaceToDepth", newModel(13).in("x", 1, 4, 2, 2).node("SpaceToDepth x -> y", integer("blocksize", 2)).out("y"),
		"reshape transpose reshape"},
	{"GatherElements", newModel(13).in("x", 2, 2).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 2}, Int64Data: []int64{1, 0}}).node("GatherElements x i -> y").out("y"),
		"reshape take reshape"},
	{"GatherND", newModel(13).in("x", 2, 2).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 2}, Int64Data: []int64{1, 0}}).node("GatherND x i -> y").out("y"),
		"reshape take"},
	{"Scatter", newModel(10).in("x", 2, 2).in("u", 1, 2).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 2}, Int64Data: []int64{1, 0}}).node("Scatter x i u -> y").out("y"),
		"reshape reshape concat take reshape"},
	{"ScatterElements add", newModel(16).in("x", 2, 2).in("u", 1, 2).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 2}, Int64Data: []int64{1, 0}}).node("ScatterElements x i u -> y", str("reduction", "add")).out("y"),
		"reshape reshape concat take add reshape"},
	{"ScatterND", newModel(13).in("x", 2, 2).in("u", 1).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 2}, Int64Data: []int64{1, 0}}).node("ScatterND x i u -> y").out("y"),
		"reshape concat take reshape"},
	{"Gelu", newModel(20).in("x", 2).node("Gelu x -> y").out("y"),
		"gelu"},
	{"Hardmax", newModel(13).in("x", 2, 3).node("Hardmax x -> y").out("y"),
		"argmax equal cast"},
	{"LogSoftmax", newModel(11).in("x", 2, 3, 2).node("LogSoftmax x -> y").out("y"),
		"reshape reduce_max sub exp reduce_sum log sub reshape"},
	{"IsInf", newModel(13).in("x", 2).node("IsInf x -> y").out("y"),
		"is_inf"},
	{"IsNaN and Not", newModel(13).in("x", 2).node("IsNaN x -> a").node("Not a -> y").out("y"),
		"is_nan not"},
	{"Max of three", newModel(13).in("x", 2).in("z", 2).node("Max x z x -> y").out("y"),
		"max max"},
	{"Mean", newModel(13).in("x", 2).in("z", 2).node("Mean x z -> y").out("y"),
		"add mul"},
	{"Min", newModel(13).in("x", 2).in("z", 2).node("Min x z -> y").out("y"),
		"min"},
	{"Mod", newModel(13).in("x", 2).in("z", 2).node("Mod x z -> y", integer("fmod", 1)).out("y"),
		"fmod"},
	{"Pow", newModel(13).in("x", 2).f32("e", []float32{3}).node("Pow x e -> y").out("y"),
		"pow"},
	{"ReverseSequence", newModel(13).in("x", 2, 2).i64("l", 2, 1).node("ReverseSequence x l -> y").out("y"),
		"reshape take reshape"},
	{"Split", newModel(13).in("x", 2, 5).i64("s", 2, 3).node("Split x s -> a y", integer("axis", 1)).out("a", "y"),
		"take take"},
	{"Tile", newModel(13).in("x", 2, 5).i64("s", 2, 3).node("Tile x s -> y").out("y"),
		"take take"},
	{"TopK", newModel(13).in("x", 2, 5).i64("k", 2).node("TopK x k -> v i").out("v"),
		"topk"},
	{"Trilu", newModel(14).in("x", 2, 2).node("Trilu x -> y").out("y"),
		"reshape take reshape"},
	{"Where", newModel(13).in("x", 2).in("z", 2).node("Less x z -> c").node("Where c x z -> y").out("y"),
		"less where"},
	{"DFT", newModel(17).in("x", 1, 8, 2, 1).node("DFT x -> y").out("y"),
		"transpose reshape dense reshape transpose"},
	{"STFT", newModel(17).in("x", 1, 16).i64("s", 4).i64("l", 8).node("HannWindow l -> w").node("STFT x s w -> y").out("y"),
		"take reshape reshape dense reshape"},
	{"MaxUnpool", newModel(13).in("x", 1, 1, 1, 2).f32("k", []float32{0}, 1).init(&pb.TensorProto{Name: "i", DataType: 7, Dims: []int64{1, 1, 1, 2}, Int64Data: []int64{1, 6}}).node("MaxUnpool x i -> y", ints("kernel_shape", 2, 2), ints("strides", 2, 2)).out("y"),
		"reshape take reshape"},
	{"SegNet", newModel(13).in("x", -1, 2, 4, 4).node("MaxPool x -> m i", ints("kernel_shape", 2, 2), ints("strides", 2, 2)).node("Relu m -> r").node("MaxUnpool r i -> y", ints("kernel_shape", 2, 2), ints("strides", 2, 2)).out("y"),
		"max_pool2d max_pool2d_indices relu max_unpool2d"},
	{"MaxUnpool in a larger image", newModel(13).in("x", 2, 2, 4, 4).i64("s", 2, 2, 5, 4).node("MaxPool x -> m i", ints("kernel_shape", 2, 2), ints("strides", 2, 2)).node("MaxUnpool m i s -> y", ints("kernel_shape", 2, 2), ints("strides", 2, 2)).out("y"),
		"max_pool2d max_pool2d_indices max_unpool2d pad"},
	{"indices of a line", newModel(13).in("x", 1, 2, 8).node("MaxPool x -> m i", ints("kernel_shape", 2)).out("i"),
		"reshape max_pool2d_indices reshape"},
	{"GridSample", newModel(20).in("x", -1, 2, 4, 4).in("g", -1, 3, 3, 2).node("GridSample x g -> y", str("mode", "cubic"), str("padding_mode", "border")).out("y"),
		"grid_sample"},
	{"GridSample of one grid", newModel(16).in("x", -1, 2, 4, 4).floats("g", 1, 3, 3, 2).i64("k", 3, 3, 2).i64("first", 0).node("Shape x -> s").node("Gather s first -> n").
		node("Concat n k -> e", integer("axis", 0)).node("Expand g e -> grids").node("GridSample x grids -> y").out("y"),
		"grid_sample"},
	{"RoiAlign", newModel(16).in("x", 1, 2, 4, 4).in("r", 2, 4).i64("b", 0, 0).node("RoiAlign x r b -> y", str("mode", "max"), integer("output_height", 2)).out("y"),
		"roi_align"},
	{"Det", newModel(13).in("x", 2, 3, 3).node("Det x -> y").out("y"),
		"det"},
	{"EyeLike", newModel(13).in("x", 2, 2).node("EyeLike x -> e").node("Add x e -> y").out("y"),
		"add"},
	{"windows", newModel(17).in("x", 4).i64("n", 4).node("HannWindow n -> a").node("HammingWindow n -> b").node("BlackmanWindow n -> c").node("Mul x a -> d").node("Mul d b -> e").node("Mul e c -> y").out("y"),
		"mul mul mul"},
	{"GroupNormalization", newModel(21).in("x", 1, 4, 2, 2).floats("s", 4).node("GroupNormalization x s s -> y", integer("num_groups", 2)).out("y"),
		"reshape normalize reshape mul add"},
	{"InstanceNormalization", newModel(13).in("x", 1, 4, 2, 2).floats("s", 4).node("InstanceNormalization x s s -> y").out("y"),
		"normalize mul add"},
	{"LayerNormalization", newModel(17).in("x", 1, 4).floats("s", 4).node("LayerNormalization x s -> y m v").out("y", "m", "v"),
		"normalize mul reduce_mean sub mul reduce_mean add sqrt reciprocal"},
	{"RMSNormalization", newModel(23).in("x", 1, 2, 4).floats("s", 2, 4).node("RMSNormalization x s -> y", integer("axis", 1)).out("y"),
		"normalize mul"},
	{"SimplifiedLayerNormalization", newModel(13).in("x", 1, 4).floats("s", 4).node("SimplifiedLayerNormalization x s -> y r").out("y", "r"),
		"normalize mul mul reduce_mean add sqrt reciprocal"},
	{"SkipSimplifiedLayerNormalization", newModel(13).in("x", 1, 4).in("z", 1, 4).floats("s", 4).floats("b", 4).node("SkipSimplifiedLayerNormalization x z s b -> y u v t").out("y", "t"),
		"add add normalize mul"},
	{"MeanVarianceNormalization", newModel(13).in("x", 1, 4, 2, 2).node("MeanVarianceNormalization x -> y").out("y"),
		"reduce_mean sub mul reduce_mean sqrt add div"},
	{"LRN", newModel(13).in("x", 1, 4, 2, 2).node("LRN x -> y", integer("size", 3)).out("y"),
		"mul reshape avg_pool2d reshape mul add pow div"},
	{"NegativeLogLikelihoodLoss", newModel(13).in("x", 2, 3).i64("l", 2, 1).node("NegativeLogLikelihoodLoss x l -> y").out("y"),
		"reshape take neg mul reduce_sum div"},
	{"SoftmaxCrossEntropyLoss", newModel(13).in("x", 2, 3).i64("l", 2, 1).node("SoftmaxCrossEntropyLoss x l -> y", str("reduction", "sum")).out("y"),
		"reduce_max sub exp reduce_sum log sub reshape take neg mul reduce_sum"},
	{"NonZero", newModel(13).in("x", 1, 3).floats("c", 1, 3).node("NonZero c -> i").node("Cast i -> f", integer("to", 1)).node("MatMul f z -> g").in("z", 3, 2).node("Relu g -> y").out("y"),
		"matmul relu"},
	{"OneHot", newModel(13).in("x", 2).i64("d", 3).f32("v", []float32{0, 1}, 2).node("OneHot x d v -> y").out("y"),
		"cast mod reshape equal where"},
	{"Resize nearest", newModel(13).in("x", 1, 1, 2, 2).f32("s", []float32{1, 1, 2, 2}, 4).node("Resize x _ s -> y").out("y"),
		"take take"},
	{"Resize linear", newModel(13).in("x", 1, 1, 2, 2).f32("s", []float32{1, 1, 2, 2}, 4).node("Resize x _ s -> y", str("mode", "linear")).out("y"),
		"resample resample"},
	{"Upsample", newModel(9).in("x", 1, 1, 2, 2).f32("s", []float32{1, 1, 2, 2}, 4).node("Upsample x s -> y").out("y"),
		"take take"},
	{"ConvTranspose", newModel(13).in("x", 1, 2, 3, 3).floats("w", 2, 1, 3, 3).node("ConvTranspose x w -> y", ints("strides", 2, 2)).out("y"),
		"take take conv2d"},
	{"ConvTranspose of a cube", newModel(13).in("x", 1, 2, 2, 3, 3).floats("w", 2, 1, 2, 3, 3).node("ConvTranspose x w -> y", ints("strides", 2, 2, 2)).out("y"),
		"take take take take reshape transpose reshape conv2d reshape transpose"},
	{"Conv of a line", newModel(13).in("x", 1, 2, 5).floats("w", 1, 2, 3).node("Conv x w -> y").out("y"),
		"reshape conv2d reshape"},
	{"Conv of a cube", newModel(13).in("x", 1, 2, 3, 3, 3).floats("w", 1, 2, 2, 2, 2).node("Conv x w -> y").out("y"),
		"take reshape transpose reshape conv2d reshape transpose"},
	{"MaxPool of a cube", newModel(13).in("x", 1, 2, 3, 3, 3).node("MaxPool x -> y", ints("kernel_shape", 2, 2, 2)).out("y"),
		"reshape max_pool2d reshape max_pool2d reshape"},
	{"GRU", newModel(14).in("x", 1, 2, 3).floats("w", 1, 6, 3).floats("r", 1, 6, 2).node("GRU x w r -> _ y", integer("hidden_size", 2)).out("y"),
		"dense reshape take add sigmoid take add sigmoid mul dense take add tanh sub mul add reshape"},
	{"LSTM", newModel(14).in("x", 2, 2, 3).floats("w", 1, 8, 3).floats("r", 1, 8, 2).node("LSTM x w r -> y", integer("hidden_size", 2)).out("y"),
		"dense take reshape take reshape add take sigmoid take sigmoid take tanh mul mul add take sigmoid tanh mul dense add take sigmoid take sigmoid take tanh mul mul add take sigmoid tanh mul reshape reshape concat"},
	{"RNN", newModel(14).in("x", 2, 2, 3).floats("w", 1, 2, 3).floats("r", 1, 2, 2).node("RNN x w r -> y", integer("hidden_size", 2), str("direction", "reverse")).out("y"),
		"dense take reshape take reshape add tanh dense add tanh reshape reshape concat"},
	{"DynamicQuantizeLinear", newModel(13).in("x", 2).node("DynamicQuantizeLinear x -> q s z").out("q", "s", "z"),
		"reduce_max max reduce_min min sub div sub div clip round cast div round cast add clip cast"},
	{"DynamicQuantizeMatMul", joinedMatMul(newModel(13).in("x", 1, 2)).out("y"),
		"reduce_max max reduce_min min sub div sub div clip round cast div round cast add clip cast cast cast sub cast matmul cast mul cast mul add"},
	{"MatMulIntegerToFloat", newModel(13).input("x", u8, 1, 2).typed("w", i8, []int64{4, -8, 2, 6}, 2, 2).f32("s", []float32{.5}).in("t").
		node("MatMulIntegerToFloat x w s t -> y").out("y"),
		"cast cast matmul cast mul cast mul"},
	{"TfIdfVectorizer", newModel(13).in("x", 1).i64("t", 4, 8).node("TfIdfVectorizer t -> c", str("mode", "TF"), ints("ngram_counts", 0), ints("ngram_indexes", 0), ints("pool_int64s", 4)).
		node("Add x c -> y").out("y"),
		"add"},
	{"MelWeightMatrix", newModel(17).in("x", 1, 3).scalar("b", 2).scalar("l", 4).scalar("r", 8000).f32("lo", []float32{0}).f32("hi", []float32{4000}).
		node("MelWeightMatrix b l r lo hi -> m").node("MatMul x m -> y").out("y"),
		"dense"},
	{"Adagrad", trainer().in("r", 1).scalar("t", 3).in("x", 2).in("g", 2).in("h", 2).node("Adagrad r t x g h -> y k", float("decay_factor", 0.5)).training().out("y", "k"),
		"reshape div mul add sqrt mul add div sub"},
	{"Adam", trainer().in("r", 1).scalar("t", 3).in("x", 2).in("g", 2).in("v", 2).in("h", 2).node("Adam r t x g v h -> y v2 h2", float("epsilon", 0.01), float("norm_coefficient_post", 0.5)).training().out("y", "v2", "h2"),
		"reshape mul mul add mul mul mul add mul sqrt mul add div sub mul"},
	{"Momentum of two", trainer().in("r", 1).scalar("t", 0).in("x", 2).in("z", 3).in("g", 2).in("i", 3).in("v", 2).in("w", 3).
		node("Momentum r t x z g i v w -> y1 y2 v1 v2", float("alpha", 0.9), float("beta", 0.5), float("norm_coefficient", 0.1), str("mode", "nesterov")).training().out("y1", "y2", "v1", "v2"),
		"reshape mul add mul mul add mul add mul sub mul add mul mul add mul add mul sub"},
	{"reductions", newModel(13).in("x", 2, 3).node("ReduceMax x -> a").node("ReduceMin x -> b").node("ReduceProd x -> c").node("ReduceL1 x -> d").node("ReduceL2 x -> e").node("ReduceSumSquare x -> f").node("ReduceLogSum x -> g").node("ReduceLogSumExp x -> h").node("ReduceSum x -> i").node("ReduceMean x -> j").out("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
		"reduce_max reduce_min reduce_prod abs reduce_sum mul reduce_sum sqrt mul reduce_sum reduce_sum log reduce_max sub exp reduce_sum log add reduce_sum reduce_mean"},
}

// trainer is a model that names the version of the operators of training alone.
func trainer() model {
	m := newModel(1)
	m.OpsetImport[0].Domain = trainingDomain
	return m
}

// training puts the last node into the domain of the operators of training.
func (m model) training() model {
	m.Graph.Node[len(m.Graph.Node)-1].Domain = trainingDomain
	return m
}

// TestOptimizers holds two steps against the numbers that the formulas give, the number of steps in them. Those of
// the others are in ONNX's node tests.
func TestOptimizers(t *testing.T) {
	one := func(v float32) *tensor.Tensor { return tensor.FromF32([]float32{v}, 1) }
	m := trainer().in("r", 1).scalar("t", 2).in("x", 1).in("g", 1).in("v", 1).in("h", 1).
		node("Adam r t x g v h -> y v2 h2", float("alpha", 0.5), float("beta", 0.75), float("epsilon", 0)).training().out("y", "v2", "h2")
	out := answers(t, m, one(1), one(5), one(2), one(4), one(8))
	// v = 0.5*4 + 0.5*2, h = 0.75*8 + 0.25*4, r = sqrt(1 - 0.5625) / (1 - 0.25).
	if v, h := out[1].F32[0], out[2].F32[0]; v != 3 || h != 7 {
		t.Errorf("state %v and %v, want 3 and 7", v, h)
	}
	if y, want := float64(out[0].F32[0]), 5-math.Sqrt(0.4375)/0.75*3/math.Sqrt(7); math.Abs(y-want) > 1e-6 {
		t.Errorf("Adam gives %v, want %v", y, want)
	}
	m = trainer().in("r", 1).scalar("t", 4).in("x", 1).in("g", 1).in("h", 1).node("Adagrad r t x g h -> y k", float("decay_factor", 0.25), float("epsilon", 1)).training().out("y", "k")
	out = answers(t, m, one(1), one(5), one(2), one(5))
	// h = 5 + 4, y = 5 - 1/(1 + 4*0.25) * 2/(3 + 1).
	if y, k := out[0].F32[0], out[1].F32[0]; y != 4.75 || k != 9 {
		t.Errorf("Adagrad gives %v and %v, want 4.75 and 9", y, k)
	}
}

func TestSteps(t *testing.T) {
	for _, c := range stepCases {
		t.Run(c.name, func(t *testing.T) {
			m := mustImport(t, "m.onnx", c.m.bytes(t), Options{Numbers: true})
			var got []string
			names := make(map[string]bool)
			for _, n := range m.Main().Nodes {
				got = append(got, strings.TrimPrefix(n.Op.Name, "nn."))
				if names[n.Name] {
					t.Errorf("two nodes are named %q", n.Name)
				}
				names[n.Name] = true
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// TestBind gives an input its value before anything is folded.
func TestBind(t *testing.T) {
	mod := newModel(13).in("x", 2, 6).node("Reshape x s -> y").out("y")
	mod.Graph.Input = append(mod.Graph.Input, info("s", pb.TensorProto_INT64, 2))
	m := mustImport(t, "m.onnx", mod.bytes(t), Options{Bind: map[string]*tensor.Tensor{"s": tensor.FromI64([]int64{3, 4}, 2)}})
	if got, want := listing(m), "y = reshape(x) {shape=[3 4]} : 3x4\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if p := m.Main().Params; len(p) != 1 || !p[0].Type.Equal(ir.Float(2, 6)) {
		t.Errorf("parameters are %v", p)
	}
	if _, l := Import("m.onnx", mod.bytes(t), Options{Bind: map[string]*tensor.Tensor{"z": tensor.FromI64([]int64{3}, 1)}}); !strings.Contains(l.Error(), "the model has no such input") {
		t.Errorf("got %v", l)
	}
}
