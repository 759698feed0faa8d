package ir_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

func TestTypeText(t *testing.T) {
	wide := ir.PerChannel(0, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	for _, c := range []struct {
		typ  ir.Type
		want string
	}{
		{ir.Float(), "tensor<f32>"},
		{ir.Float(ir.Free, 3), "tensor<?x3xf32>"},
		{ir.TensorType(tensor.I64, 2), "tensor<2xi64>"},
		{ir.Quantized(ir.PerTensor(0.5, 0), 2), "tensor<2x!q.i8<scale=0.5>>"},
		{ir.Quantized(ir.PerTensor(0.1, -3), 2), "tensor<2x!q.i8<scale=0.1, offset=-3>>"},
		{ir.Quantized(ir.PerChannel(0, []float32{1, 0.5}), 2), "tensor<2x!q.i8<axis=0, scale=[1, 0.5]>>"},
		{ir.Quantized(wide, 8), "tensor<8x!q.i8<axis=0, scale=[1, 2, 3, 4, ... 4 more]>>"},
		{ir.Quantized(&ir.Quant{Axis: 1, Block: 4, Scale: []float32{1}, Offset: []int32{2}, Min: -127, Max: 126}, 1, 4),
			"tensor<1x4x!q.i8<axis=1, block=4, scale=[1], offset=[2], min=-127, max=126>>"},
		{ir.Type{Shape: []int{1}, DType: tensor.I32, Quant: &ir.Quant{Axis: -1, Block: 1, Scale: []float32{1e-10}, Offset: []int32{0}, Min: math.MinInt32, Max: math.MaxInt32}},
			"tensor<1x!q.i32<scale=1e-10>>"},
	} {
		if got := c.typ.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if got := ir.Quantized(wide, 8).Format(nil); !strings.Contains(got, "[1, 2, 3, 4, 5, 6, 7, 8]") {
		t.Errorf("Format leaves scales out: %s", got)
	}
	named := func(q *ir.Quant, d tensor.DType) string {
		if q == wide {
			return "w"
		}
		return ""
	}
	if got := ir.Quantized(wide, 8).Format(named); got != "tensor<8x!w>" {
		t.Errorf("with a name it is %s", got)
	}
	if got := ir.Quantized(ir.PerTensor(1, 0), 8).Format(named); got != "tensor<8x!q.i8<scale=1>>" {
		t.Errorf("without a name it is %s", got)
	}
}

func TestTypeEquality(t *testing.T) {
	q := func(change func(*ir.Quant)) ir.Type {
		m := &ir.Quant{Axis: 0, Block: 1, Scale: []float32{1, 2}, Offset: []int32{0, 3}, Min: -128, Max: 127}
		change(m)
		return ir.Quantized(m, 2)
	}
	base := q(func(*ir.Quant) {})
	if !base.Equal(q(func(*ir.Quant) {})) || !base.Equal(base) {
		t.Error("equal maps differ")
	}
	for i, change := range []func(*ir.Quant){
		func(m *ir.Quant) { m.Axis = 1 }, func(m *ir.Quant) { m.Block = 2 }, func(m *ir.Quant) { m.Scale[1] = 3 }, func(m *ir.Quant) { m.Scale = m.Scale[:1] },
		func(m *ir.Quant) { m.Offset[0] = 1 }, func(m *ir.Quant) { m.Offset = m.Offset[:1] }, func(m *ir.Quant) { m.Min = -127 }, func(m *ir.Quant) { m.Max = 0 },
		func(m *ir.Quant) { m.Scale[0] = math.Float32frombits(math.Float32bits(1) + 1) },
	} {
		if base.Equal(q(change)) || q(change).Equal(base) {
			t.Errorf("change %d makes no difference", i)
		}
	}
	for _, other := range []ir.Type{ir.Float(2), ir.TensorType(tensor.I8, 2), {Shape: []int{2}, DType: tensor.I32, Quant: base.Quant}, base.WithShape([]int{2, 1})} {
		if base.Equal(other) || other.Equal(base) {
			t.Errorf("%s equals %s", base, other)
		}
	}
	if !base.SameElem(base.WithShape([]int{7})) || base.SameElem(ir.Float(2)) {
		t.Error("SameElem looks at the shape, or not at the element")
	}
}

func TestTypeShapes(t *testing.T) {
	shape := []int{ir.Free, 3}
	typ := ir.Float(shape...)
	shape[1] = 9
	if typ.Shape[1] != 3 {
		t.Error("the type shares the caller's shape")
	}
	bound := typ.Bind(5)
	if !slices.Equal(bound.Shape, []int{5, 3}) || typ.Shape[0] != ir.Free || !typ.IsFree() || bound.IsFree() || ir.Float().IsFree() {
		t.Errorf("Bind: %s and %s", typ, bound)
	}
	if typ.Elems() != 3 || bound.Elems() != 15 || ir.Float().Elems() != 1 {
		t.Errorf("Elems: %d, %d, %d", typ.Elems(), bound.Elems(), ir.Float().Elems())
	}
	q := ir.Quantized(ir.PerTensor(1, 0), 7)
	if got := typ.WithElem(q); !got.SameElem(q) || !slices.Equal(got.Shape, typ.Shape) {
		t.Errorf("WithElem: %s", got)
	}
	if !q.IsQuant() || q.IsFloat() || !typ.IsFloat() || typ.IsQuant() {
		t.Error("kinds of elements")
	}
}

func TestQuantAt(t *testing.T) {
	if s, o := ir.PerTensor(0.5, 3).At(17); s != 0.5 || o != 3 {
		t.Errorf("per tensor: %v, %v", s, o)
	}
	q := &ir.Quant{Axis: 0, Block: 2, Scale: []float32{1, 2}, Offset: []int32{3, 4}}
	for i, want := range []float32{1, 1, 2, 2} {
		if s, o := q.At(i); s != want || o != int32(want)+2 {
			t.Errorf("index %d: %v, %v", i, s, o)
		}
	}
	if q.IsPerTensor() || !ir.PerTensor(1, 0).IsPerTensor() {
		t.Error("IsPerTensor")
	}
}

func TestFormatFloat(t *testing.T) {
	for _, v := range []float32{0, 1, -1, 0.1, 1e-45, math.MaxFloat32, 16777217, 1.0 / 3, 1e21, 123456789} {
		s := ir.FormatFloat(v)
		if back := parseFloat(t, s); back != v {
			t.Errorf("%v prints as %s, which is %v", v, s, back)
		}
	}
	if got := ir.FormatFloat(0.1); got != "0.1" {
		t.Errorf("0.1 prints as %s", got)
	}
}

// parseFloat reads a number by way of the text form.
func parseFloat(t *testing.T, s string) float32 {
	t.Helper()
	m := parse(t, "const @c : tensor<1xf32> = ["+s+"]\n\nfunc @main(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  return %x\n}\n")
	return m.Consts[0].Data.F32[0]
}
