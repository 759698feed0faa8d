package peers

import (
	"math"
	"testing"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// TestRecentOperators holds operators of opsets 23 and 24, and those that ONNX Runtime joins, against ONNX Runtime.
func TestRecentOperators(t *testing.T) {
	cos, sin := make([]float32, 30), make([]float32, 30)
	for i := range cos {
		s, c := math.Sincos(float64(i/3) / math.Pow(10, float64(i%3)))
		cos[i], sin[i] = float32(c), float32(s)
	}
	var mask []int64
	for i := range 4 * 6 {
		mask = append(mask, int64(min(i%5, 1)))
	}
	known := []*pb.TensorProto{floats("cos", cos, 10, 3), floats("sin", sin, 10, 3), floats("cos3", cos[:12], 1, 4, 3), floats("sin3", sin[:12], 1, 4, 3),
		{Name: "at", DataType: int32(pb.TensorProto_INT64), Dims: []int64{2, 4}, Int64Data: []int64{3, 4, 5, 6, 0, 9, 1, 2}},
		floats("row", cos[:6], 6), floats("square", cos[:16], 4, 4), floats("filters", sin[:16], 4, 4, 1, 1), floats("bias", sin[3:7], 4),
		ints("mask", pb.TensorProto_BOOL, mask, 4, 6)}
	q, k, v := []int64{2, 4, 4, 6}, []int64{2, 2, 6, 6}, []int64{2, 2, 6, 5}
	for _, c := range []struct {
		name string
		in   [][]int64
		node *pb.NodeProto
	}{
		{"one head for each", [][]int64{{2, 3, 4, 6}, {2, 3, 6, 6}, {2, 3, 6, 5}}, node("Attention", []string{"a", "b", "c"}, "y")},
		{"heads shared", [][]int64{q, k, v}, node("Attention", []string{"a", "b", "c"}, "y", number("scale", .3))},
		{"causal", [][]int64{{2, 4, 6, 6}, {2, 4, 6, 6}, {2, 4, 6, 6}}, node("Attention", []string{"a", "b", "c"}, "y", integer("is_causal", 1))},
		{"mask of booleans", [][]int64{{2, 2, 4, 6}, k, v}, node("Attention", []string{"a", "b", "c", "mask"}, "y")},
		{"mask of numbers", [][]int64{{2, 2, 4, 6}, k, v, {2, 2, 4, 6}}, node("Attention", []string{"a", "b", "c", "d"}, "y")},
		{"heads side by side", [][]int64{{2, 4, 12}, {2, 6, 12}, {2, 6, 8}}, node("Attention", []string{"a", "b", "c"}, "y", integer("q_num_heads", 2), integer("kv_num_heads", 2))},
		{"softcap", [][]int64{{2, 3, 4, 6}, {2, 3, 6, 6}, {2, 3, 6, 5}}, node("Attention", []string{"a", "b", "c"}, "y", number("softcap", .7))},
		{"past", [][]int64{{2, 2, 4, 6}, {2, 2, 4, 6}, {2, 2, 4, 5}, {2, 2, 3, 6}, {2, 2, 3, 5}}, &pb.NodeProto{OpType: "Attention", Name: "y",
			Input: []string{"a", "b", "c", "", "d", "e"}, Output: []string{"y", "present_key", "present_value"}}},
		{"rotated by positions", [][]int64{{2, 3, 4, 6}}, node("RotaryEmbedding", []string{"a", "cos", "sin", "at"}, "y")},
		{"rotated neighbours", [][]int64{{1, 4, 12}}, node("RotaryEmbedding", []string{"a", "cos3", "sin3"}, "y", integer("interleaved", 1), integer("num_heads", 2))},
		{"rotated in part", [][]int64{{2, 3, 4, 8}}, node("RotaryEmbedding", []string{"a", "cos", "sin", "at"}, "y", integer("rotary_embedding_dim", 6))},
		{"Swish", [][]int64{{2, 7}}, node("Swish", []string{"a"}, "y", number("alpha", 1.5))},
		{"BiasGelu", [][]int64{{2, 6}}, microsoft("BiasGelu", []string{"a", "row"}, "y")},
		{"FastGelu", [][]int64{{2, 6}}, microsoft("FastGelu", []string{"a", "row"}, "y")},
		{"Gelu", [][]int64{{2, 6}}, microsoft("Gelu", []string{"a"}, "y")},
		{"QuickGelu", [][]int64{{2, 6}}, microsoft("QuickGelu", []string{"a"}, "y")},
		{"SkipLayerNormalization", [][]int64{{2, 3, 6}, {2, 3, 6}}, microsoft("SkipLayerNormalization", []string{"a", "b", "row", "row", "row"}, "y")},
		{"FusedMatMul", [][]int64{{2, 3, 6}, {2, 5, 6}}, microsoft("FusedMatMul", []string{"a", "b"}, "y", integer("transB", 1), number("alpha", .3))},
		{"FusedMatMul of weights", [][]int64{{2, 4}}, microsoft("FusedMatMul", []string{"a", "square"}, "y", integer("transB", 1), number("alpha", .3))},
		{"FusedConv", [][]int64{{1, 4, 3, 3}}, microsoft("FusedConv", []string{"a", "filters", "bias"}, "y", text("activation", "LeakyRelu"), numbers("activation_params", .2))},
		{"FusedGemm", [][]int64{{2, 4}}, microsoft("FusedGemm", []string{"a", "square", "bias"}, "y", text("activation", "Relu"), integer("transB", 1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, 24, c.in, known, c.node)
		})
	}
}
