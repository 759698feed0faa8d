package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A builder collects nodes and their constants.
type builder struct {
	r *rand.Rand
	g *onnxpb.GraphProto
}

func newBuilder() *builder {
	b := &builder{r: rand.New(rand.NewPCG(2018, 224)), g: &onnxpb.GraphProto{Name: "mobilenetv2"}}
	b.g.Input = []*onnxpb.ValueInfoProto{info("input", 3, side, side)}
	b.g.Output = []*onnxpb.ValueInfoProto{info("output", classes)}
	b.floats("zero", []float32{0})
	b.floats("six", []float32{6})
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

// weights draws n weights that keep the mean square of what flows: of a rectified input (He et
// al., "Delving Deep into Rectifiers", 2015), or of a linear one.
func (b *builder) weights(n, fanIn int, linear bool) []float32 {
	variance := 2 / float64(fanIn)
	if linear {
		variance /= 2
	}
	a := float32(math.Sqrt(3 * variance))
	return b.uniform(n, -a, a)
}

// A layer is a convolution without bias, padded so that a stride of 1 keeps the size.
type layer struct {
	in, out, kernel, stride int
	groups                  int  // 0 is 1
	linear                  bool // the input was not rectified
}

func (b *builder) conv(name, x string, l layer) string {
	groups := max(1, l.groups)
	per, k, pad := l.in/groups, int64(l.kernel), int64(l.kernel/2)
	fan := per * l.kernel * l.kernel
	w := b.floats(name+".weight", b.weights(l.out*fan, fan, l.linear), int64(l.out), int64(per), k, k)
	return b.node("Conv", name+".conv", []string{x, w}, ints("kernel_shape", k, k), ints("strides", int64(l.stride), int64(l.stride)),
		ints("pads", pad, pad, pad, pad), integer("group", int64(groups)))
}

// norm adds a batch normalization near the identity.
func (b *builder) norm(x, name string, channels int) string {
	at, c := name+".norm", int64(channels)
	return b.node("BatchNormalization", at, []string{x,
		b.floats(at+".scale", b.uniform(channels, 0.8, 1.2), c),
		b.floats(at+".bias", b.uniform(channels, -0.2, 0.2), c),
		b.floats(at+".mean", b.uniform(channels, -0.2, 0.2), c),
		b.floats(at+".var", b.uniform(channels, 0.8, 1.2), c)})
}

func (b *builder) relu6(x, name string) string {
	return b.node("Clip", name+".relu6", []string{x, "zero", "six"})
}

// classifier is the last layer; its result is the network's.
func (b *builder) classifier(x string) {
	w := b.floats("classifier.weight", b.weights(classes*head, head, false), classes, head)
	bias := b.floats("classifier.bias", b.uniform(classes, -0.1, 0.1), classes)
	b.node("Gemm", "classifier", []string{x, w, bias}, integer("transB", 1))
	b.g.Node[len(b.g.Node)-1].Output[0] = "output"
}

func ints(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INTS, Ints: v}
}

func integer(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INT, I: v}
}
