package onnx

import (
	"math"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// answers imports a model in the types that it has and executes it.
func answers(t *testing.T, m model, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	return run(t, mustImport(t, "m.onnx", m.bytes(t), Options{Numbers: true}), in...)
}

// drawn is a tensor of codes all over the range of its type.
func drawn(seed uint32, d tensor.DType, shape ...int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	for i := range x.Len() {
		seed = seed*1664525 + 1013904223
		x.SetInt(i, int64(int8(seed>>24)))
	}
	return x
}

// input adds an input of any type.
func (m model) input(name string, elem pb.TensorProto_DataType, dims ...int64) model {
	m.Graph.Input = append(m.Graph.Input, info(name, elem, dims...))
	return m
}

func ints64(x *tensor.Tensor) []int64 {
	out := make([]int64, x.Len())
	for i := range out {
		out[i] = x.Int(i)
	}
	return out
}

// TestMatMulInteger: sums of a thousand products of codes, which float32 can't hold, are exact, with zero points for
// each row and column, whether the operands are computed, known or both.
func TestMatMulInteger(t *testing.T) {
	const rows, inner, cols = 3, 1000, 2
	a, b := drawn(1, tensor.U8, rows, inner), drawn(2, tensor.I8, inner, cols)
	for i := range inner { // far from zero, so that the sums are large
		a.SetInt(i, 255)
		b.SetInt(i*cols, -128)
	}
	za, zb := []int64{0, 200, 3}, []int64{127, -5}
	want := make([]int64, rows*cols)
	for i := range rows {
		for j := range cols {
			for k := range inner {
				want[i*cols+j] += (a.Int(i*inner+k) - za[i]) * (b.Int(k*cols+j) - zb[j])
			}
		}
	}
	if want[0] >= -1<<24 {
		t.Fatalf("the sum %d is no test", want[0])
	}
	for known := range 4 {
		m, in := newModel(13), []*tensor.Tensor{}
		for i, x := range []*tensor.Tensor{a, b} {
			name, elem, dims := []string{"a", "b"}[i], []pb.TensorProto_DataType{u8, i8}[i], []int64{int64(x.Shape[0]), int64(x.Shape[1])}
			if known>>i&1 != 0 {
				m = m.typed(name, elem, ints64(x), dims...)
			} else {
				m, in = m.input(name, elem, dims...), append(in, x)
			}
		}
		m = m.typed("za", u8, za, rows).typed("zb", i8, zb, cols).node("MatMulInteger a b za zb -> y").out("y")
		y := answers(t, m, in...)[0]
		if y.DType != tensor.I32 || !slices.Equal(ints64(y), want) {
			t.Errorf("known %b: got %v %v, want %v", known, y.DType, ints64(y), want)
		}
	}
}

// TestConvInteger: as TestMatMulInteger, over three hundred channels in two groups, with padding, which is the zero
// point.
func TestConvInteger(t *testing.T) {
	const channels, per, outs, size = 300, 150, 4, 3
	x, w := drawn(3, tensor.U8, 1, channels, size, size), drawn(4, tensor.U8, outs, per, 2, 2)
	zw := []int64{0, 128, 255, 7}
	const zx = 130
	m := newModel(13).input("x", u8, 1, channels, size, size).typed("w", u8, ints64(w), outs, per, 2, 2).typed("zx", u8, []int64{zx}).typed("zw", u8, zw, outs).
		node("ConvInteger x w zx zw -> y", integer("group", 2), ints("pads", 1, 1, 0, 0)).out("y")
	y := answers(t, m, x)[0]
	if !slices.Equal(y.Shape, []int{1, outs, size, size}) {
		t.Fatalf("shape %v", y.Shape)
	}
	for i := range y.Len() {
		o, r, c := i/(size*size), i/size%size, i%size
		var want int64
		for ch := range per {
			for kr := range 2 {
				for kc := range 2 {
					if yy, xx := r+kr-1, c+kc-1; yy >= 0 && xx >= 0 {
						want += (x.Int(((o/2*per+ch)*size+yy)*size+xx) - zx) * (w.Int(((o*per+ch)*2+kr)*2+kc) - zw[o])
					}
				}
			}
		}
		if y.Int(i) != want {
			t.Fatalf("element %d is %d, want %d", i, y.Int(i), want)
		}
	}
}

// TestQuantizeComputed: a quantization whose codes leave the network, with a scale for each channel, is ONNX's
// arithmetic, and so is a quantization whose factors are computed; one whose codes are only read as such is a pair.
func TestQuantizeComputed(t *testing.T) {
	x := tensor.FromF32([]float32{-1, 0.5, 3, 200, -9, 1e9}, 1, 3, 2)
	m := newModel(13).in("x", 1, 3, 2).f32("s", []float32{1, 2, 4}, 3).typed("z", i8, []int64{0, 10, -20}, 3).
		node("QuantizeLinear x s z -> q").node("DequantizeLinear q s z -> y").out("q", "y")
	out := answers(t, m, x)
	if want := []int64{-1, 0, 12, 110, -22, 127}; out[0].DType != tensor.I8 || !slices.Equal(ints64(out[0]), want) {
		t.Errorf("codes %v, want %v", ints64(out[0]), want)
	}
	if want := []float32{-1, 0, 4, 200, -8, 588}; !slices.Equal(out[1].F32, want) {
		t.Errorf("numbers %v, want %v", out[1].F32, want)
	}

	m = newModel(13).in("x", 1, 3, 2).in("s").node("QuantizeLinear x s -> q").out("q")
	if got, want := ints64(answers(t, m, x, tensor.FromF32([]float32{2}))[0]), []int64{0, 0, 2, 100, 0, 255}; !slices.Equal(got, want) {
		t.Errorf("codes with a computed scale %v, want %v", got, want)
	}

	mod := mustImport(t, "m.onnx", qdq(rows(13)).node("QuantizeLinear x s z -> q").node("Transpose q -> t").node("DequantizeLinear t s z -> y").out("y").bytes(t), Options{Numbers: true})
	if n := mod.Main().Nodes; mod.Main().Stage != ir.StageFake || n[0].Op.Name != "q.fake" {
		t.Errorf("a pair becomes\n%s", listing(mod))
	}
	out = answers(t, qdq(rows(13)).node("QuantizeLinear x s z -> q").node("Transpose q -> t").out("t"), tensor.FromF32([]float32{1, -70}, 1, 2))
	if want := []int64{132, 0}; out[0].DType != tensor.U8 || !slices.Equal(ints64(out[0]), want) {
		t.Errorf("moved codes %v %v, want %v", out[0].DType, ints64(out[0]), want)
	}
}

// TestQuantizeConstants: what is known is folded, also in a network that is compiled.
func TestQuantizeConstants(t *testing.T) {
	m := newModel(13).in("x", 1, 2).typed("a", u8, []int64{130, 2}, 1, 2).typed("b", i8, []int64{3, -4, 5, 6}, 2, 2).typed("za", u8, []int64{128}).
		node("MatMulInteger a b za -> c").node("Cast c -> f", integer("to", 1)).node("Add x f -> y").out("y")
	if got, want := listing(mustImport(t, "m.onnx", m.bytes(t), Options{})), "y = add(x, @f[-624 -764]) : 1x2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m = newModel(13).in("x", 1, 2).typed("a", i8, []int64{-100, 3}, 1, 2).typed("lo", i8, []int64{-5}).typed("hi", i8, []int64{2}).
		node("Clip a lo hi -> c").node("Cast c -> f", integer("to", 1)).node("Add x f -> y").out("y")
	if got, want := listing(mustImport(t, "m.onnx", m.bytes(t), Options{})), "y = add(x, @f[-5 2]) : 1x2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTfIdf counts in every mode, with and without gaps.
func TestTfIdf(t *testing.T) {
	for _, c := range []struct {
		mode string
		skip int64
		want []float32
	}{
		{"TF", 0, []float32{2, 0, 2, 1}},
		{"TF", 1, []float32{2, 0, 2, 2}},
		{"IDF", 0, []float32{3, 0, 5, 7}},
		{"TFIDF", 1, []float32{6, 0, 10, 14}},
	} {
		m := newModel(13).typed("t", i32, []int64{4, 8, 4, 9, 8}, 5).node("TfIdfVectorizer t -> y", str("mode", c.mode), integer("min_gram_length", 1), integer("max_gram_length", 2),
			integer("max_skip_count", c.skip), ints("ngram_counts", 0, 2), ints("ngram_indexes", 0, 2, 3), ints("pool_int64s", 4, 8, 4, 8),
			&pb.AttributeProto{Name: "weights", Type: pb.AttributeProto_FLOATS, Floats: []float32{3, 5, 7}}).out("y")
		y := answers(t, m)[0]
		if !slices.Equal(y.F32, c.want) {
			t.Errorf("%s with gaps of %d: %v, want %v", c.mode, c.skip, y.F32, c.want)
		}
	}
}

// TestMelWeights: every band rises from 0 to 1 and falls again, and neighbours meet.
func TestMelWeights(t *testing.T) {
	m := newModel(17).scalar("b", 8).scalar("l", 512).scalar("r", 16000).f32("lo", []float32{0}).f32("hi", []float32{8000}).node("MelWeightMatrix b l r lo hi -> y").out("y")
	y := answers(t, m)[0]
	if !slices.Equal(y.Shape, []int{257, 8}) {
		t.Fatalf("shape %v", y.Shape)
	}
	for b := range 8 {
		var top float32
		for k := range 257 {
			top = max(top, y.F32[k*8+b])
		}
		if top != 1 {
			t.Errorf("band %d has the maximum %v", b, top)
		}
	}
	for k := range 257 {
		var sum float64
		for b := range 8 {
			sum += float64(y.F32[k*8+b])
		}
		if sum > 1+1e-6 || math.IsNaN(sum) {
			t.Errorf("bin %d has the weight %v", k, sum)
		}
	}
}
