package graph

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
)

// conv is a small proper model.
func conv() *sketch {
	return new(sketch).input("x", 1, 4, 4, 1).floats("k", []int{3, 3, 1, 1}, 1, 1, 1, 1, 1, 1, 1, 1, 1).
		node("Conv2D", "y", []string{"x", "k"}, object{"padding": text("SAME")})
}

// TestRefused holds that whatever is not converted says what and where.
func TestRefused(t *testing.T) {
	kernel := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
	x := func() *sketch { return new(sketch).input("x", 1, 4, 4, 1) }
	y := func(op string, attrs object, in ...string) *sketch {
		return x().floats("k", []int{3, 3, 1, 1}, kernel...).ints("n", 1, 2).floats("b", []int{2}, 1, 2).node(op, "y", in, attrs)
	}
	valid := func(extra object) object {
		extra["padding"] = text("VALID")
		return extra
	}
	for name, c := range map[string]struct {
		s    *sketch
		want string
	}{
		"operator":       {y("Einsum", nil, "x"), "node y (Einsum): operator Einsum is not converted"},
		"cycle":          {x().node("Relu", "y", []string{"z"}, nil).node("Relu", "z", []string{"y"}, nil).out("z"), "node y (Relu) depends on its own result"},
		"second output":  {x().node("Relu", "y", []string{"x:1"}, nil), "node y (Relu) reads x:1"},
		"unknown input":  {x().node("Relu", "y", []string{"w"}, nil), "reads w"},
		"layout":         {y("Conv2D", valid(object{"data_format": text("NCHW")}), "x", "k"), "node y (Conv2D): its data format is NCHW"},
		"padding":        {y("Conv2D", object{"padding": text("REFLECT")}, "x", "k"), `padding "REFLECT"`},
		"strides":        {y("Conv2D", valid(object{"strides": numbers(2, 1, 1, 1)}), "x", "k"), "strides [2 1 1 1]"},
		"too small":      {y("Conv2D", valid(object{"dilations": numbers(1, 2, 2, 1)}), "x", "k"), "a window of 5 in 4"},
		"kernel":         {y("Conv2D", valid(object{}), "x", "x"), "constant kernel"},
		"channels":       {x().floats("k", []int{1, 1, 2, 1}, 1, 1).node("Conv2D", "y", []string{"x", "k"}, valid(object{})), "groups are not converted"},
		"fused":          {y("_FusedConv2D", valid(object{"fused_ops": texts("FusedBatchNorm")}), "x", "k"), "node y (_FusedConv2D): the fused operation FusedBatchNorm"},
		"fused twice":    {y("_FusedConv2D", valid(object{"fused_ops": texts("Relu", "Elu")}), "x", "k"), "[Relu Elu]"},
		"bias":           {y("_FusedConv2D", valid(object{"fused_ops": texts("BiasAdd")}), "x", "k", "b"), "a constant of 1 elements"},
		"left over":      {y("_FusedConv2D", valid(object{}), "x", "k", "b"), "belong to no fused operation"},
		"slopes":         {y("_FusedConv2D", valid(object{"fused_ops": texts("Prelu")}), "x", "k", "b"), "slopes of [2]"},
		"type":           {y("Relu", object{"T": object{"type": "DT_INT32"}}, "x"), "DT_INT32"},
		"shapes":         {y("AddV2", nil, "x", "k"), "do not go together"},
		"no float":       {y("AddV2", nil, "x", "n"), "constant n is no float32"},
		"axes":           {x().ints("n", 1, 1).node("Mean", "y", []string{"x", "n"}, nil), "axes [1 1]"},
		"reshape":        {x().ints("n", 3, -1).node("Reshape", "y", []string{"x", "n"}, nil), "cannot become"},
		"free batch":     {new(sketch).input("x", -1, 4).ints("n", 2, -1).node("Reshape", "y", []string{"x", "n"}, nil), "mixes the free batch"},
		"free height":    {new(sketch).input("x", -1, -1, 4, 1).node("Relu", "y", []string{"x"}, nil), "node x (Placeholder): axis 1"},
		"no weight":      {x().node("Const", "w", nil, nil).node("AddV2", "y", []string{"x", "w"}, nil), "node w (Const)"},
		"constant":       {x().floats("w", []int{1}, 1).out("w"), "output w is a constant"},
		"number of args": {y("Relu", nil, "x", "x"), "it has 2 inputs"},
		"string weights": {x().node("Relu", "y", []string{"x"}, nil).stored("w", "string", []int{1}, nil, 0), "weight w: numbers of string"},
		"file too short": {x().node("Relu", "y", []string{"x"}, nil).stored("w", "float32", []int{4}, object{"dtype": "uint8", "scale": 1}, 0), "its file ends"},
		"huge":           {x().node("Relu", "y", []string{"x"}, nil).stored("w", "float32", []int{1 << 24, 1 << 24, 1 << 24}, object{"dtype": "uint8", "scale": 1}, 0), "its file ends"},
		"file too long":  {x().node("Relu", "y", []string{"x"}, nil).stored("w", "float32", []int{1}, object{"dtype": "uint8", "scale": 1}, 0, 0), "1 bytes more"},
		"int32 overflow": {x().node("Relu", "y", []string{"x"}, nil).stored("w", "int32", []int{1}, object{"dtype": "uint8", "scale": 1e300}, 2), "no int32"},
		"two nodes":      {x().input("x", 1), "two nodes are called x"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.s.convert(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func (s *sketch) out(name string) *sketch {
	s.outputs = append(s.outputs, name)
	return s
}

// TestFolders holds that weights are read beside the model only.
func TestFolders(t *testing.T) {
	for _, p := range []string{"../a.bin", "/a.bin", "d/a.bin", "..", ""} {
		text := bytes.ReplaceAll(conv().json(), []byte(`"a.bin"`), []byte(`"`+p+`"`))
		_, err := Parse(text, func(string, int) ([]byte, error) { return nil, os.ErrNotExist })
		if err == nil || !strings.Contains(err.Error(), "is not beside model.json") {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// TestDamaged holds that text which is cut off or changed gives an error or a model, and no panic.
func TestDamaged(t *testing.T) {
	s := conv()
	whole := s.json()
	try := func(text []byte) bool {
		m, err := Parse(text, s.open)
		if err == nil {
			_, err = m.ONNX()
		}
		return err == nil
	}
	if !try(whole) {
		t.Fatal("the whole model is refused")
	}
	good := 0
	for i := range whole {
		if try(whole[:i]) {
			t.Errorf("the first %d bytes are a model", i)
		}
		for _, c := range []byte(`-0]"n`) {
			changed := bytes.Clone(whole)
			changed[i] = c
			if try(changed) {
				good++
			}
		}
	}
	if good == 0 || good == 5*len(whole) {
		t.Errorf("%d of %d changed models are converted", good, 5*len(whole))
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{0: 0, 0x3c00: 1, 0x3555: 0.333251953125, 0x0400: 0x1p-14, 0x03ff: 1023 * 0x1p-24, 0xfbff: -65504, 0x7c00: float32(math.Inf(1))} {
		if got := half(bits); got != want {
			t.Errorf("%#04x is %v, want %v", bits, got, want)
		}
	}
	if v := half(0x7e00); v == v {
		t.Errorf("a NaN is %v", v)
	}
	if !math.Signbit(float64(half(0x8000))) {
		t.Error("-0 lost its sign")
	}
}
