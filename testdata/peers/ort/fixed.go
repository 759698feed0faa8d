package ort

import (
	"errors"

	runtime "github.com/yalue/onnxruntime_go"
)

// A Fixed is a model of one input and one output with memory of its own for both: the fastest way to
// call the runtime.
type Fixed struct {
	In, Out []float32
	s       *runtime.AdvancedSession
	x, y    *runtime.Tensor[float32]
}

// OpenFixed loads a model's file. The shapes of the ports hold no free dimension.
func OpenFixed(path string, in, out Port, opt Options) (*Fixed, error) {
	if err := start(); err != nil {
		return nil, err
	}
	o, err := opt.build()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	f := &Fixed{}
	if f.x, err = empty(in); err != nil {
		return nil, err
	}
	if f.y, err = empty(out); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.s, err = runtime.NewAdvancedSession(path, []string{in.Name}, []string{out.Name}, []runtime.Value{f.x}, []runtime.Value{f.y}, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.In, f.Out = f.x.GetData(), f.y.GetData()
	return f, nil
}

func empty(p Port) (*runtime.Tensor[float32], error) {
	shape := make([]int64, len(p.Shape))
	for i, d := range p.Shape {
		shape[i] = int64(d)
	}
	return runtime.NewEmptyTensor[float32](runtime.NewShape(shape...))
}

// Run executes the model once, from In to Out.
func (f *Fixed) Run() error { return f.s.Run() }

// Close frees the session and its memory.
func (f *Fixed) Close() error {
	var errs []error
	if f.s != nil {
		errs = append(errs, f.s.Destroy())
	}
	if f.x != nil {
		errs = append(errs, f.x.Destroy())
	}
	if f.y != nil {
		errs = append(errs, f.y.Destroy())
	}
	return errors.Join(errs...)
}
