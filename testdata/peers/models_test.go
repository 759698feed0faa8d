package peers

import (
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir/irtest"
	parser "github.com/amctc/amctc/parser/onnx"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/testdata/peers/ort"
)

// ints is an initializer of integers.
func ints(name string, elem pb.TensorProto_DataType, v []int64, dims ...int64) *pb.TensorProto {
	p := &pb.TensorProto{Name: name, DataType: int32(elem), Dims: dims}
	for _, x := range v {
		p.Int32Data = append(p.Int32Data, int32(x))
	}
	return p
}

// floats is an initializer of float32 numbers.
func floats(name string, v []float32, dims ...int64) *pb.TensorProto {
	return &pb.TensorProto{Name: name, DataType: 1, Dims: dims, FloatData: v}
}

// info is an input or output of float32 numbers.
func info(name string, dims ...int64) *pb.ValueInfoProto {
	s := &pb.TensorShapeProto{}
	for _, d := range dims {
		s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
	}
	return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: 1, Shape: s}}}}
}

func node(op string, in []string, out string, attrs ...*pb.AttributeProto) *pb.NodeProto {
	return &pb.NodeProto{OpType: op, Name: out, Input: in, Output: []string{out}, Attribute: attrs}
}

func integer(name string, v int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INT, I: v}
}

func number(name string, v float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_FLOAT, F: v}
}

func numbers(name string, v ...float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_FLOATS, Floats: v}
}

func text(name, v string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_STRING, S: []byte(v)}
}

// microsoft is a node of ONNX Runtime's own domain.
func microsoft(op string, in []string, out string, attrs ...*pb.AttributeProto) *pb.NodeProto {
	n := node(op, in, out, attrs...)
	n.Domain = "com.microsoft"
	return n
}

// same runs nodes on random numbers of the given shapes, inputs a, b, …, and on what is known, and holds output y
// against ONNX Runtime's.
func same(t *testing.T, opset int64, dims [][]int64, known []*pb.TensorProto, nodes ...*pb.NodeProto) {
	t.Helper()
	g := &pb.GraphProto{Name: "g", Node: nodes, Output: []*pb.ValueInfoProto{{Name: "y", Type: info("y").Type}}}
	g.Output[0].Type = &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: 1}}}
	for i, d := range dims {
		g.Input = append(g.Input, info(string(rune('a'+i)), d...))
	}
	for _, p := range known {
		if slices.ContainsFunc(nodes, func(n *pb.NodeProto) bool { return slices.Contains(n.Input, p.Name) }) {
			g.Initializer = append(g.Initializer, p)
		}
	}
	data, err := proto.Marshal(&pb.ModelProto{IrVersion: 10, OpsetImport: []*pb.OperatorSetIdProto{{Version: opset}, {Domain: "com.microsoft", Version: 1}}, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	m, diags := parser.Import("y", data, parser.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	in := irtest.RandomInputs(m.Main(), 5, 1)
	want, err := open(t, data, ort.Options{}).Run(in)
	if err != nil {
		t.Fatal(err)
	}
	got := eval(t, m, in)[0]
	if !slices.Equal(got.Shape, want[0].Shape) || want[0].Len() == 0 {
		t.Fatalf("shape %v, ONNX Runtime gives %v", got.Shape, want[0].Shape)
	}
	for i, v := range want[0].F32 {
		if d := math.Abs(float64(v) - float64(got.F32[i])); !(d <= 1e-5+1e-5*math.Abs(float64(v))) {
			t.Fatalf("element %d is %v, ONNX Runtime gives %v", i, got.F32[i], v)
		}
	}
}
