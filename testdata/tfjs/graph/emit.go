package graph

import (
	"encoding/binary"
	"math"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// node adds an ONNX node. The name of a TensorFlow node is given once, to the node that stands for it.
func (c *converter) node(op, name string, in []string, out string, attrs ...*onnxpb.AttributeProto) {
	if c.m.byName[name] == nil || c.nodes[name] {
		name = c.fresh(c.nodes, name)
	}
	c.nodes[name] = true
	c.g.Node = append(c.g.Node, &onnxpb.NodeProto{OpType: op, Name: name, Input: in, Output: []string{out}, Attribute: attrs})
}

// constant adds an initializer of float32, a form of the constant called name. The same form is written once.
func (c *converter) constant(name, form string, dims []int, data []float32) string {
	key := name + ":" + form
	if c.forms[key] == "" {
		if form != "" {
			name = c.fresh(c.tensors, name+"/"+form)
		}
		c.forms[key] = name
		raw := make([]byte, 0, 4*len(data))
		for _, x := range data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		c.initializer(name, onnxpb.TensorProto_FLOAT, dims, raw)
	}
	return c.forms[key]
}

// integers adds an initializer of int64 with one axis.
func (c *converter) integers(name string, v []int) string {
	name = c.fresh(c.tensors, name)
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	c.initializer(name, onnxpb.TensorProto_INT64, []int{len(v)}, raw)
	return name
}

func (c *converter) initializer(name string, t onnxpb.TensorProto_DataType, dims []int, raw []byte) {
	c.g.Initializer = append(c.g.Initializer, &onnxpb.TensorProto{Name: name, DataType: int32(t), Dims: wide(dims), RawData: raw})
}

// info declares an input or output of float32.
func info(name string, dims []int) *onnxpb.ValueInfoProto {
	s := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		dim := &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}}
		if d < 0 {
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}
		}
		s.Dim = append(s.Dim, dim)
	}
	return &onnxpb.ValueInfoProto{Name: name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: int32(onnxpb.TensorProto_FLOAT), Shape: s}}}}
}

func ints(name string, v ...int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INTS, Ints: wide(v)}
}

func integerAttr(name string, v int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_INT, I: int64(v)}
}

func floatAttr(name string, v float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: name, Type: onnxpb.AttributeProto_FLOAT, F: v}
}

func wide(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

// transpose gives the elements of an array with its axes in another order: axis i of the result is axis perm[i].
func transpose(a *array, perm ...int) []float32 {
	dims := permuted(a.dims, perm...)
	step := make([]int, len(perm)) // in a, of one step along axis i of the result
	for i, p := range perm {
		step[i] = product(a.dims[p+1:])
	}
	out := make([]float32, a.size())
	at, from := make([]int, len(dims)), 0
	for k := range out {
		out[k] = a.f[from]
		for i := len(dims) - 1; i >= 0; i-- {
			at[i]++
			from += step[i]
			if at[i] < dims[i] {
				break
			}
			from -= dims[i] * step[i]
			at[i] = 0
		}
	}
	return out
}

func permuted(dims []int, perm ...int) []int {
	out := make([]int, len(perm))
	for i, p := range perm {
		out[i] = dims[p]
	}
	return out
}
