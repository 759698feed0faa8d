package gogen_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// build makes a module of one function.
func build(t *testing.T, f func(b *ir.Builder, m *ir.Module) []*ir.Value) *plan.Plan {
	t.Helper()
	var l diag.List
	fn := &ir.Func{Name: "main"}
	m := &ir.Module{File: "awkward", Funcs: []*ir.Func{fn}}
	fn.Results = f(ir.NewBuilder(op.All(), fn, &l), m)
	if l.HasErrors() {
		t.Fatal(&l)
	}
	p, err := plan.Build(m, fn, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// awkwardNames are names that could break a Go file: of operators in real exports, of Go, of what the
// package itself declares, alike after cleaning, not ASCII, or comment-like.
var awkwardNames = []string{"/model/conv.0/Conv", "model::conv.0::Conv", "model_conv_0_Conv", "func", "range", "len", "s", "b", "l", "m", "rt", "Model", "run",
	"traced", "in", "out", "err", "New", "层", "1x1", "", "*/ x", "// x", "//go:embed x", "a\nb", "\"", "`", "%d %s", "PACKAGE", "RUNTIME", "BODY", "Model.Run"}

// TestAwkward emits networks with hostile names, unusual ports and extreme numbers.
func TestAwkward(t *testing.T) {
	f32 := func(m *ir.Module, name string, v ...float32) *ir.Value {
		return m.AddConst(name, ir.Float(len(v)), tensor.FromF32(v, len(v)))
	}
	inf, zero := float32(math.Inf(1)), float32(math.Copysign(0, -1))
	plans := map[string]*plan.Plan{
		"names": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			x := b.Param("in", ir.Float(ir.Free, 3))
			y := b.Param("Model", ir.Float(ir.Free, 3))
			one := b.Param("x/y", ir.Float(1, 3)) // not a batch
			var out []*ir.Value
			for i, name := range awkwardNames {
				v := b.Node(ir.NodeSpec{Op: "nn.add", Name: name, Value: "v", Operands: []*ir.Value{x, []*ir.Value{y, one, f32(m, name, 1, 2, float32(i))}[i%3]}})
				if name != "" {
					v.Name = name
				}
				out = append(out, v)
				x = v
			}
			return append(out, one)
		}),
		"floats": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			x := b.Param("x", ir.Float(ir.Free, 2))
			var out []*ir.Value
			for _, r := range [][2]float32{{-inf, inf}, {zero, 1}, {zero, 0}, {0, math.MaxFloat32}, {math.SmallestNonzeroFloat32, 3e-39}, {-1.1754942e-38, 0.1}, {1. / 3, 1e10}, {16777216, 16777218}} {
				out = append(out, b.Node(ir.NodeSpec{Op: "nn.clip", Name: "clip", Operands: []*ir.Value{x}, Attrs: ir.AttrsOf("min", r[0], "max", r[1])}))
			}
			return out
		}),
		"codes": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			q := ir.PerTensor(.25, 3)
			x := b.Param("x", ir.Quantized(q, 1, 2, 3, 4))
			pool := b.Node(ir.NodeSpec{Op: "nn.max_pool2d", Name: "pool", Operands: []*ir.Value{x}, Attrs: ir.AttrsOf("kernel", []int{2, 2})})
			flat := b.Node(ir.NodeSpec{Op: "nn.reshape", Name: "flat", Operands: []*ir.Value{pool}, Attrs: ir.AttrsOf("shape", []int{12})})
			return []*ir.Value{pool, flat, x}
		}),
		"quantized": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			e := ir.Quantized(ir.PerTensor(.25, 3), 1)
			x := b.Param("x", ir.Float(ir.Free, 2, 3, 4))
			z := b.Param("z", ir.Float(ir.Free, 4))
			q := b.Node(ir.NodeSpec{Op: "q.quantize", Name: "q", Operands: []*ir.Value{x}, Elem: &e})
			return []*ir.Value{b.Node(ir.NodeSpec{Op: "q.dequantize", Name: "d", Operands: []*ir.Value{q}}), b.Node(ir.NodeSpec{Op: "nn.relu", Name: "r", Operands: []*ir.Value{z}})}
		}),
		"identity": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			return []*ir.Value{b.Param("x", ir.Float(2, 3))}
		}),
		"constant": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			b.Param("x", ir.Float(ir.Free, 3))
			return []*ir.Value{b.Node(ir.NodeSpec{Op: "nn.relu", Name: "r", Operands: []*ir.Value{f32(m, "c", -1, 2)}})}
		}),
		"scalar": build(t, func(b *ir.Builder, m *ir.Module) []*ir.Value {
			x := b.Param("x", ir.Float())
			return []*ir.Value{b.Node(ir.NodeSpec{Op: "nn.mul", Name: "square", Operands: []*ir.Value{x, x}})}
		}),
	}
	dir := t.TempDir()
	for name, p := range plans {
		files, err := gogen.Generate(p, gogen.Options{Package: name, ImportPath: "awkward/" + name, Version: "1\n2", Source: "a\nb.onnx"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		write(t, filepath.Join(dir, name), files)
		if files, err = gogen.Generate(p, gogen.Options{Package: name, ImportPath: "awkward/program/" + name, Runtime: "awkward/" + name + "/internal/rt", Program: true}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		write(t, filepath.Join(dir, name, "program"), files)
	}
	writeText(t, dir, "go.mod", "module awkward\n\ngo 1.24\n")
	writeText(t, dir, "codes_test.go", codesTest)
	run(t, dir, nil, "go", "vet", "./...")
	run(t, dir, nil, "go", "test", "./...")
}

// codesTest holds RunQuantized against Run.
const codesTest = `package awkward

import (
	"errors"
	"slices"
	"testing"

	"awkward/quantized"
)

func TestCodes(t *testing.T) {
	m, err := quantized.New()
	if err != nil {
		t.Fatal(err)
	}
	var codes []int8
	var numbers []float32
	for i := range 2 * quantized.XLen {
		q := int8(i*37 - 128)
		codes = append(codes, q)
		numbers = append(numbers, float32(int(q)-quantized.XOffset)*quantized.XScale)
	}
	var out [2]quantized.Outputs
	for i := range out {
		out[i].D, out[i].R = make([]float32, 2*quantized.DLen), make([]float32, 2*quantized.RLen)
	}
	z := make([]float32, 2*quantized.ZLen)
	s := m.NewSession()
	if err := s.RunQuantized(&out[0], &quantized.QuantizedInputs{X: codes, Z: z}); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(&out[1], &quantized.Inputs{X: numbers, Z: z}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out[0].D, out[1].D) || !slices.Equal(out[0].D, numbers) {
		t.Errorf("codes give %v, numbers %v", out[0].D, out[1].D)
	}
	var shape *quantized.ErrShape
	if err := s.RunQuantized(&out[0], &quantized.QuantizedInputs{X: codes[1:], Z: z}); !errors.As(err, &shape) || shape.Port != "x" {
		t.Errorf("error %v", err)
	}
	if err := m.Run(nil, nil); !errors.As(err, &shape) {
		t.Errorf("error %v", err)
	}
	if n := testing.AllocsPerRun(5, func() { s.RunQuantized(&out[0], &quantized.QuantizedInputs{X: codes, Z: z}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
`
