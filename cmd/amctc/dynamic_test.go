package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir/diag"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// cmdDynamic is the command "dynamic FROM TO" of scripts: it rewrites a float ONNX model in the way of ONNX Runtime's
// quantize_dynamic. Each Conv and Gemm whose weights are constants is DynamicQuantizeLinear, ConvInteger or
// MatMulInteger with int8 codes and a scale for the whole convolution or each column of the matrix, Cast, the product
// with both scales, and the bias.
func cmdDynamic(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: dynamic FROM TO")
	}
	data, err := os.ReadFile(args[0])
	ts.Check(err)
	data, err = dynamicModel(data)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o666))
}

// dynamicModel is what cmdDynamic makes of a file.
func dynamicModel(data []byte) ([]byte, error) {
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, err
	}
	d := dynamicWriter{g: m.Graph, constant: make(map[string]*pb.TensorProto)}
	for _, t := range m.Graph.Initializer {
		d.constant[t.GetName()] = t
	}
	d.rewrite()
	return proto.Marshal(m)
}

// TestDynamicWeights: the layers of a model that was quantized dynamically have the weights of the float model that it was
// made from, each within half a step of the scale that its tensor or column has.
func TestDynamicWeights(t *testing.T) {
	from := "../../testdata/models/lenet.onnx"
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = dynamicModel(data); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "dynamic.onnx")
	if err := os.WriteFile(to, data, 0o666); err != nil {
		t.Fatal(err)
	}
	var weights [2][][]float32
	warned := 0
	for i, path := range []string{from, to} {
		m, err := amctc.Load(path, amctc.LoadOptions{Warn: func(*diag.Diagnostic) { warned++ }})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range m.Main().Nodes {
			if n.Op.Name == "nn.conv2d" || n.Op.Name == "nn.dense" {
				w := n.Operands[1].Const.Data
				for row := range slices.Chunk(w.F32, w.Len()/w.Shape[0]) {
					if n.Op.Name == "nn.conv2d" {
						row = w.F32
					}
					weights[i] = append(weights[i], row)
				}
			}
		}
	}
	if len(weights[0]) != len(weights[1]) || warned != 1 {
		t.Fatalf("%d rows of weights become %d, with %d warnings", len(weights[0]), len(weights[1]), warned)
	}
	moved := 0
	for k, row := range weights[0] {
		var top float64
		for _, v := range row {
			top = max(top, math.Abs(float64(v)))
		}
		for i, v := range row {
			d := math.Abs(float64(weights[1][k][i]) - float64(v))
			if d > top/127*0.5001 {
				t.Fatalf("weight %d of row %d is %v, was %v", i, k, weights[1][k][i], v)
			}
			if d > 0 {
				moved++
			}
		}
	}
	if moved == 0 {
		t.Error("no weight was rounded")
	}
}

type dynamicWriter struct {
	g        *pb.GraphProto
	constant map[string]*pb.TensorProto
	nodes    []*pb.NodeProto
}

func (d *dynamicWriter) add(op, name string, in, out []string, attrs ...*pb.AttributeProto) {
	d.nodes = append(d.nodes, &pb.NodeProto{OpType: op, Name: name, Input: in, Output: out, Attribute: attrs})
}

func (d *dynamicWriter) init(t *pb.TensorProto) string {
	d.g.Initializer = append(d.g.Initializer, t)
	return t.GetName()
}

func (d *dynamicWriter) rewrite() {
	d.init(&pb.TensorProto{Name: "column", DataType: int32(pb.TensorProto_INT64), Dims: []int64{4}, Int64Data: []int64{1, -1, 1, 1}})
	for _, n := range d.g.Node {
		if w := d.constant[n.Input[min(1, len(n.Input)-1)]]; w != nil && (n.OpType == "Conv" || n.OpType == "Gemm") {
			d.layer(n, w)
		} else {
			d.nodes = append(d.nodes, n)
		}
	}
	d.g.Node = d.nodes
}

func (d *dynamicWriter) layer(n *pb.NodeProto, w *pb.TensorProto) {
	v, name := floats32(w), n.Output[0]
	integer, attrs, columns := "ConvInteger", n.Attribute, 1
	dims := w.Dims
	if n.OpType == "Gemm" {
		integer, attrs = "MatMulInteger", nil
		for _, a := range n.Attribute {
			if a.GetName() == "transB" && a.I != 0 { // quantize_dynamic turns them over first
				t := make([]float32, len(v))
				for i := range v {
					t[int64(i)%dims[1]*dims[0]+int64(i)/dims[1]] = v[i]
				}
				v, dims = t, []int64{dims[1], dims[0]}
			}
		}
		columns = int(dims[1])
	}
	scale := make([]float32, columns)
	for i, x := range v {
		scale[i%columns] = max(scale[i%columns], float32(math.Abs(float64(x)))/127)
	}
	codes := make([]int32, len(v))
	for i, x := range v {
		codes[i] = int32(math.RoundToEven(float64(x / scale[i%columns])))
	}
	along := []int64{int64(columns)}
	q := d.init(&pb.TensorProto{Name: w.GetName() + "_quantized", DataType: int32(pb.TensorProto_INT8), Dims: dims, Int32Data: codes})
	s := d.init(&pb.TensorProto{Name: w.GetName() + "_scale", DataType: int32(pb.TensorProto_FLOAT), Dims: along, FloatData: scale})
	z := d.init(&pb.TensorProto{Name: w.GetName() + "_zero_point", DataType: int32(pb.TensorProto_INT8), Dims: along, Int32Data: make([]int32, columns)})
	x := name + "_input"
	d.add("DynamicQuantizeLinear", x+"_QuantizeLinear", n.Input[:1], []string{x + "_quantized", x + "_scale", x + "_zero_point"})
	d.add(integer, n.Name+"_quant", []string{x + "_quantized", q, x + "_zero_point", z}, []string{name + "_output_quantized"}, attrs...)
	d.add("Cast", name+"_output_quantized_cast", []string{name + "_output_quantized"}, []string{name + "_cast_output"},
		&pb.AttributeProto{Name: "to", Type: pb.AttributeProto_INT, I: int64(pb.TensorProto_FLOAT)})
	d.add("Mul", n.Name+"_quant_scales_mul", []string{x + "_scale", s}, []string{name + "_scales"})
	if len(n.Input) < 3 {
		d.add("Mul", n.Name+"_quant_output_scale_mul", []string{name + "_cast_output", name + "_scales"}, n.Output)
		return
	}
	d.add("Mul", n.Name+"_quant_output_scale_mul", []string{name + "_cast_output", name + "_scales"}, []string{name + "_scaled"})
	bias := n.Input[2]
	if n.OpType == "Conv" {
		d.add("Reshape", n.Name+"_bias_reshape", []string{bias, "column"}, []string{name + "_bias"})
		bias = name + "_bias"
	}
	d.add("Add", n.Name+"_bias_add", []string{name + "_scaled", bias}, n.Output)
}

// floats32 are the elements of a float32 tensor.
func floats32(t *pb.TensorProto) []float32 {
	if len(t.FloatData) > 0 {
		return t.FloatData
	}
	v := make([]float32, len(t.RawData)/4)
	for i := range v {
		b := t.RawData[4*i:]
		v[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
	}
	return v
}
