package ir_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// body is the printed nodes of main.
func body(m *ir.Module) string {
	var out []string
	for line := range strings.Lines(ir.Print(m)) {
		if strings.HasPrefix(line, "  ") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return strings.Join(out, "\n")
}

func check(t *testing.T, m *ir.Module, want string) {
	t.Helper()
	if l := ir.Verify(m); l.HasErrors() {
		t.Errorf("not valid: %v", l)
	}
	if got := body(m); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(want))
	}
}

// TestPatchReplace replaces a node in the middle: the new one stands in its place, has its name and
// span, and the old one is gone.
func TestPatchReplace(t *testing.T) {
	m := parse(t, chain)
	relu := node(t, m, "relu")
	p := ir.NewPatch(ops, m, m.Main(), relu, "test")
	y := p.Node(ir.NodeSpec{Op: "nn.clip", Name: "clip", From: ir.MergeFrom(relu), Operands: relu.Operands, Attrs: ir.AttrsOf("min", float32(0))})
	p.Replace(relu.Result(), y)
	if got := body(m); !strings.Contains(got, "nn.relu") {
		t.Error("the patch is carried out before Apply")
	}
	p.Apply()
	check(t, m, `
%a = nn.add %x, @c : tensor<1x4xf32> loc("add")
%b = nn.clip %a {min = 0} : tensor<1x4xf32> loc("clip", "relu")
%y = nn.mul %b, @c : tensor<1x4xf32> loc("mul")
return %y`)
	if y.Def.Span != relu.Span {
		t.Errorf("the new node is at %v, not at %v", y.Def.Span, relu.Span)
	}
}

// TestPatchSweeps removes what fed only the replaced node, but not what something else uses.
func TestPatchSweeps(t *testing.T) {
	m := parse(t, chain)
	f := m.Main()
	mul := node(t, m, "mul")
	p := ir.NewPatch(ops, m, f, mul, "test")
	p.Replace(mul.Result(), f.Params[0])
	p.Apply()
	check(t, m, "return %x")

	m = parse(t, chain)
	f = m.Main()
	f.Results = append(f.Results, node(t, m, "add").Result())
	mul = node(t, m, "mul")
	p = ir.NewPatch(ops, m, f, mul, "test")
	p.Replace(mul.Result(), f.Params[0])
	p.Apply()
	check(t, m, `
%a = nn.add %x, @c : tensor<1x4xf32> loc("add")
return %x, %a`)
}

// TestPatchNames gives new nodes names that nothing else has.
func TestPatchNames(t *testing.T) {
	m := parse(t, chain)
	relu := node(t, m, "relu")
	p := ir.NewPatch(ops, m, m.Main(), relu, "test")
	one := p.Node(ir.NodeSpec{Op: "nn.relu", Name: "x", Operands: relu.Operands})
	two := p.Node(ir.NodeSpec{Op: "nn.relu", Name: "x", Operands: []*ir.Value{one}})
	c := p.Const("c", ir.NewConst("any", ir.Float(4), tensor.FromF32([]float32{0, 0, 0, 0}, 4)))
	three := p.Node(ir.NodeSpec{Op: "nn.add", Value: "a", Operands: []*ir.Value{two, c}})
	p.Replace(relu.Result(), three)
	p.Apply()
	check(t, m, `
%a = nn.add %x, @c : tensor<1x4xf32> loc("add")
%x_1 = nn.relu %a : tensor<1x4xf32> loc("x")
%x_2 = nn.relu %x_1 : tensor<1x4xf32> loc("x")
%b = nn.add %x_2, @c_1 : tensor<1x4xf32>
%y = nn.mul %b, @c : tensor<1x4xf32> loc("mul")
return %y`)
}

// TestPatchKeepsName leaves the name with the old value when something still uses it: here the new
// node itself.
func TestPatchKeepsName(t *testing.T) {
	m := parse(t, chain)
	f := m.Main()
	mul := node(t, m, "mul")
	p := ir.NewPatch(ops, m, f, nil, "append")
	p.Replace(mul.Result(), p.Node(ir.NodeSpec{Op: "nn.relu", Value: "z", Operands: []*ir.Value{mul.Result()}}))
	p.Apply()
	check(t, m, `
%a = nn.add %x, @c : tensor<1x4xf32> loc("add")
%b = nn.relu %a : tensor<1x4xf32> loc("relu")
%y = nn.mul %b, @c : tensor<1x4xf32> loc("mul")
%z = nn.relu %y : tensor<1x4xf32>
return %z`)
}

func TestPatchPanicsOnTypeErrors(t *testing.T) {
	m := parse(t, chain)
	p := ir.NewPatch(ops, m, m.Main(), nil, "a bad rewrite")
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "a bad rewrite") || !strings.Contains(r, "V050") {
			t.Errorf("panic %q does not name the rewrite and the reason", r)
		}
	}()
	p.Node(ir.NodeSpec{Op: "nn.softmax", Operands: m.Main().Params, Attrs: ir.AttrsOf("axis", 7)})
	t.Error("no panic")
}

func TestMergeFrom(t *testing.T) {
	a, b := &ir.Node{From: []string{"a", "x"}}, &ir.Node{From: []string{"b", "a"}}
	if got := ir.MergeFrom(a, b, a); !slices.Equal(got, []string{"a", "x", "b"}) {
		t.Errorf("got %v", got)
	}
}

func TestBuilder(t *testing.T) {
	m := parse(t, chain)
	f := m.Main()
	b := ir.NewBuilder(ops, f, new(diag.List))
	if v := b.Param("x", ir.Float(2)); v.Name != "x_1" {
		t.Errorf("the parameter is named %s", v.Name)
	}
	if v := b.Node(ir.NodeSpec{Op: "nn.relu", Name: "a/b:0", Operands: f.Params[:1]}); v.Name != "a_b_0" || !slices.Equal(v.Def.From, []string{"a/b:0"}) {
		t.Errorf("the value is named %s, from %v", v.Name, v.Def.From)
	}
	if v := b.Node(ir.NodeSpec{Op: "nn.softmax", Operands: f.Params[:1]}); v != nil || b.Diags.Len() != 1 {
		t.Errorf("an attribute is missing, but the node is %v, %v", v, b.Diags)
	}
	if v := b.Node(ir.NodeSpec{Op: "nn.relu", Operands: []*ir.Value{nil}}); v != nil || b.Diags.Len() != 1 {
		t.Errorf("a node on one that failed is %v, %v", v, b.Diags)
	}
}
