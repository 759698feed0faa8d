package ir_test

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

func TestStages(t *testing.T) {
	for s := ir.StageFloat; s <= ir.StageTarget; s++ {
		if back, ok := ir.ParseStage(s.String()); !ok || back != s {
			t.Errorf("%s reads as %v", s, back)
		}
		if set := ir.Stages(s); !set.Has(s) || set.Has(s+1) {
			t.Errorf("the set of %s", s)
		}
	}
	if _, ok := ir.ParseStage("none"); ok {
		t.Error("none is a stage")
	}
}

func TestUses(t *testing.T) {
	m := parse(t, chain)
	f := m.Main()
	uses := f.Uses()
	mul, add := node(t, m, "mul"), node(t, m, "add")
	if got := uses[m.Consts[0].Value()]; !slices.Equal(got, []ir.Use{{Node: add, Index: 1}, {Node: mul, Index: 1}}) {
		t.Errorf("uses of the constant: %v", got)
	}
	if got := uses[mul.Result()]; !slices.Equal(got, []ir.Use{{Node: nil, Index: 0}}) {
		t.Errorf("uses of the result: %v", got)
	}
	if got := f.Values(); len(got) != 4 || got[0] != f.Params[0] || got[3] != mul.Result() {
		t.Errorf("values: %v", got)
	}
}

func TestConstants(t *testing.T) {
	m := parse(t, chain)
	data := tensor.FromF32([]float32{1}, 1)
	unused, again := m.AddConst("c", ir.Float(1), data), m.AddConst("c", ir.Float(1), data)
	if unused.Name != "c_1" || again.Name != "c_2" || !unused.IsConst() || m.AddConst("", ir.Float(1), data).Name != "v" {
		t.Errorf("names %s, %s", unused.Name, again.Name)
	}
	if unused.Const.Digest() != again.Const.Digest() || len(unused.Const.Digest()) != 64 || unused.Const.Digest() == m.Consts[0].Digest() {
		t.Error("digests")
	}
	m.DropUnusedConsts()
	if len(m.Consts) != 1 || m.Consts[0].Name != "c" {
		t.Errorf("%d constants are left", len(m.Consts))
	}
}

func TestMainFunction(t *testing.T) {
	a, main := &ir.Func{Name: "a"}, &ir.Func{Name: "main"}
	for _, c := range []struct {
		funcs []*ir.Func
		want  *ir.Func
	}{{nil, nil}, {[]*ir.Func{a}, a}, {[]*ir.Func{a, main}, main}, {[]*ir.Func{a, a}, nil}} {
		if got := (&ir.Module{Funcs: c.funcs}).Main(); got != c.want {
			t.Errorf("main of %d functions is %v", len(c.funcs), got)
		}
	}
}

func TestNames(t *testing.T) {
	m := parse(t, chain)
	if got := m.Main().FreshName("y"); got != "y_1" {
		t.Errorf("FreshName gives %s", got)
	}
	for name, want := range map[string]string{"": "v", "a.b_9": "a.b_9", ".a": "_a", "a/b:0": "a_b_0", "é": "__", "1x": "1x"} {
		if got := ir.Identifier(name); got != want {
			t.Errorf("Identifier(%q) = %q, want %q", name, got, want)
		}
	}
	if got := node(t, m, "add").Subject(); got != `nn.add "add"` {
		t.Errorf("subject %s", got)
	}
	if got := (&ir.Node{Op: ops.Must("nn.add")}).Subject(); got != "nn.add" {
		t.Errorf("subject %s", got)
	}
}
