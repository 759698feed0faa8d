// Command ortrun executes an ONNX model in ONNX Runtime on arrays.
//
//	ORT_LIB=testdata/data/ort/libonnxruntime.so ortrun -model M.onnx -input x.npy -output y.npy
//
// -input and -output repeat, in the order of the model's inputs and outputs; -input-name gives
// another order. An array of the input's own shape is one call. Otherwise its first axis counts
// samples: it is cut into calls of -batch samples (1 unless given; more needs a model with a
// free batch), and the outputs are joined along their first axis.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/testdata/peers/ort"
)

type list []string

func (l *list) String() string     { return fmt.Sprint(*l) }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ortrun:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	var inputs, outputs, order list
	flag := flag.NewFlagSet("ortrun", flag.ContinueOnError)
	model := flag.String("model", "", "the model")
	batch := flag.Int("batch", 1, "samples of one call")
	timing := flag.Bool("time", false, "print the mean microseconds of a call")
	flag.Var(&inputs, "input", "array for an input, .npy (repeats)")
	flag.Var(&outputs, "output", "array to write for an output, .npy (repeats)")
	flag.Var(&order, "input-name", "name of the input that the -input at the same place is for (repeats)")
	if err := flag.Parse(args); err != nil {
		return err
	}
	if *model == "" || len(inputs) == 0 || *batch < 1 {
		return errors.New("-model and -input are needed; see -h")
	}
	data, err := os.ReadFile(*model)
	if err != nil {
		return err
	}
	s, err := ort.Open(data, ort.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", *model, err)
	}
	defer s.Close()
	in, err := load(s, inputs, order)
	if err != nil {
		return err
	}
	if len(outputs) > len(s.Outputs) {
		return fmt.Errorf("%d -output for a model with %d outputs", len(outputs), len(s.Outputs))
	}
	out, mean, err := calls(s, in, *batch)
	if err != nil {
		return err
	}
	if *timing {
		fmt.Fprintf(stdout, "%.1f\n", float64(mean.Nanoseconds())/1000)
	}
	for i, path := range outputs {
		if err := write(path, out[i]); err != nil {
			return err
		}
	}
	return nil
}

// load reads one array for each input of the model.
func load(s *ort.Session, paths, order []string) ([]*tensor.Tensor, error) {
	if len(paths) != len(s.Inputs) || len(order) > 0 && len(order) != len(paths) {
		return nil, fmt.Errorf("%d -input and %d -input-name for a model with %d inputs", len(paths), len(order), len(s.Inputs))
	}
	in := make([]*tensor.Tensor, len(paths))
	for i, path := range paths {
		at := i
		if len(order) > 0 {
			if at = slices.IndexFunc(s.Inputs, func(p ort.Port) bool { return p.Name == order[i] }); at < 0 {
				return nil, fmt.Errorf("the model has no input %q", order[i])
			}
		}
		shape, data, err := dataset.ReadNPY(path)
		if err != nil {
			return nil, err
		}
		in[at] = tensor.FromF32(data, shape...)
	}
	return in, nil
}

// calls runs the samples and joins the outputs; mean is the time of a call.
func calls(s *ort.Session, in []*tensor.Tensor, batch int) (out []*tensor.Tensor, mean time.Duration, err error) {
	single := true
	for i, t := range in {
		single = single && slices.Equal(t.Shape, s.Inputs[i].Shape) && len(t.Shape) > 0
	}
	n := 1
	if !single {
		n = in[0].Shape[0]
	}
	parts := make([][]float32, len(s.Outputs))
	shapes := make([][]int, len(s.Outputs))
	count := 0
	for lo := 0; lo < n; lo += batch {
		hi := min(lo+batch, n)
		args := in
		if !single {
			args = make([]*tensor.Tensor, len(in))
			for i, t := range in {
				if t.Shape[0] != n {
					return nil, 0, fmt.Errorf("input %q has %d samples, the first input %d", s.Inputs[i].Name, t.Shape[0], n)
				}
				if args[i], err = sample(t.Rows(lo, hi), s.Inputs[i]); err != nil {
					return nil, 0, err
				}
			}
		}
		begin := time.Now()
		res, err := s.Run(args)
		mean += time.Since(begin)
		count++
		if err != nil {
			return nil, 0, err
		}
		for i, r := range res {
			parts[i] = append(parts[i], r.F32...)
			if lo == 0 {
				shapes[i] = slices.Clone(r.Shape)
			} else {
				shapes[i][0] += r.Shape[0]
			}
		}
	}
	for i := range parts {
		out = append(out, tensor.FromF32(parts[i], shapes[i]...))
	}
	return out, mean / time.Duration(count), nil
}

// sample gives rows the shape of the port, whose leading dimension is free or counts samples. Of a port with other
// open dimensions, a row has its shape, with or without the leading dimension.
func sample(rows *tensor.Tensor, p ort.Port) (*tensor.Tensor, error) {
	shape := slices.Clone(p.Shape)
	if len(shape) > 0 && shape[0] < 0 {
		shape[0] = rows.Shape[0]
	}
	if slices.Contains(shape, -1) && rows.Shape[0] == 1 {
		given := rows.Shape
		if len(given) > len(shape) {
			given = given[1:]
		}
		for i, d := range shape {
			if len(given) == len(shape) && d < 0 {
				shape[i] = given[i]
			}
		}
	}
	if len(shape) > 0 && slices.Min(shape) < 1 || tensor.Elems(shape) != rows.Len() {
		return nil, fmt.Errorf("samples of shape %v do not fit input %q of shape %v", rows.Shape, p.Name, p.Shape)
	}
	return rows.Reshape(shape...), nil
}

// write puts the array aside and renames it.
func write(path string, t *tensor.Tensor) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ortrun-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(dataset.WriteNPY(f, t.Shape, t.F32), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
