package ir_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
)

func TestAttrs(t *testing.T) {
	a := ir.AttrsOf("x", 1, "y", []int{2})
	b := a.With("x", 3).With("z", true)
	if v, ok := a.Get("x"); !ok || v != 1 {
		t.Errorf("With changes its receiver: %v", v)
	}
	if v, _ := b.Get("x"); v != 3 || len(b) != 3 {
		t.Errorf("With gives %v", b)
	}
	if _, ok := b.Without("x").Get("x"); ok || len(b.Without("none")) != 3 {
		t.Errorf("Without gives %v", b.Without("x"))
	}
	if _, ok := a.Get("z"); ok {
		t.Error("z is there")
	}
	c := a.Clone()
	c[0].Value = 9
	if v, _ := a.Get("x"); v != 1 {
		t.Error("Clone shares its list")
	}
}

func TestKindOf(t *testing.T) {
	for want, v := range map[ir.AttrKind]any{ir.AttrInt: 1, ir.AttrInts: []int{}, ir.AttrFloat: float32(1), ir.AttrFloats: []float32{}, ir.AttrBool: true, ir.AttrString: ""} {
		if k, ok := ir.KindOf(v); !ok || k != want {
			t.Errorf("%T is %v, %v, want %v", v, k, ok, want)
		}
	}
	for _, v := range []any{nil, 1.0, int64(1), []string{}} {
		if k, ok := ir.KindOf(v); ok {
			t.Errorf("%T is %v", v, k)
		}
	}
}

func TestNodeAttr(t *testing.T) {
	n := &ir.Node{Op: ops.Must("nn.conv2d"), Attrs: ir.AttrsOf("group", 4)}
	if n.Int("group") != 4 || n.Ints("stride")[1] != 1 {
		t.Errorf("group %d, stride %v", n.Int("group"), n.Ints("stride"))
	}
	pool := &ir.Node{Op: ops.Must("nn.max_pool2d")}
	if pool.Ints("kernel") != nil || pool.Float("kernel") != 0 || pool.Bool("kernel") || pool.Int("kernel") != 0 {
		t.Error("a required attribute that is not written has a value")
	}
	defer func() {
		if recover() == nil {
			t.Error("an attribute that the operator does not declare has a value")
		}
	}()
	n.Int("kernel")
}

func TestOpSet(t *testing.T) {
	names := ops.Names()
	if len(names) != len(ops.All()) || ops.Lookup("nn.conv2d") == nil || ops.Lookup("nn.conv3d") != nil {
		t.Error("Lookup")
	}
	for i, d := range ops.All() {
		if d.Name != names[i] || i > 0 && names[i-1] >= names[i] || ops.Must(d.Name) != d {
			t.Errorf("%s is out of order", d.Name)
		}
		if !d.Has(0) || d.Has(ir.Commutative) != (d.Traits&ir.Commutative != 0) {
			t.Errorf("%s: Has", d.Name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Must finds what is not there")
		}
	}()
	ops.Must("nn.conv3d")
}
