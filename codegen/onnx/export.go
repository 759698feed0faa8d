package onnx

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Options adjust the file.
type Options struct {
	// Name is the graph's name; empty stands for "main".
	Name string
}

// The versions that the file declares. Dilated average pooling needs a later operator set.
const (
	irVersion    = 8
	opset        = 13
	laterIR      = 9
	dilatedOpset = 19
	wideIR       = 10 // of codes of int16
	wideOpset    = 21
)

// Export writes the main function of a module in stage float, int or target. The same module
// gives the same bytes. A free batch is the dimension "N". Errors name the node that has no
// ONNX form.
func Export(m *ir.Module, opt Options) ([]byte, error) {
	f := m.Main()
	if f == nil {
		return nil, fmt.Errorf("ONNX export: the module has no function main")
	}
	if f.Stage == ir.StageObserved || f.Stage == ir.StageFake {
		return nil, fmt.Errorf("ONNX export: @%s is in stage %s; export the float module or the quantized one", f.Name, f.Stage)
	}
	name := opt.Name
	if name == "" {
		name = "main"
	}
	e := newExporter(name)
	if err := e.function(f); err != nil {
		return nil, fmt.Errorf("ONNX export: %w", err)
	}
	model := e.model()
	if proto.Size(model) >= 1<<31-1 {
		return nil, fmt.Errorf("ONNX export: the model is larger than the 2 GiB that one protobuf file may hold")
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(model)
}

func newExporter(name string) *exporter {
	return &exporter{
		graph:   &pb.GraphProto{Name: name},
		names:   make(map[string]bool),
		nodes:   make(map[string]bool),
		tensors: make(map[*ir.Value]string),
		maps:    make(map[*ir.Value]quantNames), places: make(map[*ir.Value]string),
		opset: opset,
		ir:    irVersion,
		write: table,
	}
}

func (e *exporter) model() *pb.ModelProto {
	return &pb.ModelProto{
		IrVersion:    e.ir,
		ProducerName: "amctc",
		OpsetImport:  []*pb.OperatorSetIdProto{{Version: e.opset}},
		Graph:        e.graph,
	}
}

// exporter builds one graph.
type exporter struct {
	graph *pb.GraphProto
	names map[string]bool // tensors
	nodes map[string]bool
	// tensors names the tensor of every value seen: float32, or the uint8 codes.
	tensors map[*ir.Value]string
	maps    map[*ir.Value]quantNames
	places  map[*ir.Value]string // indices of maxima as ONNX counts them: over all samples
	opset   int64
	ir      int64
	write   map[string]func(*exporter, *ir.Node) // how each operator is written
}

// quantNames are the initializers that hold a map.
type quantNames struct{ scale, zero string }

func (e *exporter) function(f *ir.Func) error {
	// The names that users see come first.
	for _, v := range f.Params {
		e.names[v.Name] = true
	}
	outs := make([]string, len(f.Results))
	for i, v := range f.Results {
		outs[i] = fresh(v.Name, e.names)
		if v.Def != nil && !v.Type.IsQuant() && !slices.Contains(f.Results[:i], v) {
			e.tensors[v] = outs[i]
		}
	}
	for _, v := range f.Params {
		e.graph.Input = append(e.graph.Input, valueInfo(v.Name, v.Type))
		e.tensors[v] = v.Name
		if v.Type.IsQuant() {
			e.tensors[v] = fresh(v.Name+"_codes", e.names)
			e.quantize(v, v.Name, e.tensors[v])
		}
	}
	for _, n := range f.Nodes {
		e.at(since(n)) // forms depend on the opset: it is known before the first is written
	}
	for _, n := range f.Nodes {
		if err := e.emit(n); err != nil {
			return fmt.Errorf("%s: %w", n.Subject(), err)
		}
	}
	for i, v := range f.Results {
		e.graph.Output = append(e.graph.Output, valueInfo(outs[i], v.Type))
		switch {
		case v.Type.IsQuant():
			e.dequantize(v, outs[i])
		case e.tensors[v] != outs[i]:
			e.node("Identity", outs[i], []string{e.float(v)}, outs[i])
		}
	}
	return nil
}

// valueInfo declares a tensor of the type's shape: float32, uint8 for pixels, or int64 for indices.
func valueInfo(name string, t ir.Type) *pb.ValueInfoProto {
	s := &pb.TensorShapeProto{}
	for _, d := range t.Shape {
		dim := &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}}
		if d == ir.Free {
			dim.Value = &pb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}
		}
		s.Dim = append(s.Dim, dim)
	}
	elem := pb.TensorProto_FLOAT
	switch t.DType {
	case tensor.U8:
		elem = pb.TensorProto_UINT8
	case tensor.I64:
		elem = pb.TensorProto_INT64
	}
	return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{
		TensorType: &pb.TypeProto_Tensor{ElemType: int32(elem), Shape: s}}}}
}

// fresh is a name not yet taken, derived from base, and takes it.
func fresh(base string, taken map[string]bool) string {
	if base == "" {
		base = "v"
	}
	name := base
	for i := 1; taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	taken[name] = true
	return name
}

// node appends a node; name is made unique.
func (e *exporter) node(opType, name string, in []string, out string, attrs ...*pb.AttributeProto) {
	e.graph.Node = append(e.graph.Node, &pb.NodeProto{
		OpType: opType, Name: fresh(name, e.nodes), Input: in, Output: []string{out}, Attribute: attrs,
	})
}

// init adds a constant with the given little-endian data and gives its name.
func (e *exporter) init(name string, t pb.TensorProto_DataType, shape []int, data []byte) string {
	name = fresh(name, e.names)
	dims := make([]int64, len(shape))
	for i, d := range shape {
		dims[i] = int64(d)
	}
	e.graph.Initializer = append(e.graph.Initializer, &pb.TensorProto{Name: name, DataType: int32(t), Dims: dims, RawData: data})
	return name
}

func (e *exporter) floats(name string, shape []int, v []float32) string {
	return e.init(name, pb.TensorProto_FLOAT, shape, tensor.FromF32(v, shape...).Bytes())
}

func (e *exporter) ints(name string, v []int) string {
	w := make([]int64, len(v))
	for i, x := range v {
		w[i] = int64(x)
	}
	return e.init(name, pb.TensorProto_INT64, []int{len(v)}, tensor.FromI64(w, len(w)).Bytes())
}

func (e *exporter) scalar(name string, v float32) string { return e.floats(name, nil, []float32{v}) }

// biased is codes as uint8: code + 128.
func biased(q []int8) []byte {
	out := make([]byte, len(q))
	for i, v := range q {
		out[i] = byte(int(v) + 128)
	}
	return out
}

// value names the tensor of v: float32, or uint8 codes. Constants become initializers.
func (e *exporter) value(v *ir.Value) string {
	if name, ok := e.tensors[v]; ok {
		return name
	}
	name := ""
	switch {
	case v.Const == nil:
		name = fresh(v.Name, e.names)
	case v.Type.IsFloat():
		name = e.floats(v.Name, v.Type.Shape, v.Const.Data.F32)
	case v.Type.DType == tensor.I16:
		name = e.init(v.Name, pb.TensorProto_INT16, v.Type.Shape, v.Const.Data.Bytes())
	default:
		name = e.init(v.Name, pb.TensorProto_UINT8, v.Type.Shape, biased(v.Const.Data.I8))
	}
	e.tensors[v] = name
	return name
}

// quantNames gives the initializers of the map of an activation.
func (e *exporter) quantNames(v *ir.Value) quantNames {
	if q, ok := e.maps[v]; ok {
		return q
	}
	s, o := v.Type.Quant.At(0)
	q := quantNames{
		scale: e.scalar(v.Name+"_scale", s),
	}
	if v.Type.DType == tensor.I16 {
		q.zero = e.init(v.Name+"_zero_point", pb.TensorProto_INT16, nil, tensor.FromI16([]int16{int16(o)}).Bytes())
		e.opset, e.ir = max(e.opset, wideOpset), max(e.ir, wideIR)
	} else {
		q.zero = e.init(v.Name+"_zero_point", pb.TensorProto_UINT8, nil, []byte{byte(o + 128)})
	}
	e.maps[v] = q
	return q
}

// quantize writes the codes of v from a float tensor.
func (e *exporter) quantize(v *ir.Value, from, to string) {
	q := e.quantNames(v)
	e.node("QuantizeLinear", to+"_QuantizeLinear", []string{from, q.scale, q.zero}, to)
}

// dequantize writes the numbers of v's codes.
func (e *exporter) dequantize(v *ir.Value, to string) {
	codes := e.value(v)
	q := e.quantNames(v)
	e.node("DequantizeLinear", to+"_DequantizeLinear", []string{codes, q.scale, q.zero}, to)
}

// float names a float32 tensor with the numbers of v, dequantized for this use alone.
func (e *exporter) float(v *ir.Value) string {
	if !v.Type.IsQuant() {
		return e.value(v)
	}
	e.value(v)
	to := fresh(v.Name+"_real", e.names)
	e.dequantize(v, to)
	return to
}
