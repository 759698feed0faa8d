package onnx_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/codegen/onnx"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	parser "github.com/amctc/amctc/parser/onnx"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/passes"
)

func decode(t *testing.T, data []byte) *pb.ModelProto {
	t.Helper()
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func export(t *testing.T, m *ir.Module) []byte {
	t.Helper()
	data, err := onnx.Export(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := onnx.Export(m, onnx.Options{})
	if err != nil || !bytes.Equal(data, again) {
		t.Fatalf("two exports differ: %v", err)
	}
	return data
}

func eval(t *testing.T, m *ir.Module, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := interp.Run(context.Background(), m.Main(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// deepBias says whether a matrix product of more than two dimensions has a bias: ONNX adds it
// at the end of the sum, amctc starts with it.
func deepBias(m *ir.Module) bool {
	return slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool {
		return n.Op.Name == "nn.dense" && len(n.Operands) == 3 && len(n.Result().Type.Shape) > 2
	})
}

// inexact says whether a module has an operator whose ONNX form is several operators, or is read as another
// that rounds otherwise: a quotient by a constant is read as a product, for example.
func inexact(m *ir.Module) bool {
	return slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool {
		return slices.Contains([]string{"nn.swish", "nn.resample", "nn.div", "nn.reduce_mean", "nn.pow", "nn.normalize"}, n.Op.Name)
	})
}

// jumps says whether a module has an operator that makes a small difference a large one.
func jumps(m *ir.Module) bool {
	return slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool {
		return slices.Contains([]string{"nn.floor", "nn.ceil", "nn.round", "nn.sign", "nn.fmod", "nn.thresholded_relu", "nn.shrink", "nn.normalize", "nn.reciprocal",
			"nn.atanh", "nn.tan", "nn.grid_sample", "nn.roi_align", "nn.max_pool2d_indices"}, n.Op.Name)
	})
}

// distance is |a-b|^2 / |a|^2, with |a| at least 1e-12.
func distance(a, b *tensor.Tensor) float64 {
	num, den := 0.0, 1e-12
	for k, v := range a.F32 {
		d := float64(v) - float64(b.F32[k])
		num += d * d
		den += float64(v) * float64(v)
	}
	return num / den
}

// TestFloatRoundTrip: a float module that is written and read again computes the same bits.
func TestFloatRoundTrip(t *testing.T) {
	for seed := range uint64(150) {
		m := irtest.RandomFunctions(seed)
		back, diags := parser.Import("m.onnx", export(t, m), parser.Options{})
		if diags.HasErrors() && strings.Contains(diags.Error(), "unchanged; remove it from the graph's outputs") {
			continue // a result that is an input has no form that is read
		}
		if diags.HasErrors() {
			t.Fatalf("seed %d: %v", seed, diags)
		}
		in := irtest.RandomInputs(m.Main(), seed, 2)
		if !m.Main().IsFree() {
			in = irtest.RandomInputs(m.Main(), seed, 1)
		}
		a, b := eval(t, m, in), eval(t, back, in)
		for i := range a {
			if !a[i].Equal(b[i]) && !(jumps(m) && inexact(m)) && (!(deepBias(m) || inexact(m)) || distance(a[i], b[i]) > 1e-8) {
				t.Fatalf("seed %d: result %d differs", seed, i)
			}
			if p, q := m.Main().Results[i], back.Main().Results[i]; p.Name != q.Name {
				t.Errorf("seed %d: result %d is named %q, was %q", seed, i, q.Name, p.Name)
			}
		}
	}
}

type batches [][]*tensor.Tensor

func (b batches) Samples() int { return len(b) }
func (b batches) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range b {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// quantized takes a random float module to integers; nil when it has nothing to quantize.
func quantized(t *testing.T, seed uint64) *ir.Module {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.Activation.Algorithm = passes.MinMax
	c.Settings.Default.Activation.Asymmetric = seed%3 != 0
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	m := irtest.Random(seed)
	var g passes.Manager
	run := func(list []passes.Pass) {
		t.Helper()
		if _, err := g.Run(c, m, list); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	run(passes.Simplify)
	run(passes.Observe)
	if err := passes.Calibrate(c, interp.Engine{}, m, batches{irtest.RandomInputs(m.Main(), seed, 1)}); err != nil {
		return nil
	}
	run(passes.Quantize)
	return m
}

// runner executes an exported model: quantization by its ONNX definition, every other node by
// importing it alone.
type runner struct {
	t   *testing.T
	m   *pb.ModelProto
	env map[string]*tensor.Tensor // float32, or codes widened to int32
	ops map[string]int
}

func runQDQ(t *testing.T, data []byte, in []*tensor.Tensor, ops map[string]int) []*tensor.Tensor {
	t.Helper()
	r := &runner{t: t, m: decode(t, data), env: make(map[string]*tensor.Tensor), ops: ops}
	for _, i := range r.m.Graph.Initializer {
		r.env[i.Name] = initializer(i)
	}
	for i, p := range r.m.Graph.Input {
		r.env[p.Name] = in[i]
	}
	for _, n := range r.m.Graph.Node {
		ops[n.OpType]++
		switch n.OpType {
		case "QuantizeLinear":
			r.env[n.Output[0]] = r.quantize(n)
		case "DequantizeLinear":
			r.env[n.Output[0]] = r.dequantize(n)
		default:
			r.env[n.Output[0]] = r.single(n)
		}
	}
	var out []*tensor.Tensor
	for _, o := range r.m.Graph.Output {
		out = append(out, r.env[o.Name])
	}
	return out
}

func initializer(p *pb.TensorProto) *tensor.Tensor {
	shape := make([]int, len(p.Dims))
	for i, d := range p.Dims {
		shape[i] = int(d)
	}
	n := tensor.Elems(shape)
	switch p.DataType {
	case int32(pb.TensorProto_FLOAT):
		t := tensor.New(tensor.F32, shape...)
		for i := range n {
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(p.RawData[4*i:]))
		}
		return t
	case int32(pb.TensorProto_INT64):
		t := tensor.New(tensor.I64, shape...)
		for i := range n {
			t.I64[i] = int64(binary.LittleEndian.Uint64(p.RawData[8*i:]))
		}
		return t
	}
	t := tensor.New(tensor.I32, shape...)
	for i := range n {
		switch p.DataType {
		case int32(pb.TensorProto_UINT8):
			t.I32[i] = int32(p.RawData[i])
		case int32(pb.TensorProto_INT8):
			t.I32[i] = int32(int8(p.RawData[i]))
		case int32(pb.TensorProto_INT32):
			t.I32[i] = int32(binary.LittleEndian.Uint32(p.RawData[4*i:]))
		}
	}
	return t
}

func (r *runner) quantize(n *pb.NodeProto) *tensor.Tensor {
	x, s, o := r.env[n.Input[0]], r.env[n.Input[1]].F32[0], r.env[n.Input[2]].I32[0]
	q := tensor.New(tensor.I32, x.Shape...)
	for i, v := range x.F32 {
		q.I32[i] = int32(min(max(math.RoundToEven(float64(v/s))+float64(o), 0), 255))
	}
	return q
}

func (r *runner) dequantize(n *pb.NodeProto) *tensor.Tensor {
	q, s, o := r.env[n.Input[0]], r.env[n.Input[1]], r.env[n.Input[2]]
	inner := q.Len()
	for _, a := range n.Attribute {
		inner = tensor.Elems(q.Shape[a.I+1:])
	}
	x := tensor.New(tensor.F32, q.Shape...)
	for i, v := range q.I32 {
		k := i / inner % len(s.F32)
		x.F32[i] = float32(v-o.I32[k]) * s.F32[k]
	}
	return x
}

// single imports and runs one node; known operands are its initializers.
func (r *runner) single(n *pb.NodeProto) *tensor.Tensor {
	r.t.Helper()
	g := &pb.GraphProto{Node: []*pb.NodeProto{n}, Output: []*pb.ValueInfoProto{{Name: n.Output[0]}}}
	var in []*tensor.Tensor
	for k, name := range n.Input {
		x := r.env[name]
		if i := slices.IndexFunc(r.m.Graph.Initializer, func(i *pb.TensorProto) bool { return i.Name == name }); i >= 0 {
			if slices.IndexFunc(g.Initializer, func(i *pb.TensorProto) bool { return i.Name == name }) < 0 {
				g.Initializer = append(g.Initializer, r.m.Graph.Initializer[i])
			}
			continue
		}
		// Weights and biases are dequantized constants; only the operands of sums and
		// products, and images, are computed.
		if (n.OpType == "Conv" || n.OpType == "Gemm" || n.OpType == "MatMul") && k > 0 {
			p := &pb.TensorProto{Name: name, DataType: 1, RawData: x.Bytes()}
			for _, d := range x.Shape {
				p.Dims = append(p.Dims, int64(d))
			}
			g.Initializer = append(g.Initializer, p)
			continue
		}
		if slices.IndexFunc(g.Input, func(i *pb.ValueInfoProto) bool { return i.Name == name }) >= 0 {
			continue
		}
		s := &pb.TensorShapeProto{}
		for _, d := range x.Shape {
			s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}})
		}
		g.Input = append(g.Input, &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: 1, Shape: s}}}})
		in = append(in, x)
	}
	if n.OpType == "Identity" || len(in) == 0 {
		return r.env[n.Input[0]]
	}
	data, err := proto.Marshal(&pb.ModelProto{IrVersion: r.m.IrVersion, OpsetImport: r.m.OpsetImport, Graph: g})
	if err != nil {
		r.t.Fatal(err)
	}
	m, diags := parser.Import("node", data, parser.Options{})
	if diags.HasErrors() {
		d := diags.Sorted()[0]
		if d.Code == "I023" { // it changes nothing
			return in[0]
		}
		r.t.Fatal(diags)
	}
	return eval(r.t, m, in)[0]
}

// TestQuantized: the exported network computes nearly what the integer one does. Sums of
// products are float here and integer there, so that single codes may round the other way; the
// mean over all graphs shows that nothing is systematically off.
func TestQuantized(t *testing.T) {
	ops := make(map[string]int)
	near, all := 0, 0
	for seed := range uint64(120) {
		m := quantized(t, seed)
		if m == nil {
			continue
		}
		in := irtest.RandomInputs(m.Main(), seed, 1)
		a, b := eval(t, m, in), runQDQ(t, export(t, m), in, ops)
		for i := range a {
			if !slices.Equal(a[i].Shape, b[i].Shape) {
				t.Fatalf("seed %d: result %d has shape %v, want %v", seed, i, b[i].Shape, a[i].Shape)
			}
			all++
			d := distance(a[i], b[i])
			if d <= 1e-3 {
				near++
			}
			if d > .05 {
				t.Errorf("seed %d: result %d differs by %.3g of its energy", seed, i, d)
			}
		}
	}
	if near < all*97/100 {
		t.Errorf("only %d of %d results come near", near, all)
	}
	for _, name := range []string{"QuantizeLinear", "DequantizeLinear", "Conv", "Gemm", "MatMul", "Add", "Mul", "Clip", "MaxPool", "AveragePool",
		"GlobalAveragePool", "Concat", "Pad", "Reshape", "Transpose", "Softmax"} {
		if ops[name] == 0 {
			t.Errorf("no %s in the exported networks", name)
		}
	}
}

// TestEveryOperatorHasAForm: whatever may appear in an integer module can be written.
func TestEveryOperatorHasAForm(t *testing.T) {
	for _, d := range op.All().All() {
		if d.Stages.Has(ir.StageInt) != onnx.HasForm(d.Name) {
			t.Errorf("%s: in integer modules %v, has a form %v", d.Name, d.Stages.Has(ir.StageInt), onnx.HasForm(d.Name))
		}
	}
}

// small is a hand-made integer module: convolution with a fused relu, sum with a constant, a
// pooling on codes, a layer that delivers float32.
func small(t *testing.T) *ir.Module {
	t.Helper()
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	var l diag.List
	b := ir.NewBuilder(op.All(), f, &l)
	codes := func(s float32, o int32) *ir.Type { t := ir.Quantized(ir.PerTensor(s, o)); return &t }
	node := func(opName, name string, elem *ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
		t.Helper()
		v := b.Node(ir.NodeSpec{Op: opName, Name: name, Value: name, Operands: operands, Attrs: attrs, Elem: elem})
		if v == nil {
			t.Fatal(l.Error())
		}
		return v
	}
	x := b.Param("x", ir.Float(ir.Free, 1, 2, 2))
	xq := node("q.quantize", "xq", codes(.5, -3), nil, x)
	w := m.AddConst("w", ir.Quantized(ir.PerChannel(0, []float32{.25, .5}), 2, 1, 1, 1), tensor.FromI8([]int8{3, -4}, 2, 1, 1, 1))
	bias := m.AddConst("b", ir.TensorType(tensor.I32, 2), tensor.FromI32([]int32{5, -6}, 2))
	c := node("q.conv2d", "conv", codes(.25, 0), ir.AttrsOf("clip", []int{0, 127}), xq, w, bias)
	k := m.AddConst("k", ir.Quantized(ir.PerTensor(.125, 1), 1, 2, 1, 1), tensor.FromI8([]int8{-128, 127}, 1, 2, 1, 1))
	a := node("q.add", "sum", codes(.5, -128), nil, c, k)
	p := node("nn.max_pool2d", "pool", nil, ir.AttrsOf("kernel", []int{2, 2}), a)
	r := node("nn.reshape", "flat", nil, ir.AttrsOf("shape", []int{-1, 2}), p)
	v := m.AddConst("v", ir.Quantized(ir.PerTensor(.5, 0), 1, 2), tensor.FromI8([]int8{1, 2}, 1, 2))
	bv := m.AddConst("bv", ir.TensorType(tensor.I32, 1), tensor.FromI32([]int32{7}, 1))
	fl := ir.Float()
	y := node("q.dense", "fc", &fl, nil, r, v, bv)
	f.Results = []*ir.Value{y}
	if bad := ir.Verify(m); bad.Len() > 0 {
		t.Fatal(bad.Render(nil))
	}
	return m
}

// TestSmall writes the hand-made module out node by node.
func TestSmall(t *testing.T) {
	data := export(t, small(t))
	m := decode(t, data)
	var got strings.Builder
	for _, n := range m.Graph.Node {
		fmt.Fprintf(&got, "%s: %s = %s(%s)", n.Name, n.Output[0], n.OpType, strings.Join(n.Input, ", "))
		for _, a := range n.Attribute {
			fmt.Fprintf(&got, " %s=%v%v", a.Name, a.Ints, a.I)
		}
		got.WriteByte('\n')
	}
	for _, i := range m.Graph.Initializer {
		fmt.Fprintf(&got, "%s %s %v %x\n", i.Name, pb.TensorProto_DataType(i.DataType), i.Dims, i.RawData)
	}
	golden := filepath.Join("testdata", "small.txt")
	if os.Getenv("AMCTC_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	if v := m.OpsetImport[0].Version; v != 13 {
		t.Errorf("opset %d, want 13", v)
	}
	if in, out := m.Graph.Input[0], m.Graph.Output[0]; in.Name != "x" || out.Name != "fc" || in.Type.GetTensorType().Shape.Dim[0].GetDimParam() != "N" {
		t.Errorf("signature is %v, %v", in, out)
	}
	x := tensor.FromF32([]float32{0, 1, -2, 30, 7, 8, -9, 1}, 2, 1, 2, 2)
	a, b := eval(t, small(t), []*tensor.Tensor{x}), runQDQ(t, data, []*tensor.Tensor{x}, map[string]int{})
	if !a[0].Equal(b[0]) {
		t.Errorf("computes %v, want %v", b[0].F32, a[0].F32)
	}
}

// TestResults: a result may repeat, be an input, or hold codes; outputs stay float32 and have
// names of their own.
func TestResults(t *testing.T) {
	m := small(t)
	f := m.Main()
	f.Results = append(f.Results, f.Results[0], f.Params[0], f.Nodes[0].Result())
	data := export(t, m)
	var names []string
	for _, o := range decode(t, data).Graph.Output {
		names = append(names, o.Name)
	}
	if want := []string{"fc", "fc_1", "x_1", "xq"}; !slices.Equal(names, want) {
		t.Errorf("outputs are %v, want %v", names, want)
	}
	x := tensor.FromF32([]float32{0, 1, -2, 30}, 1, 1, 2, 2)
	out := runQDQ(t, data, []*tensor.Tensor{x}, map[string]int{})
	if !out[1].Equal(out[0]) || !out[2].Equal(x) || out[3].DType != tensor.F32 {
		t.Errorf("outputs are %v", out)
	}
}

func TestRefusals(t *testing.T) {
	m := small(t)
	m.Main().Stage = ir.StageFake
	if _, err := onnx.Export(m, onnx.Options{}); err == nil || !strings.Contains(err.Error(), "stage fake") {
		t.Errorf("got %v", err)
	}
	if _, err := onnx.Export(&ir.Module{}, onnx.Options{}); err == nil || !strings.Contains(err.Error(), "no function main") {
		t.Errorf("got %v", err)
	}
}
