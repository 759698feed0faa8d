package ascend_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

// floats is a random float constant.
func (n *network) floats(shape ...int) *ir.Value {
	d := tensor.New(tensor.F32, shape...)
	for i := range d.F32 {
		d.F32[i] = float32(n.NormFloat64())
	}
	return n.m.AddConst("f", ir.Float(shape...), d)
}

// TestHost runs the operators that stay float.
func TestHost(t *testing.T) {
	for seed := range uint64(10) {
		n := newNetwork(t, seed)
		x := n.b.Param("x", ir.Float(2, 4, 9, 7))
		kernel, attrs := n.geometry(9, 7)
		y := n.node("nn.conv2d", ir.Type{}, append(attrs, ir.AttrsOf("group", 2)...), x, n.floats(6, 2, kernel[0], kernel[1]), n.floats(6))
		v := n.floats(6)
		for i, e := range v.Const.Data.F32 {
			v.Const.Data.F32[i] = float32(math.Abs(float64(e)))
		}
		y = n.node("nn.batch_norm", ir.Type{}, nil, y, n.floats(6), n.floats(6), n.floats(6), v)
		y = n.node("nn.relu", ir.Type{}, nil, y)
		y = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{2, -1}), y)
		y = n.node("nn.dense", ir.Type{}, nil, y, n.floats(5, y.Type.Shape[1]))
		y = n.node("nn.clip", ir.Type{}, ir.AttrsOf("min", float32(-1), "max", float32(2)), y)
		in := n.inputs(1)
		n.b.Func.Results = append(n.b.Func.Results, y)
		for _, soc := range socs {
			if _, err := compare(n.m, soc, in); err != nil {
				t.Fatalf("%s: %v", soc, err)
			}
		}
	}
}

// TestResults returns a parameter, a constant, one value twice, and codes.
func TestResults(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.b.Param("x", ir.Float(1, 3, 2, 2))
	q := n.node("q.quantize", ir.Quantized(ir.PerTensor(.1, 3)), nil, x)
	r := n.node("nn.relu", ir.Type{}, nil, x)
	c := n.floats(2, 2)
	n.b.Func.Results = append(n.b.Func.Results, x, c, r, r, q)
	in := n.inputs(1)
	for _, soc := range socs {
		res, err := compare(n.m, soc, in)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Outputs) != 4 || !bytes.Equal(res.Outputs["x.out"], in[0].Bytes()) || !bytes.Equal(res.Outputs["f.out"], c.Const.Data.Bytes()) {
			t.Errorf("outputs %v", res.Outputs)
		}
	}
}

// TestBatch binds a free dimension.
func TestBatch(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.b.Param("x", ir.Float(ir.Free, 5, 6, 7))
	q := n.node("q.quantize", ir.Quantized(ir.PerTensor(.1, 3)), nil, x)
	y := n.node("q.conv2d", ir.Quantized(ir.PerTensor(.1, 3)), nil, q, n.weights(33, 5, 3, 3), n.bias(33))
	y = n.node("nn.max_pool2d", ir.Type{}, ir.AttrsOf("kernel", []int{2, 2}), y)
	y = n.node("q.add", ir.Quantized(ir.PerTensor(.2, 3)), nil, y, n.image(1, 33, 1, 1))
	y = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{-1, y.Type.Elems()}), y)
	y = n.node("q.dense", ir.Float(), nil, y, n.weights(7, y.Type.Elems()), n.bias(7))
	n.b.Func.Results = append(n.b.Func.Results, y)
	for _, soc := range socs {
		for _, batch := range []int{1, 3} {
			if _, err := compare(n.m, soc, n.inputs(batch)); err != nil {
				t.Fatalf("%s: batch %d: %v", soc, batch, err)
			}
		}
	}
}

// TestNames gives values names that symbols can't have.
func TestNames(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.codes("x", 1, 0, 1, 5)
	for _, name := range []string{"a b", "a_b", "ä", "x.1"} {
		x = n.node("q.clip", ir.Type{}, nil, x)
		x.Name = name
	}
	n.agrees(x)
}

// TestDeterministic lowers twice to the same bytes.
func TestDeterministic(t *testing.T) {
	n := newNetwork(t, 1)
	n.mobileNet(32)
	for _, soc := range socs {
		d, _ := ascend.Describe(soc)
		p, a, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		q, b, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
		if err != nil || p.String() != q.String() || !bytes.Equal(a, b) {
			t.Errorf("%s: two lowerings differ, %v", soc, err)
		}
	}
}

func TestDescriptions(t *testing.T) {
	names := ascend.Names()
	if len(names) != 6 {
		t.Errorf("%d descriptions", len(names))
	}
	for _, name := range names {
		text, err := ascend.DescriptionText(name)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := target.ParseDescription(text); err != nil || d.Name != name || d.String() != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ascend.DescriptionText("ascend9000"); err == nil {
		t.Error("there is no ascend9000")
	}
}
