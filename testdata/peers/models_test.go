package peers

import pb "github.com/amctc/amctc/parser/onnx/onnxpb"

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
