package parser_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// roundTrip holds the laws of the text for m: it reads back as m, and prints again as it was.
func roundTrip(t *testing.T, what string, m *ir.Module) {
	t.Helper()
	text, side, err := parser.Marshal(m)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	s, err := parser.ReadSafetensors(side)
	if err != nil {
		t.Fatalf("%s: side file: %v", what, err)
	}
	back, diags := parser.Parse("m.amir", text, parser.Side("m.safetensors", s))
	if diags.Len() > 0 {
		t.Fatalf("%s: %v", what, diags)
	}
	if d := irtest.Diff(m, back); d != "" {
		t.Fatalf("%s: not the same module after reading:\n%s", what, d)
	}
	text2, side2, err := parser.Marshal(back)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if string(text2) != string(text) {
		t.Fatalf("%s: prints differently after reading:\n%s", what, irtest.DiffLines(string(text), string(text2)))
	}
	if string(side2) != string(side) {
		t.Fatalf("%s: the side file differs after reading", what)
	}
}

func TestRoundTripRandom(t *testing.T) {
	for seed := range uint64(300) {
		roundTrip(t, "float", irtest.Random(seed))
	}
}

// TestRoundTripStages takes random networks through the pipeline and looks at every pass's outcome.
func TestRoundTripStages(t *testing.T) {
	integers := 0
	for seed := uint64(1000); seed < 1060; seed++ {
		float, fake, integer, err := passtest.Stages(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, "simplified", float)
		if integer == nil {
			continue
		}
		integers++
		roundTrip(t, "fake", fake)
		roundTrip(t, "target", integer)
	}
	if integers < 40 {
		t.Errorf("only %d networks reached the integer stage", integers)
	}
}

// TestRoundTripModels does so with the trained networks, and after each pass.
func TestRoundTripModels(t *testing.T) {
	files, err := filepath.Glob("../testdata/models/*.onnx")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, diags := onnx.Import(name, data, onnx.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		roundTrip(t, name, m)
		c := passes.NewContext(context.Background(), op.All())
		c.Target = passes.TargetFacts{Name: "ascend910b3"}
		g := passes.Manager{After: func(_ int, p passes.Pass, m *ir.Module) { roundTrip(t, name+" after "+p.Name, m) }}
		run := func(list []passes.Pass) {
			t.Helper()
			if _, err := g.Run(c, m, list); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		run(passes.Simplify)
		run(passes.Observe)
		in := irtest.RandomInputs(m.Main(), 1, 1)
		if err := passes.Calibrate(c, interp.Engine{}, m, passtest.Batches{in}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run(passes.Quantize)
	}
}

// awkward are names that the importer may meet.
var awkward = []string{
	"conv1/relu:0", "::", "a.b", ".a", "a..b", "", " ", "a b", `quo"te`, `back\slash`, "new\nline", "tab\t", "é", "卷积", "\u2028",
	"\xff\xfe", "%x", "@w", "!q.i8", "// not a comment", "return", "func", "tensor", "7", "1x2x", "-1", "inf", "true", "{", "file(", "\x00", "😀",
}

func TestRoundTripNames(t *testing.T) {
	for _, name := range awkward {
		f := &ir.Func{Name: name}
		m := &ir.Module{Funcs: []*ir.Func{f}}
		var diags diag.List
		b := ir.NewBuilder(op.All(), f, &diags)
		f.Params = []*ir.Value{{Name: name, Type: ir.Float(1, 2)}}
		c := m.AddConst(name, ir.Float(2), tensor.FromF32([]float32{1, 2}, 2))
		c.Const.Name, c.Name = name, name // AddConst has no empty names
		y := b.Node(ir.NodeSpec{Op: "nn.add", Name: name, From: []string{name, name + "2"}, Value: name + "'", Operands: []*ir.Value{f.Params[0], c}})
		z := b.Node(ir.NodeSpec{Op: "nn.relu", From: []string{name}, Value: name + "z", Operands: []*ir.Value{y}})
		f.Results = []*ir.Value{z}
		roundTrip(t, name, m)
	}
}

// TestRoundTripAttrs writes every kind of attribute with extreme values, through an operator that
// takes them all.
func TestRoundTripAttrs(t *testing.T) {
	def := &ir.OpDef{Name: "test.all", Operands: []ir.Operand{{Name: "x"}}, Stages: ir.Stages(ir.StageFloat), Results: 2,
		Infer: func(c *ir.InferCtx) { c.Return(c.In[0], ir.TensorType(tensor.I64)) }}
	kinds := map[string]any{
		"i": 1 << 53, "i2": -1 << 53, "is": []int{0, -1, 1 << 40}, "none": []int{}, "f": float32(6), "f2": float32(0x1p-149), "f3": float32(-0x1.fffffep127),
		"fs": []float32{1, 1e-7, 3.4e38, 16777216, -0.1}, "nofs": []float32{}, "b": true, "b2": false, "s": "", "s2": `a"b` + "\n\xff卷", "inf": posInf(), "ninf": -posInf(), "nan": posInf() - posInf(),
	}
	var attrs ir.Attrs
	for _, name := range []string{"i", "i2", "is", "none", "f", "f2", "f3", "fs", "nofs", "b", "b2", "s", "s2", "inf", "ninf", "nan"} {
		k, ok := ir.KindOf(kinds[name])
		if !ok {
			t.Fatal(name)
		}
		def.Attrs = append(def.Attrs, ir.AttrDef{Name: name, Kind: k})
		attrs = append(attrs, ir.Attr{Name: name, Value: kinds[name]})
	}
	f := &ir.Func{Name: "f"}
	x := &ir.Value{Name: "x", Type: ir.Float(ir.Free)}
	n := &ir.Node{Op: def, Operands: []*ir.Value{x}, Attrs: attrs}
	n.Results = []*ir.Value{{Name: "a", Type: x.Type, Def: n}, {Name: "b", Type: ir.TensorType(tensor.I64), Def: n}}
	f.Params, f.Nodes, f.Results = []*ir.Value{x}, []*ir.Node{n}, n.Results
	m := &ir.Module{Funcs: []*ir.Func{f, {Name: "g", Params: []*ir.Value{x}, Results: []*ir.Value{x}}}}
	text := ir.Print(m)
	back, diags := parser.Parse("m.amir", []byte(text), parser.Ops(ir.NewOpSet(def)))
	if diags.Len() > 0 {
		t.Fatalf("%v\n%s", diags, text)
	}
	if d := ir.Equal(m, back); d != "" {
		t.Errorf("%s\n%s", d, text)
	}
	if again := ir.Print(back); again != text {
		t.Error(irtest.DiffLines(text, again))
	}
}

func posInf() float32 { v := float32(3e38); return v * 10 }

// TestRoundTripTypes writes maps of every form, and constants of every storage.
func TestRoundTripTypes(t *testing.T) {
	text := `amir 1
!q0 = !q.i8<scale=1.1754944e-38, offset=-128>
!q1 = !q.i8<axis=1, scale=[0.5, 1e+10], offset=[0, 3], min=-127>
!q2 = !q.i8<axis=0, block=2, scale=[0.5, 0.25], min=-8, max=7>
!q3 = !q.i32<scale=3.4028235e+38, offset=2147483647>
!q4 = !q.i8<scale=0.1, max=100>

const @a : tensor<2x!q0> = [-128, 127]
const @b : tensor<2x2x!q1> = [-127, 0, 1, 127]
const @c : tensor<4x!q2> = [-8, 7, 0, 1]
const @d : tensor<1x!q3> = [-2147483648]
const @e : tensor<2xi64> = [-9223372036854775808, 9223372036854775807]
const @f : tensor<4xf32> = [-0, 1e-45, 3.4028235e+38, 16777217]
const @g : tensor<i32> = [-5]

func @main(%x: tensor<?x3x!q4>, %s: tensor<f32>) -> (tensor<?x3x!q4>, tensor<f32>) attributes {stage = int} {
  return %x, %s
}
`
	m, diags := parser.Parse("m.amir", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := text
	want = replace(t, want, "16777217", "1.6777216e+07")
	if got := ir.Print(m); got != want {
		t.Error(irtest.DiffLines(want, got))
	}
	roundTrip(t, "types", m)
}
