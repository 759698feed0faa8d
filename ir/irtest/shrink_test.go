package irtest_test

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes/passtest"
)

// strided says whether a module pools with stride 2 in some direction.
func strided(m *ir.Module) bool {
	for _, n := range m.Main().Nodes {
		if n.Op.Name == "nn.max_pool2d" && slices.Contains(n.Ints("stride"), 2) {
			return true
		}
	}
	return false
}

// onCodes says whether such a pool works on codes.
func onCodes(m *ir.Module) bool {
	for _, n := range m.Main().Nodes {
		if n.Op.Name == "nn.max_pool2d" && slices.Contains(n.Ints("stride"), 2) && n.Result().Type.IsQuant() {
			return true
		}
	}
	return false
}

// shrink checks what Shrink promises of every module.
func shrink(t *testing.T, m *ir.Module, fails func(*ir.Module) bool) *ir.Module {
	t.Helper()
	before := ir.Print(m)
	calls := 0
	small := irtest.Shrink(m, func(c *ir.Module) bool {
		calls++
		if l := ir.Verify(c); l.HasErrors() {
			t.Fatalf("Shrink asks about a module that is not valid: %v\n%s", l, ir.Print(c))
		}
		return fails(c)
	})
	if ir.Print(m) != before {
		t.Fatal("Shrink changes its argument")
	}
	if !fails(small) {
		t.Fatalf("the result does not fail\n%s", ir.Print(small))
	}
	text, side, err := parser.Marshal(small)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := parser.ReadSafetensors(side); err != nil {
		t.Fatal(err)
	} else if back, diags := parser.Parse("small.amir", text, parser.Side("small.safetensors", s)); diags.HasErrors() {
		t.Fatalf("the text of the result: %v\n%s", diags, text)
	} else if d := irtest.Diff(small, back); d != "" {
		t.Fatal(d)
	}
	if n := len(m.Main().Nodes); calls > 20*n {
		t.Errorf("%d questions for %d nodes", calls, n)
	}
	return small
}

func TestShrink(t *testing.T) {
	large := 0
	for seed := uint64(0); large < 12; seed++ {
		m := irtest.Random(seed)
		if len(m.Main().Nodes) < 20 || !strided(m) {
			continue
		}
		large++
		small := shrink(t, m, strided)
		if f := small.Main(); len(f.Nodes) != 1 || len(f.Params) != 1 || len(f.Results) != 1 {
			t.Errorf("seed %d: %d nodes are left\n%s", seed, len(f.Nodes), ir.Print(small))
		}
	}
}

func TestShrinkIntegers(t *testing.T) {
	large := 0
	for seed := uint64(0); large < 3; seed++ {
		if m := irtest.Random(seed); len(m.Main().Nodes) < 15 || !strided(m) {
			continue
		}
		_, m, err := passtest.Quantized(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		if m == nil || len(m.Main().Nodes) < 20 || !onCodes(m) {
			continue
		}
		large++
		small := shrink(t, m, onCodes)
		if f := small.Main(); len(f.Nodes) > 3 || small.Target != m.Target {
			t.Errorf("seed %d: %d nodes are left\n%s", seed, len(f.Nodes), ir.Print(small))
		}
	}
}

// TestShrinkKeepsPairs uses a predicate that needs two nodes, one feeding the other over a distance.
func TestShrinkKeepsPairs(t *testing.T) {
	reaches := func(m *ir.Module) bool {
		from := make(map[*ir.Value]bool)
		for _, n := range m.Main().Nodes {
			if n.Op.Name == "nn.conv2d" || slices.ContainsFunc(n.Operands, func(v *ir.Value) bool { return from[v] }) {
				from[n.Result()] = true
				if n.Op.Name == "nn.softmax" {
					return true
				}
			}
		}
		return false
	}
	found := 0
	for seed := uint64(0); found < 6; seed++ {
		m := irtest.Random(seed)
		if !reaches(m) {
			continue
		}
		found++
		small := shrink(t, m, reaches)
		if n := len(small.Main().Nodes); n > 8 {
			t.Errorf("seed %d: %d nodes are left of %d\n%s", seed, n, len(m.Main().Nodes), ir.Print(small))
		}
	}
}

func TestShrinkLeavesTheSmallest(t *testing.T) {
	m, diags := parser.Parse("m.amir", []byte(`amir 1

func @main(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>) attributes {stage = float} {
  %y = nn.relu %x : tensor<1x4xf32>
  return %y
}
`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if d := irtest.Diff(m, irtest.Shrink(m, func(*ir.Module) bool { return true })); d != "" {
		t.Error(d)
	}
}

// TestShrinkDropsFunctions keeps the function main alone.
func TestShrinkDropsFunctions(t *testing.T) {
	m := irtest.Random(1)
	other := irtest.Random(2).Funcs[0]
	other.Name = "other"
	for _, c := range (&ir.Module{Funcs: []*ir.Func{other}}).UsedConsts() {
		c.Name = "other_" + c.Name
		c.Value().Name = c.Name
		m.Consts = append(m.Consts, c)
	}
	m.Funcs = append(m.Funcs, other)
	small := shrink(t, m, func(m *ir.Module) bool { return m.Main() != nil })
	if len(small.Funcs) != 1 || small.Funcs[0].Name != "main" || len(small.Funcs[0].Nodes) != 1 {
		t.Errorf("left\n%s", ir.Print(small))
	}
}
