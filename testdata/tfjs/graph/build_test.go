package graph

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/onnx"
)

// A sketch builds model.json and its weights.
type sketch struct {
	nodes   []any
	weights []any
	data    []byte
	outputs []string // of a signature; none without
}

type object = map[string]any

func text(s string) object { return object{"s": base64.StdEncoding.EncodeToString([]byte(s))} }

func texts(s ...string) object {
	var list []string
	for _, x := range s {
		list = append(list, base64.StdEncoding.EncodeToString([]byte(x)))
	}
	return object{"list": object{"s": list}}
}

// numbers are written as text, as TensorFlow's converter does.
func numbers(v ...int) object {
	var list []string
	for _, x := range v {
		list = append(list, strconv.Itoa(x))
	}
	return object{"list": object{"i": list}}
}

func (s *sketch) node(op, name string, inputs []string, attrs object) *sketch {
	s.nodes = append(s.nodes, object{"op": op, "name": name, "input": inputs, "attr": attrs})
	return s
}

func (s *sketch) input(name string, dims ...int) *sketch {
	var list []object
	for _, d := range dims {
		list = append(list, object{"size": strconv.Itoa(d)})
	}
	return s.node("Placeholder", name, nil, object{"dtype": object{"type": "DT_FLOAT"}, "shape": object{"shape": object{"dim": list}}})
}

func (s *sketch) floats(name string, dims []int, v ...float32) *sketch {
	for _, x := range v {
		s.data = binary.LittleEndian.AppendUint32(s.data, math.Float32bits(x))
	}
	s.weights = append(s.weights, object{"name": name, "shape": dims, "dtype": "float32"})
	return s.node("Const", name, nil, nil)
}

func (s *sketch) ints(name string, v ...int32) *sketch {
	for _, x := range v {
		s.data = binary.LittleEndian.AppendUint32(s.data, uint32(x))
	}
	s.weights = append(s.weights, object{"name": name, "shape": []int{len(v)}, "dtype": "int32"})
	return s.node("Const", name, nil, nil)
}

func (s *sketch) stored(name, dtype string, dims []int, q object, data ...byte) *sketch {
	s.data = append(s.data, data...)
	s.weights = append(s.weights, object{"name": name, "shape": dims, "dtype": dtype, "quantization": q})
	return s.node("Const", name, nil, nil)
}

// json is the model; its weights are in two files.
func (s *sketch) json() []byte {
	m := object{
		"format":          "graph-model",
		"modelTopology":   object{"node": s.nodes, "library": object{}},
		"weightsManifest": []any{object{"paths": []string{"a.bin", "b.bin"}, "weights": s.weights}},
	}
	if s.outputs != nil {
		outs := object{}
		for i, name := range s.outputs {
			outs[fmt.Sprintf("out%d", i)] = object{"name": name + ":0"}
		}
		m["userDefinedMetadata"] = object{"signature": object{"outputs": outs}}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func (s *sketch) open(name string, limit int) ([]byte, error) {
	half := len(s.data) / 3 // in the middle of a number
	switch name {
	case "a.bin":
		return s.data[:half], nil
	case "b.bin":
		return s.data[half:], nil
	}
	return nil, os.ErrNotExist
}

func (s *sketch) convert() ([]byte, error) {
	m, err := Parse(s.json(), s.open)
	if err != nil {
		return nil, err
	}
	return m.ONNX()
}

// module is the model as amctc imports it.
func (s *sketch) module(t *testing.T) *ir.Func {
	t.Helper()
	data, err := s.convert()
	if err != nil {
		t.Fatal(err)
	}
	m, l := onnx.Import("test.onnx", data, onnx.Options{})
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	return m.Main()
}

// run executes the model on one input.
func (s *sketch) run(t *testing.T, in []float32, dims ...int) []*tensor.Tensor {
	t.Helper()
	out, err := interp.Run(t.Context(), s.module(t), []*tensor.Tensor{tensor.FromF32(in, dims...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// count is from, from+1, ... in steps.
func count(n int, from, step float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = from + float32(float32(i)*step)
	}
	return out
}

func near(t *testing.T, what string, got *tensor.Tensor, want []float32, dims ...int) {
	t.Helper()
	if fmt.Sprint(got.Shape) != fmt.Sprint(dims) || len(got.F32) != len(want) {
		t.Fatalf("%s has the shape %v of %d elements, want %v", what, got.Shape, len(got.F32), dims)
	}
	for i, v := range want {
		if !(math.Abs(float64(got.F32[i]-v)) <= 1e-5*(1+math.Abs(float64(v)))) {
			t.Fatalf("%s: element %d is %v, want %v; all are %v, want %v", what, i, got.F32[i], v, got.F32, want)
		}
	}
}
