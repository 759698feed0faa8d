package amctc_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// TestBindIntegers loads a network whose input is a shape: the file of the input decides.
func TestBindIntegers(t *testing.T) {
	info := func(name string, elem pb.TensorProto_DataType, dims ...int64) *pb.ValueInfoProto {
		s := &pb.TensorShapeProto{}
		for _, d := range dims {
			s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
		}
		return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: int32(elem), Shape: s}}}}
	}
	model, err := proto.Marshal(&pb.ModelProto{IrVersion: 7, OpsetImport: []*pb.OperatorSetIdProto{{Version: 13}}, Graph: &pb.GraphProto{
		Node:   []*pb.NodeProto{{OpType: "Reshape", Input: []string{"x", "s"}, Output: []string{"y"}}},
		Input:  []*pb.ValueInfoProto{info("x", pb.TensorProto_FLOAT, 2, 6), info("s", pb.TensorProto_INT64, 2)},
		Output: []*pb.ValueInfoProto{info("y", pb.TensorProto_FLOAT)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	header := "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }"
	header += string(bytes.Repeat([]byte(" "), 117-len(header))) + "\n"
	npy := append([]byte("\x93NUMPY\x01\x00\x76\x00"+header), 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0)
	dir := t.TempDir()
	path, shape := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "s.npy")
	for name, data := range map[string][]byte{path: model, shape: npy} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bind, rest, err := amctc.BindIntegers(path, []string{"x.npy", shape}, nil)
	if err != nil || len(rest) != 1 || rest[0] != "x.npy" {
		t.Fatalf("%v, %v", rest, err)
	}
	m, err := amctc.Load(path, amctc.LoadOptions{Bind: bind})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Main().Results[0].Type; !got.Equal(ir.Float(3, 4)) {
		t.Errorf("the result is %s, want 3x4", got)
	}
	if m, err = amctc.Load(path, amctc.LoadOptions{Values: map[string][]string{"s": {"4", "-1"}}}); err != nil {
		t.Fatal(err)
	}
	if got := m.Main().Results[0].Type; !got.Equal(ir.Float(4, 3)) {
		t.Errorf("the result is %s, want 4x3", got)
	}
	if _, err := amctc.Load(path, amctc.LoadOptions{}); err == nil {
		t.Error("without the value it loads too")
	}
}
