package zoo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A builder collects nodes and their constants.
type builder struct {
	r   *rand.Rand
	g   *onnxpb.GraphProto
	out int // numbers of the result
}

func newBuilder(n *Network) *builder {
	b := &builder{r: rand.New(rand.NewPCG(n.seed, 224)), g: &onnxpb.GraphProto{Name: n.Name}}
	dims := make([]int64, len(n.Input))
	for i, d := range n.Input {
		dims[i] = int64(d)
	}
	b.g.Input = []*onnxpb.ValueInfoProto{info("input", dims...)}
	b.g.Output = []*onnxpb.ValueInfoProto{info("output", int64(n.Output))}
	b.out = n.Output
	return b
}

func (b *builder) model() *onnxpb.ModelProto {
	return &onnxpb.ModelProto{IrVersion: 7, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 13}}, ProducerName: "amctc testdata", Graph: b.g}
}

// info is a float32 value with a free batch.
func info(name string, dims ...int64) *onnxpb.ValueInfoProto {
	s := &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}}}}
	for _, d := range dims {
		s.Dim = append(s.Dim, &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
	}
	return &onnxpb.ValueInfoProto{Name: name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: int32(onnxpb.TensorProto_FLOAT), Shape: s}}}}
}

// node adds a node with one result, named after it.
func (b *builder) node(op, name string, in []string, attrs ...*onnxpb.AttributeProto) string {
	out := name + ".out"
	b.g.Node = append(b.g.Node, &onnxpb.NodeProto{OpType: op, Name: name, Input: in, Output: []string{out}, Attribute: attrs})
	return out
}

// floats adds a constant; without dims it is a scalar.
func (b *builder) floats(name string, v []float32, dims ...int64) string {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	b.g.Initializer = append(b.g.Initializer, &onnxpb.TensorProto{Name: name, DataType: int32(onnxpb.TensorProto_FLOAT), Dims: dims, RawData: raw})
	return name
}

// uniform draws n numbers of [lo, hi).
func (b *builder) uniform(n int, lo, hi float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = lo + float32((hi-lo)*b.r.Float32())
	}
	return v
}

func integer(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INT, I: v}
}

func ints(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INTS, Ints: v}
}
