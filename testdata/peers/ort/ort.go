// Package ort runs ONNX models in ONNX Runtime, on one thread unless told otherwise. It exists for comparisons: amctc
// itself never links it.
package ort

import (
	"errors"
	"fmt"
	"os"
	"sync"

	runtime "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

var start = sync.OnceValue(func() error {
	lib := os.Getenv("ORT_LIB")
	if lib == "" {
		return errors.New(`ORT_LIB is not set: it names libonnxruntime.so, which "go run ./testdata/fetch -ort" puts into testdata/data/ort`)
	}
	if _, err := os.Stat(lib); err != nil {
		return fmt.Errorf("ORT_LIB: %w", err)
	}
	runtime.SetSharedLibraryPath(lib)
	return runtime.InitializeEnvironment(runtime.WithLogLevelError())
})

// A Session is a loaded model.
type Session struct {
	Inputs, Outputs []Port
	s               *runtime.DynamicAdvancedSession
}

// Open loads a model whose inputs are float32, int64 or uint8, and whose outputs are float32.
func Open(model []byte, opt Options) (*Session, error) {
	if err := start(); err != nil {
		return nil, err
	}
	s, err := signature(model)
	if err != nil {
		return nil, err
	}
	o, err := opt.build()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	s.s, err = runtime.NewDynamicAdvancedSessionWithONNXData(model, names(s.Inputs), names(s.Outputs), o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// signature reads the ports from the file: the runtime tells them only after optimizing with
// options of its own.
func signature(model []byte) (*Session, error) {
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(model, m); err != nil {
		return nil, err
	}
	constant := make(map[string]bool)
	for _, t := range m.GetGraph().GetInitializer() {
		constant[t.GetName()] = true
	}
	s := &Session{}
	for _, v := range m.GetGraph().GetInput() {
		if !constant[v.GetName()] {
			s.Inputs = append(s.Inputs, port(v))
		}
	}
	for _, v := range m.GetGraph().GetOutput() {
		s.Outputs = append(s.Outputs, port(v))
	}
	return s, nil
}

func port(v *pb.ValueInfoProto) Port {
	tt := v.GetType().GetTensorType()
	elem := pb.TensorProto_DataType(tt.GetElemType())
	p := Port{Name: v.GetName(), Int64: elem == pb.TensorProto_INT64, Uint8: elem == pb.TensorProto_UINT8}
	for _, d := range tt.GetShape().GetDim() {
		n := int(d.GetDimValue())
		if n <= 0 {
			n = -1
		}
		p.Shape = append(p.Shape, n)
	}
	return p
}

func names(p []Port) []string {
	out := make([]string, len(p))
	for i := range p {
		out[i] = p[i].Name
	}
	return out
}

// Run executes the model once. in has one float32 tensor for each input, in order; the numbers of one for an int64
// input are whole. Inputs of uint8 have a tensor of theirs. Results are tensors of float32 or int64.
func (s *Session) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	values := make([]runtime.Value, len(in))
	for i, t := range in {
		shape := make([]int64, len(t.Shape))
		for k, d := range t.Shape {
			shape[k] = int64(d)
		}
		data := t.F32
		for _, b := range t.I64 {
			data = append(data, float32(b))
		}
		v, err := value(s.Inputs[i], runtime.NewShape(shape...), data)
		if err != nil {
			return nil, err
		}
		defer v.Destroy()
		values[i] = v
	}
	results := make([]runtime.Value, len(s.Outputs))
	if err := s.s.Run(values, results); err != nil {
		return nil, err
	}
	var out []*tensor.Tensor
	for i, v := range results {
		switch t := v.(type) {
		case *runtime.Tensor[float32]:
			out = append(out, tensor.FromF32(append([]float32(nil), t.GetData()...), shapeOf(t.GetShape())...))
		case *runtime.Tensor[int64]:
			indices := tensor.New(tensor.I64, shapeOf(t.GetShape())...)
			copy(indices.I64, t.GetData())
			out = append(out, indices)
		default:
			return nil, fmt.Errorf("output %q is no tensor of float32 or int64", s.Outputs[i].Name)
		}
		v.Destroy()
	}
	return out, nil
}

func shapeOf(s runtime.Shape) (shape []int) {
	for _, d := range s {
		shape = append(shape, int(d))
	}
	return shape
}

// value is an input as ONNX Runtime takes it.
func value(p Port, shape runtime.Shape, data []float32) (runtime.Value, error) {
	if p.Uint8 {
		bytes := make([]uint8, len(data))
		for i, v := range data {
			bytes[i] = uint8(v)
		}
		return runtime.NewTensor(shape, bytes)
	}
	if !p.Int64 {
		return runtime.NewTensor(shape, data)
	}
	whole := make([]int64, len(data))
	for i, v := range data {
		if whole[i] = int64(v); float32(whole[i]) != v {
			return nil, fmt.Errorf("input %q takes integers, element %d is %v", p.Name, i, v)
		}
	}
	if len(shape) == 0 {
		return runtime.NewScalar(whole[0])
	}
	return runtime.NewTensor(shape, whole)
}

// Close frees the session.
func (s *Session) Close() error { return s.s.Destroy() }
