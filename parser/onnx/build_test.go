package onnx

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A model builds small ONNX files. The graph's input is x unless in is called.
type model struct{ *pb.ModelProto }

func newModel(opset int64) model {
	return model{&pb.ModelProto{IrVersion: 7, OpsetImport: []*pb.OperatorSetIdProto{{Version: opset}}, Graph: &pb.GraphProto{}}}
}

// in adds a float input. A dimension of -1 gets the name N.
func (m model) in(name string, dims ...int64) model {
	m.Graph.Input = append(m.Graph.Input, info(name, pb.TensorProto_FLOAT, dims...))
	return m
}

func info(name string, elem pb.TensorProto_DataType, dims ...int64) *pb.ValueInfoProto {
	s := &pb.TensorShapeProto{}
	for _, d := range dims {
		dim := &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}}
		if d < 0 {
			dim.Value = &pb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}
		}
		s.Dim = append(s.Dim, dim)
	}
	return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{
		TensorType: &pb.TypeProto_Tensor{ElemType: int32(elem), Shape: s}}}}
}

// out adds outputs.
func (m model) out(names ...string) model {
	for _, n := range names {
		m.Graph.Output = append(m.Graph.Output, info(n, pb.TensorProto_FLOAT))
	}
	return m
}

// floats adds an initializer with the elements 1, 2, 3 ...
func (m model) floats(name string, dims ...int64) model {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i + 1)
	}
	return m.f32(name, v, dims...)
}

func (m model) f32(name string, v []float32, dims ...int64) model {
	m.Graph.Initializer = append(m.Graph.Initializer, &pb.TensorProto{Name: name, DataType: 1, Dims: dims, FloatData: v})
	return m
}

func (m model) i64(name string, v ...int64) model {
	m.Graph.Initializer = append(m.Graph.Initializer, &pb.TensorProto{Name: name, DataType: 7, Dims: []int64{int64(len(v))}, Int64Data: v})
	return m
}

func (m model) scalar(name string, v int64) model {
	m.Graph.Initializer = append(m.Graph.Initializer, &pb.TensorProto{Name: name, DataType: 7, Int64Data: []int64{v}})
	return m
}

// node adds a node from "Op a b -> c d"; "_" stands for an input left out.
func (m model) node(text string, attrs ...*pb.AttributeProto) model {
	left, right, _ := strings.Cut(text, " -> ")
	f := strings.Fields(left)
	n := &pb.NodeProto{OpType: f[0], Input: f[1:], Output: strings.Fields(right), Attribute: attrs}
	for i := range n.Input {
		if n.Input[i] == "_" {
			n.Input[i] = ""
		}
	}
	m.Graph.Node = append(m.Graph.Node, n)
	return m
}

// named names the last node.
func (m model) named(name string) model {
	m.Graph.Node[len(m.Graph.Node)-1].Name = name
	return m
}

func ints(name string, v ...int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INTS, Ints: v}
}

func integer(name string, v int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INT, I: v}
}

func float(name string, v float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_FLOAT, F: v}
}

func str(name, v string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_STRING, S: []byte(v)}
}

func tensorAttr(name string, t *pb.TensorProto) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_TENSOR, T: t}
}

func (m model) bytes(t *testing.T) []byte {
	t.Helper()
	b, err := proto.Marshal(m.ModelProto)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// elements are the elements of a constant.
func elements(t *tensor.Tensor) any {
	switch t.DType {
	case tensor.I8:
		return t.I8
	case tensor.I32:
		return t.I32
	}
	return t.F32
}

// typed adds an initializer of an integer type.
func (m model) typed(name string, elem pb.TensorProto_DataType, v []int64, dims ...int64) model {
	t := &pb.TensorProto{Name: name, DataType: int32(elem), Dims: dims}
	for _, x := range v {
		if elem == pb.TensorProto_UINT64 {
			t.Uint64Data = append(t.Uint64Data, uint64(x))
		} else {
			t.Int32Data = append(t.Int32Data, int32(x))
		}
	}
	return m.init(t)
}

// listing is a module's nodes, one to a line.
func listing(m *ir.Module) string {
	var b strings.Builder
	for _, n := range m.Main().Nodes {
		var in []string
		for _, v := range n.Operands {
			name := v.Name
			if v.IsConst() {
				name = fmt.Sprintf("@%s%v", v.Name, elements(v.Const.Data))
				if v.Const.Data.Len() > 12 {
					name = "@" + v.Name
				}
			}
			in = append(in, name)
		}
		var at []string
		for _, a := range n.Attrs {
			at = append(at, fmt.Sprintf("%s=%v", a.Name, a.Value))
		}
		fmt.Fprintf(&b, "%s = %s(%s)", n.Result().Name, strings.TrimPrefix(n.Op.Name, "nn."), strings.Join(in, ", "))
		if len(at) > 0 {
			fmt.Fprintf(&b, " {%s}", strings.Join(at, " "))
		}
		fmt.Fprintf(&b, " : %s\n", strings.TrimSuffix(strings.TrimPrefix(n.Result().Type.String(), "tensor<"), "xf32>"))
	}
	return b.String()
}
