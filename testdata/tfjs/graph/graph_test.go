package graph

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// TestSame has values found by hand: places = ⌈size/stride⌉, missing = (places−1)·stride + span − size.
func TestSame(t *testing.T) {
	for _, c := range []struct{ size, kernel, stride, dilation, before, after, places int }{
		{385, 3, 2, 1, 1, 1, 193}, // 192·2 + 3 − 385 = 2
		{4, 3, 2, 1, 0, 1, 2},     // 1·2 + 3 − 4 = 1: the odd one is after
		{5, 3, 2, 1, 1, 1, 3},     // 2·2 + 3 − 5 = 2
		{7, 2, 2, 1, 0, 1, 4},     // 3·2 + 2 − 7 = 1
		{6, 3, 1, 2, 2, 2, 6},     // 5 + 5 − 6 = 4
		{5, 4, 1, 1, 1, 2, 5},     // 4 + 4 − 5 = 3
		{3, 1, 2, 1, 0, 0, 2},     // 2 + 1 − 3 = 0
		{5, 1, 3, 1, 0, 0, 2},     // 3 + 1 − 5 < 0
		{10, 5, 3, 1, 2, 2, 4},    // 9 + 5 − 10 = 4
		{224, 3, 2, 1, 0, 1, 112}, // 222 + 3 − 224 = 1
	} {
		n := &node{Attr: map[string]*attr{"padding": {S: []byte("SAME")}}}
		list := func(v int) *attr {
			a := &attr{}
			a.List = &struct {
				S [][]byte  `json:"s"`
				I []integer `json:"i"`
			}{I: []integer{1, integer(v), integer(v), 1}}
			return a
		}
		n.Attr["strides"], n.Attr["dilations"] = list(c.stride), list(c.dilation)
		w, err := windowOf(n, []int{1, c.size, c.size, 1}, [2]int{c.kernel, c.kernel})
		if err != nil || w.before != [2]int{c.before, c.before} || w.after != [2]int{c.after, c.after} || w.out != [2]int{c.places, c.places} {
			t.Errorf("%+v: %+v, %v", c, w, err)
		}
	}
}

// TestConvSame is worked by hand: the sums of 3×3 windows at stride 2 of 0 to 15, with a row and a column after.
func TestConvSame(t *testing.T) {
	s := new(sketch).input("x", -1, 4, 4, 1).floats("k", []int{3, 3, 1, 1}, 1, 1, 1, 1, 1, 1, 1, 1, 1).
		node("Conv2D", "y", []string{"x:0", "k"}, object{"padding": text("SAME"), "strides": numbers(1, 2, 2, 1)})
	near(t, "y", s.run(t, count(16, 0, 1), 1, 4, 4, 1)[0], []float32{45, 39, 66, 50}, 1, 2, 2, 1)
}

// image gives element (y, x, c) of an image in TensorFlow's order, 0 outside.
type image struct {
	h, w, c int
	v       []float32
}

func (m image) inside(y, x int) bool { return y >= 0 && y < m.h && x >= 0 && x < m.w }

func (m image) at(y, x, c int) float32 {
	if !m.inside(y, x) {
		return 0
	}
	return m.v[(y*m.w+x)*m.c+c]
}

func (m *image) put(v float32) { m.v = append(m.v, v) }

// conv is the definition of a convolution on images and kernels as TensorFlow has them.
func (m image) conv(k []float32, kh, kw, outs, sy, sx, dy, dx, top, left, oh, ow int) image {
	out := image{h: oh, w: ow, c: outs}
	for y := range oh {
		for x := range ow {
			for o := range outs {
				var sum float32
				for i := range kh {
					for j := range kw {
						for c := range m.c {
							sum += m.at(y*sy-top+i*dy, x*sx-left+j*dx, c) * k[((i*kw+j)*m.c+c)*outs+o]
						}
					}
				}
				out.put(sum)
			}
		}
	}
	return out
}

// depthwise is that of a convolution of every channel by itself with mult results.
func (m image) depthwise(k []float32, kh, kw, mult, stride, top, left, oh, ow int) image {
	out := image{h: oh, w: ow, c: m.c * mult}
	for y := range oh {
		for x := range ow {
			for c := range m.c {
				for q := range mult {
					var sum float32
					for i := range kh {
						for j := range kw {
							sum += m.at(y*stride-top+i, x*stride-left+j, c) * k[((i*kw+j)*m.c+c)*mult+q]
						}
					}
					out.put(sum)
				}
			}
		}
	}
	return out
}

// apply changes every element, which f gets with its channel.
func (m image) apply(f func(v float32, c int) float32) image {
	out := image{h: m.h, w: m.w, c: m.c}
	for i, v := range m.v {
		out.put(f(v, i%m.c))
	}
	return out
}

var waves = func(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i)*1.7) * 2)
	}
	return v
}

// TestFusedConv holds every operation that may be fused into a convolution, with several channels in and out, other
// strides and dilations in height and width, and every padding.
func TestFusedConv(t *testing.T) {
	x := image{5, 6, 2, waves(60)}
	k, bias, slopes := waves(3*2*2*3), []float32{0.5, -1, 2}, []float32{0.25, -0.5, 2}
	biased := func(v float32, c int) float32 { return v + bias[c] }
	for _, c := range []struct {
		fused  []string
		args   []string
		f      func(v float32, c int) float32
		attrs  object
		sy, sx int
		dy, dx int
		top    int
		left   int
		oh, ow int
	}{
		// SAME, height: ⌈5/2⌉ = 3 places, 4 + 3 − 5 = 2 missing; width: 6 places, 5 + 2 − 6 = 1 missing.
		{nil, nil, func(v float32, _ int) float32 { return v }, object{"padding": text("SAME"), "strides": numbers(1, 2, 1, 1)}, 2, 1, 1, 1, 1, 0, 3, 6},
		{[]string{"BiasAdd"}, []string{"b"}, biased, object{"padding": text("VALID")}, 1, 1, 1, 1, 0, 0, 3, 5},
		// Dilation 2 in width: a span of 3, 5 + 3 − 6 = 2 missing.
		{[]string{"BiasAdd", "Relu"}, []string{"b"}, func(v float32, c int) float32 { return max(0, biased(v, c)) },
			object{"padding": text("SAME"), "dilations": numbers(1, 1, 2, 1)}, 1, 1, 1, 2, 1, 1, 5, 6},
		{[]string{"BiasAdd", "Relu6"}, []string{"b"}, func(v float32, c int) float32 { return min(6, max(0, biased(v, c))) },
			object{"padding": text("EXPLICIT"), "explicit_paddings": numbers(0, 0, 2, 1, 0, 1, 0, 0)}, 1, 1, 1, 1, 2, 0, 6, 6},
		{[]string{"Elu"}, nil, func(v float32, _ int) float32 {
			if v < 0 {
				v = float32(math.Expm1(float64(v)))
			}
			return v
		}, object{"padding": text("VALID"), "strides": numbers(1, 1, 3, 1)}, 1, 3, 1, 1, 0, 0, 3, 2},
		{[]string{"BiasAdd", "Prelu"}, []string{"b", "a"}, func(v float32, c int) float32 {
			if v = biased(v, c); v < 0 {
				v *= slopes[c]
			}
			return v
		}, object{"padding": text("VALID")}, 1, 1, 1, 1, 0, 0, 3, 5},
	} {
		t.Run(fmt.Sprint(c.fused), func(t *testing.T) {
			s := new(sketch).input("x", 1, 5, 6, 2).floats("k", []int{3, 2, 2, 3}, k...).floats("b", []int{3}, bias...).floats("a", []int{1, 1, 3}, slopes...)
			c.attrs["fused_ops"] = texts(c.fused...)
			s.outputs = []string{"y"}
			s.node("_FusedConv2D", "y", append([]string{"x", "k"}, c.args...), c.attrs)
			want := x.conv(k, 3, 2, 3, c.sy, c.sx, c.dy, c.dx, c.top, c.left, c.oh, c.ow).apply(c.f)
			near(t, "y", s.run(t, x.v, 1, 5, 6, 2)[0], want.v, 1, c.oh, c.ow, 3)
		})
	}
}

// TestDepthwise has two results of every channel, alone and with a bias and a function fused.
func TestDepthwise(t *testing.T) {
	x := image{4, 5, 3, waves(60)}
	k, bias := waves(3*3*3*2), waves(6)
	s := new(sketch).input("x", 1, 4, 5, 3).floats("k", []int{3, 3, 3, 2}, k...).floats("b", []int{6}, bias...).
		node("DepthwiseConv2dNative", "y", []string{"x", "k"}, object{"padding": text("SAME"), "strides": numbers(1, 2, 2, 1)}).
		node("FusedDepthwiseConv2dNative", "z", []string{"x", "k", "b"}, object{"padding": text("VALID"), "fused_ops": texts("BiasAdd", "Relu6")})
	out := s.run(t, x.v, 1, 4, 5, 3)
	// Height: 2 places, 2 + 3 − 4 = 1 missing, after; width: 3 places, 4 + 3 − 5 = 2 missing.
	near(t, "y", out[0], x.depthwise(k, 3, 3, 2, 2, 0, 1, 2, 3).v, 1, 2, 3, 6)
	near(t, "z", out[1], x.depthwise(k, 3, 3, 2, 1, 0, 0, 2, 3).apply(func(v float32, c int) float32 { return min(6, max(0, v+bias[c])) }).v, 1, 2, 3, 6)
}

// TestPool is worked by hand: padding counts neither for the maximum nor for the mean.
func TestPool(t *testing.T) {
	s := new(sketch).input("x", 1, 3, 3, 2)
	for _, op := range []string{"MaxPool", "AvgPool"} {
		s.node(op, op, []string{"x"}, object{"padding": text("SAME"), "ksize": numbers(1, 2, 2, 1), "strides": numbers(1, 2, 2, 1)})
	}
	// Channel 0 is −1 … −9, channel 1 ten times that.
	var v []float32
	for i := range 9 {
		v = append(v, float32(-1-i), float32(-10*(i+1)))
	}
	out := s.run(t, v, 1, 3, 3, 2)
	near(t, "MaxPool", out[0], []float32{-1, -10, -3, -30, -7, -70, -9, -90}, 1, 2, 2, 2)
	near(t, "AvgPool", out[1], []float32{-3, -30, -4.5, -45, -7.5, -75, -9, -90}, 1, 2, 2, 2)
}

// TestElementwise holds operators that take an image as it comes, on images behind a convolution that changes nothing.
func TestElementwise(t *testing.T) {
	x := image{2, 3, 2, waves(12)}
	vec, full := []float32{3, -2}, waves(24)[12:]
	same := func(s *sketch) *sketch {
		return s.node("Conv2D", "i", []string{"x", "one"}, object{"padding": text("VALID")})
	}
	sigmoid := func(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }
	for _, c := range []struct {
		op   string
		in   []string
		want func(i int, v float32, c int) float32
	}{
		{"BiasAdd", []string{"i", "v"}, func(_ int, v float32, c int) float32 { return v + vec[c] }},
		{"Add", []string{"v", "i"}, func(_ int, v float32, c int) float32 { return v + vec[c] }},
		{"AddV2", []string{"i", "x"}, func(_ int, v float32, _ int) float32 { return v + v }},
		{"Sub", []string{"f", "i"}, func(i int, v float32, _ int) float32 { return full[i] - v }},
		{"Mul", []string{"i", "s"}, func(_ int, v float32, _ int) float32 { return v * -3 }},
		{"Prelu", []string{"i", "v"}, func(_ int, v float32, c int) float32 {
			if v < 0 {
				v *= vec[c]
			}
			return v
		}},
		{"Relu", []string{"i"}, func(_ int, v float32, _ int) float32 { return max(v, 0) }},
		{"Relu6", []string{"m"}, func(_ int, v float32, _ int) float32 { return min(6, max(v*8, 0)) }},
		{"Elu", []string{"i"}, func(_ int, v float32, _ int) float32 {
			if v < 0 {
				v = float32(math.Expm1(float64(v)))
			}
			return v
		}},
		{"Sigmoid", []string{"i"}, func(_ int, v float32, _ int) float32 { return sigmoid(v) }},
		{"Tanh", []string{"x"}, func(_ int, v float32, _ int) float32 { return float32(math.Tanh(float64(v))) }},
		{"Identity", []string{"i"}, func(_ int, v float32, _ int) float32 { return v }},
	} {
		t.Run(c.op, func(t *testing.T) {
			s := same(new(sketch).input("x", 1, 2, 3, 2).floats("one", []int{1, 1, 2, 2}, 1, 0, 0, 1)).
				floats("v", []int{2}, vec...).floats("f", []int{1, 2, 3, 2}, full...).floats("s", nil, -3).floats("eight", nil, 8)
			s.node("Mul", "m", []string{"i", "eight"}, nil)
			s.outputs = []string{"y"}
			s.node(c.op, "y", c.in, nil)
			var want []float32
			for i, v := range x.v {
				want = append(want, c.want(i, v, i%2))
			}
			near(t, "y", s.run(t, x.v, 1, 2, 3, 2)[0], want, 1, 2, 3, 2)
		})
	}
}

// TestAxes holds the operators that name or mix axes, which must mean those of TensorFlow.
func TestAxes(t *testing.T) {
	base := func() *sketch {
		return new(sketch).input("x", -1, 2, 3, 2).floats("one", []int{1, 1, 2, 2}, 1, 0, 0, 1).
			node("Conv2D", "i", []string{"x", "one"}, object{"padding": text("VALID")}).
			ints("hw", 1, 2).ints("last", -1).ints("flat", -1, 12)
	}
	in := count(12, 0, 1)
	t.Run("Mean", func(t *testing.T) {
		s := base().node("Mean", "a", []string{"i", "hw"}, nil).
			node("Mean", "b", []string{"i", "hw"}, object{"keep_dims": object{"b": true}}).
			node("Mean", "c", []string{"i", "last"}, nil).
			node("Mean", "d", []string{"x", "hw"}, nil)
		out := s.run(t, in, 1, 2, 3, 2)
		near(t, "over an image", out[0], []float32{5, 6}, 1, 2)
		near(t, "over an image, kept", out[1], []float32{5, 6}, 1, 1, 1, 2)
		near(t, "over the channels", out[2], []float32{0.5, 2.5, 4.5, 6.5, 8.5, 10.5}, 1, 2, 3)
		near(t, "over the input", out[3], []float32{5, 6}, 1, 2)
	})
	t.Run("Reshape", func(t *testing.T) {
		s := base().node("Reshape", "y", []string{"i", "flat"}, nil)
		near(t, "y", s.run(t, in, 1, 2, 3, 2)[0], in, 1, 12)
	})
	t.Run("Softmax", func(t *testing.T) {
		s := base().node("Softmax", "y", []string{"i"}, nil)
		a := float32(1 / (1 + math.E))
		near(t, "y", s.run(t, in, 1, 2, 3, 2)[0], []float32{a, 1 - a, a, 1 - a, a, 1 - a, a, 1 - a, a, 1 - a, a, 1 - a}, 1, 2, 3, 2)
	})
}

// TestOneTransposition holds that images stay in ONNX's order between the first window operator and the outputs.
func TestOneTransposition(t *testing.T) {
	s := new(sketch).input("x", -1, 8, 8, 2).floats("k", []int{1, 1, 2, 2}, 1, 2, 3, 4).floats("d", []int{1, 1, 2, 1}, 1, 2).floats("b", []int{2}, 1, 2)
	valid := object{"padding": text("VALID")}
	s.node("Conv2D", "c", []string{"x", "k"}, valid).node("BiasAdd", "b1", []string{"c", "b"}, nil).node("Relu", "r", []string{"b1"}, nil).
		node("DepthwiseConv2dNative", "w", []string{"r", "d"}, valid).node("AddV2", "y", []string{"w", "r"}, nil).
		node("Identity", "out", []string{"y"}, nil)
	data, err := s.convert()
	if err != nil {
		t.Fatal(err)
	}
	var m onnxpb.ModelProto
	if err := proto.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, n := range m.Graph.Node {
		ops = append(ops, n.OpType+" "+n.Name)
	}
	if got, want := fmt.Sprint(ops), "[Transpose x/nchw Conv c Add b1 Relu r Conv w Add y Transpose y/nhwc Identity out]"; got != want {
		t.Errorf("nodes %s, want %s", got, want)
	}
	again, err := s.convert()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("a second conversion gives other bytes: %v", err)
	}
	if m.Graph.Input[0].Name != "x" || m.Graph.Output[0].Name != "out" || len(m.Graph.Output) != 1 {
		t.Errorf("inputs %v, outputs %v", m.Graph.Input, m.Graph.Output)
	}
}

// TestStored holds weights that are stored as codes and as float16.
func TestStored(t *testing.T) {
	s := new(sketch).input("x", 1, 4).
		stored("u8", "float32", []int{4}, object{"dtype": "uint8", "scale": 0.5, "min": -1}, 0, 1, 2, 255).
		stored("u16", "float32", []int{4}, object{"dtype": "uint16", "scale": 0.25, "min": 2}, 0, 0, 1, 0, 0, 1, 255, 255).
		// 1, −2, the smallest number, the greatest.
		stored("f16", "float32", []int{4}, object{"dtype": "float16"}, 0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b).
		stored("i", "int32", []int{2}, object{"dtype": "uint8", "scale": 1, "min": 1}, 1, 1)
	for _, w := range []string{"u8", "u16", "f16"} {
		s.node("AddV2", "y"+w, []string{"x", w}, nil)
	}
	s.node("Reshape", "r", []string{"x", "i"}, nil)
	out := s.run(t, make([]float32, 4), 1, 4)
	near(t, "uint8", out[0], []float32{-1, -0.5, 0, 126.5}, 1, 4)
	near(t, "uint16", out[1], []float32{2, 2.25, 66, 16385.75}, 1, 4)
	near(t, "float16", out[2], []float32{1, -2, 0x1p-24, 65504}, 1, 4)
	near(t, "int32", out[3], []float32{0, 0, 0, 0}, 2, 2)
}
