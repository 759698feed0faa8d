package onnx

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// numberTypes are the element types of both worlds.
var numberTypes = []struct {
	onnx pb.TensorProto_DataType
	ours tensor.DType
}{
	{pb.TensorProto_FLOAT, tensor.F32}, {pb.TensorProto_DOUBLE, tensor.F64}, {pb.TensorProto_FLOAT16, tensor.F16}, {pb.TensorProto_BFLOAT16, tensor.BF16},
	{pb.TensorProto_BOOL, tensor.Bool}, {pb.TensorProto_INT8, tensor.I8}, {pb.TensorProto_INT16, tensor.I16}, {pb.TensorProto_INT32, tensor.I32},
	{pb.TensorProto_INT64, tensor.I64}, {pb.TensorProto_UINT8, tensor.U8}, {pb.TensorProto_UINT16, tensor.U16}, {pb.TensorProto_UINT32, tensor.U32},
	{pb.TensorProto_UINT64, tensor.U64},
}

// dtype is our name of an ONNX type; Invalid for those that are not numbers.
func dtype(t pb.TensorProto_DataType) tensor.DType {
	for _, n := range numberTypes {
		if n.onnx == t {
			return n.ours
		}
	}
	return tensor.Invalid
}

func onnxType(d tensor.DType) pb.TensorProto_DataType {
	for _, n := range numberTypes {
		if n.ours == d {
			return n.onnx
		}
	}
	return pb.TensorProto_UNDEFINED
}

// tensor is the literal's content.
func (l *literal) tensor() *tensor.Tensor {
	t := tensor.New(dtype(l.elem), l.shape...)
	switch {
	case l.f != nil:
		t.F32 = l.f
	case l.d != nil:
		t.F64 = l.d
	default:
		for i, v := range l.i {
			t.SetInt(i, v)
		}
	}
	return t
}

// literalOf makes a tensor known.
func literalOf(t *tensor.Tensor) *literal {
	l := &literal{elem: onnxType(t.DType), shape: slices.Clone(t.Shape), derived: true}
	switch {
	case t.F32 != nil:
		l.f = t.F32
	case t.F64 != nil:
		l.d = t.F64
	default:
		l.i = make([]int64, t.Len())
		for i := range l.i {
			l.i[i] = t.Int(i)
		}
	}
	return l
}

// half says once that a model of half precision is computed in float32.
func (im *importer) half(name string) {
	if im.halves {
		return
	}
	im.halves = true
	d := diag.Errorf(codeHalf, diag.Span{File: im.file}, fmt.Sprintf("tensor %q", name), "it is of half precision; its numbers are taken as they are, and the network is computed in float32 throughout")
	d.Severity = diag.Warning
	im.diags.Add(d)
}

// widened is a tensor as float32.
func widened(t *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(tensor.F32, t.Shape...)
	for i := range out.F32 {
		out.F32[i] = float32(t.Real(i))
	}
	return out
}

// elem is the element type of a value; UNDEFINED for one that is integral.
func (v *value) elem() pb.TensorProto_DataType {
	switch {
	case v.lit != nil:
		return v.lit.elem
	case v.node != nil && !v.node.Type.IsQuant():
		return onnxType(v.node.Type.DType)
	}
	return pb.TensorProto_UNDEFINED
}

// folded evaluates a node all of whose operands are constants and takes it out of the function again. The
// results become constants that the importer knows.
func (c *call) folded(n *ir.Node) []*ir.Value {
	im := c.im
	im.fn.Nodes = im.fn.Nodes[:len(im.fn.Nodes)-1]
	e := &ir.EvalCtx{Node: n, Out: make([]*tensor.Tensor, len(n.Results))}
	for _, v := range n.Operands {
		e.In, e.InType = append(e.In, v.Const.Data), append(e.InType, v.Type)
	}
	for _, v := range n.Results {
		if !c.chargeShape(v.Type.Shape) {
			return nil
		}
		e.OutType = append(e.OutType, v.Type)
	}
	n.Op.Eval(e)
	var out []*ir.Value
	for i, v := range n.Results {
		l := literalOf(e.Out[i])
		l.name = v.Name
		// The constant enters the module when something computed reads it.
		k := ir.NewConst(v.Name, v.Type, e.Out[i]).Value()
		im.known[k] = l
		out = append(out, k)
	}
	return out
}

// valueOf is what the importer knows of a value of the graph.
func (im *importer) valueOf(v *ir.Value) *value {
	if l := im.known[v]; l != nil {
		k := *l
		k.name = "" // that of the output
		return &value{lit: &k}
	}
	return &value{node: v}
}

// Tensor reads a tensor of numbers in ONNX's own form, the serialized TensorProto.
func Tensor(data []byte) (*tensor.Tensor, error) {
	t := &pb.TensorProto{}
	if err := proto.Unmarshal(data, t); err != nil {
		return nil, err
	}
	im := &importer{diags: &diag.List{}}
	l, p := im.decode(t)
	if p != nil {
		return nil, errors.New(p.text)
	}
	return l.tensor(), nil
}

// An Input is an input of a model's graph that is no initializer. DType is Invalid when it is no tensor of
// numbers.
type Input struct {
	Name  string
	DType tensor.DType
}

// Inputs lists the inputs of a model, in order; nil when it is no model. What is wrong with them is for Import
// to say.
func Inputs(data []byte) []Input {
	model := &pb.ModelProto{}
	if err := proto.Unmarshal(data, model); err != nil || model.Graph == nil {
		return nil
	}
	constant := make(map[string]bool)
	for _, t := range model.Graph.Initializer {
		constant[t.GetName()] = true
	}
	for _, t := range model.Graph.SparseInitializer {
		constant[t.GetValues().GetName()] = true
	}
	var out []Input
	for _, in := range model.Graph.Input {
		if !constant[in.Name] {
			out = append(out, Input{in.Name, dtype(pb.TensorProto_DataType(in.GetType().GetTensorType().GetElemType()))})
		}
	}
	return out
}
