// Package peers holds amctc against ONNX Runtime.
package peers

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/codegen/onnx"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	parser "github.com/amctc/amctc/parser/onnx"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/testdata/peers/ort"
)

func TestMain(m *testing.M) {
	if os.Getenv("ORT_LIB") == "" {
		lib, err := filepath.Abs("../data/ort/libonnxruntime.so")
		if _, bad := os.Stat(lib); err == nil && bad == nil {
			os.Setenv("ORT_LIB", lib)
		}
	}
	os.Exit(m.Run())
}

func open(t *testing.T, model []byte, opt ort.Options) *ort.Session {
	t.Helper()
	s, err := ort.Open(model, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func eval(t *testing.T, m *ir.Module, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := interp.Run(context.Background(), m.Main(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// distance is |a-b|^2 / |a|^2, with |a| at least 1e-12; of indices the part that differs.
func distance(a, b *tensor.Tensor) float64 {
	num, den := 0.0, 1e-12
	for k, v := range a.I64 {
		if den++; v != b.I64[k] {
			num++
		}
	}
	for k, v := range a.F32 {
		d := float64(v) - float64(b.F32[k])
		num += d * d
		den += float64(v) * float64(v)
	}
	return num / den
}

// worst is max|a-b| / max|a|.
func worst(a, b *tensor.Tensor) float64 {
	num, den := 0.0, 1e-12
	for k, v := range a.F32 {
		num = max(num, math.Abs(float64(v)-float64(b.F32[k])))
		den = max(den, math.Abs(float64(v)))
	}
	return num / den
}

// network is a trained model and some real inputs.
type network struct {
	name string
	data []byte
	in   *tensor.Tensor
}

func networks(t *testing.T) []network {
	t.Helper()
	files, err := filepath.Glob("../models/*.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	var out []network
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(f, ".onnx")
		shape, x, err := dataset.ReadNPY(base + ".in.npy")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, network{filepath.Base(base), data, tensor.FromF32(x, shape...)})
	}
	data, err := os.ReadFile("../data/cntk/mnist.onnx")
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v: run \"go run ./testdata/fetch\"", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.F32, 4, 1, 28, 28)
	for i := range out {
		if out[i].name == "lenet" { // the same digits, which this network wants as 0 to 255
			for k := range x.F32 {
				x.F32[k] = out[i].in.F32[k] * 255
			}
		}
	}
	return append(out, network{"cntk", data, x})
}

// TestImport: networks mean the same in amctc and in ONNX Runtime.
func TestImport(t *testing.T) {
	for _, n := range networks(t) {
		t.Run(n.name, func(t *testing.T) {
			m, diags := parser.Import(n.name, n.data, parser.Options{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			s := open(t, n.data, ort.Options{})
			for i := range 2 {
				in := []*tensor.Tensor{n.in.Rows(i, i+1)}
				want, err := s.Run(in)
				if err != nil {
					t.Fatal(err)
				}
				if d := worst(want[0], eval(t, m, in)[0]); d > 1e-4 {
					t.Errorf("sample %d differs by %.2g", i, d)
				}
			}
		})
	}
}

// inputs draws samples for a random graph: two where the batch is free.
func inputs(m *ir.Module, seed uint64) []*tensor.Tensor {
	n := 1
	if m.Main().IsFree() {
		n = 2
	}
	return irtest.RandomInputs(m.Main(), seed, n)
}

// TestFloatExport: random float graphs mean the same in ONNX Runtime.
func TestFloatExport(t *testing.T) {
	for seed := range uint64(60) {
		m := irtest.Random(seed)
		data, err := onnx.Export(m, onnx.Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s := open(t, data, ort.Options{NoPadFusion: true})
		in := inputs(m, seed)
		got, err := s.Run(in)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, want := range eval(t, m, in) {
			if d := distance(want, got[i]); d > 1e-8 {
				t.Errorf("seed %d: result %d differs by %.2g", seed, i, d)
			}
		}
	}
}

type batches [][]*tensor.Tensor

func (b batches) Samples() int { return len(b) }
func (b batches) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range b {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// quantize takes a float module to integers; false when there is nothing to quantize.
func quantize(t *testing.T, m *ir.Module, asymmetric bool, data batches) bool {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.Activation.Algorithm = passes.MinMax
	c.Settings.Default.Activation.Asymmetric = asymmetric
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	var g passes.Manager
	run := func(list []passes.Pass) {
		t.Helper()
		if _, err := g.Run(c, m, list); err != nil {
			t.Fatal(err)
		}
	}
	run(passes.Simplify)
	run(passes.Observe)
	if err := passes.Calibrate(c, interp.Engine{}, m, data); err != nil {
		return false
	}
	run(passes.Quantize)
	return true
}

// TestQuantizedExport: random integer graphs mean nearly the same in ONNX Runtime. It rounds
// after float sums or with multipliers of full precision, so that single codes differ.
func TestQuantizedExport(t *testing.T) {
	near, all := 0, 0
	for seed := range uint64(60) {
		m := irtest.Random(seed)
		if !quantize(t, m, seed%3 != 0, batches{irtest.RandomInputs(m.Main(), seed, 1)}) {
			continue
		}
		data, err := onnx.Export(m, onnx.Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s := open(t, data, ort.Options{NoPadFusion: true})
		in := inputs(m, seed)
		got, err := s.Run(in)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, want := range eval(t, m, in) {
			d := distance(want, got[i])
			all++
			if d < 1e-3 {
				near++
			}
			if d > .05 {
				t.Errorf("seed %d: result %d differs by %.2g of its energy", seed, i, d)
			}
		}
	}
	if near < all*95/100 {
		t.Errorf("only %d of %d results come near", near, all)
	}
}

// TestFusion: ONNX Runtime executes every quantized convolution and layer of a real network as
// an integer operator, and the outputs agree.
func TestFusion(t *testing.T) {
	for _, n := range networks(t) {
		t.Run(n.name, func(t *testing.T) {
			m, diags := parser.Import(n.name, n.data, parser.Options{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if !quantize(t, m, true, batches{{n.in.Rows(0, 1)}, {n.in.Rows(1, 2)}}) {
				t.Fatal("nothing to quantize")
			}
			data, err := onnx.Export(m, onnx.Options{Name: n.name})
			if err != nil {
				t.Fatal(err)
			}
			optimized := filepath.Join(t.TempDir(), "optimized.onnx")
			s := open(t, data, ort.Options{Optimized: optimized})
			in := []*tensor.Tensor{n.in.Rows(0, 1)}
			got, err := s.Run(in)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(eval(t, m, in)[0], got[0]); d > 2e-3 {
				t.Errorf("output differs by %.2g of its energy", d)
			}
			want := make(map[string]int)
			for _, node := range m.Main().Nodes {
				want[node.Op.Name]++
			}
			ops := operators(t, optimized)
			t.Log(ops)
			integer := ops["QLinearConv"] + ops["ConvInteger"]
			if integer != want["q.conv2d"] {
				t.Errorf("%d of %d convolutions run on integers: %v", integer, want["q.conv2d"], ops)
			}
			if got := ops["QGemm"] + ops["QLinearMatMul"]; got != want["q.dense"] {
				t.Errorf("%d of %d layers run on integers: %v", got, want["q.dense"], ops)
			}
			if ops["QLinearAdd"] != want["q.add"] {
				t.Errorf("%d of %d sums run on integers: %v", ops["QLinearAdd"], want["q.add"], ops)
			}
		})
	}
}

func operators(t *testing.T, path string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
	ops := make(map[string]int)
	for _, n := range m.Graph.Node {
		ops[n.OpType]++
	}
	return ops
}
