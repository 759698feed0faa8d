package onnx

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio"
	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

const testdata = "../../testdata"

// readNpy reads a float32 array.
func readNpy(t *testing.T, path string) *tensor.Tensor {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := npyio.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	var data []float32
	if err := r.Read(&data); err != nil {
		t.Fatal(err)
	}
	return tensor.FromF32(data, r.Header.Descr.Shape...)
}

// readPB reads a serialized TensorProto of float32.
func readPB(t *testing.T, path string) *tensor.Tensor {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &pb.TensorProto{}
	if err := proto.Unmarshal(data, p); err != nil {
		t.Fatal(err)
	}
	l, bad := (&importer{}).decode(p)
	if bad != nil {
		t.Fatal(bad.text)
	}
	return tensor.FromF32(l.f, l.shape...)
}

// importFile imports a model that must have no problems.
func importFile(t *testing.T, path string, opt Options) *ir.Module {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return mustImport(t, filepath.Base(path), data, opt)
}

func mustImport(t *testing.T, name string, data []byte, opt Options) *ir.Module {
	t.Helper()
	m, diags := Import(name, data, opt)
	if diags.Len() > 0 {
		t.Fatalf("import:\n%s", diags.Render(nil))
	}
	if bad := ir.Verify(m); bad.Len() > 0 {
		t.Fatalf("verify:\n%s", bad.Render(nil))
	}
	return m
}

func run(t *testing.T, m *ir.Module, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := interp.Run(context.Background(), m.Main(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near demands max|a-b| <= tol * max|b|.
func near(t *testing.T, what string, got, want *tensor.Tensor, tol float64) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, want.Shape)
	}
	var diff, size float64
	for i, v := range want.F32 {
		d := math.Abs(float64(got.F32[i]) - float64(v))
		if math.IsNaN(d) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got.F32[i], v)
		}
		diff, size = max(diff, d), max(size, math.Abs(float64(v)))
	}
	if diff > tol*size {
		t.Fatalf("%s: differs by %g of %g", what, diff, size)
	}
}

// TestTrainedModels holds every trained network against the outputs its trainer recorded.
func TestTrainedModels(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata, "models", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".onnx")
		t.Run(filepath.Base(base), func(t *testing.T) {
			in, want := readNpy(t, base+".in.npy"), readNpy(t, base+".out.npy")
			m := importFile(t, file, Options{})
			const batch = 2 // the interpreter is slow
			out := run(t, m, in.Rows(0, batch))
			near(t, "output", out[0], want.Rows(0, batch), 1e-4)
		})
	}
}

// TestSequences holds the recurrent networks and those with attention against the outputs that their trainer
// recorded. Their batch is fixed, because they move it away from the front.
func TestSequences(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata, "models", "sequences", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".onnx")
		t.Run(filepath.Base(base), func(t *testing.T) {
			in, want := readNpy(t, base+".in.npy"), readNpy(t, base+".out.npy")
			m := importFile(t, file, Options{InputShapes: map[string][]int{"input": {1, 1, 28, 28}}})
			near(t, "output", run(t, m, in.Rows(1, 2))[0], want.Rows(1, 2), 1e-4)
		})
	}
}

// TestCNTK holds the model zoo's MNIST network against its published pairs.
func TestCNTK(t *testing.T) {
	dir := filepath.Join(testdata, "data", "cntk")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing: run \"go run ./testdata/fetch\"", dir)
	}
	m := importFile(t, filepath.Join(dir, "mnist.onnx"), Options{})
	for _, set := range []string{"test_data_set_0", "test_data_set_1", "test_data_set_2"} {
		in := readPB(t, filepath.Join(dir, set, "input_0.pb"))
		out := run(t, m, in)
		near(t, set, out[0], readPB(t, filepath.Join(dir, set, "output_0.pb")), 1e-4)
	}
}
