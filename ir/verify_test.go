package ir_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// TestVerifyBuilt breaks modules in ways that no text can express; testdata/verify has the others.
func TestVerifyBuilt(t *testing.T) {
	for _, c := range []struct {
		what   string
		break_ func(m *ir.Module)
		code   diag.Code
		want   string
	}{
		{"a second function of one name", func(m *ir.Module) { m.Funcs = append(m.Funcs, m.Clone().Funcs[0]) }, "V021", "@main: function is declared twice"},
		{"a constant that is not listed", func(m *ir.Module) { m.Consts = nil }, "V022", "@c: constant is used, but the module does not list it"},
		{"a result that belongs to another node", func(m *ir.Module) { f := m.Main(); f.Nodes[0].Result().Def = f.Nodes[1] }, "V017", "defined elsewhere"},
		{"a node that stands twice", func(m *ir.Module) { f := m.Main(); f.Nodes = append(f.Nodes, f.Nodes[0]) }, "V017", "%a: value is defined twice"},
		{"a result of another function", func(m *ir.Module) { m.Main().Results = parseOther(m) }, "V018", "returned value is not defined in @main"},
		{"an attribute of a Go type that is no kind", func(m *ir.Module) { m.Main().Nodes[1].Attrs = ir.AttrsOf("max", 6.0) }, "V004", "must be of kind float"},
		{"data of another storage", func(m *ir.Module) { m.Consts[0].Data = tensor.FromI32([]int32{1, 2, 3, 4}, 4) }, "V012", "data is [4] of i32, type is tensor<4xf32>"},
		{"a map without scales", func(m *ir.Module) {
			m.Main().Params[0].Type = ir.Quantized(&ir.Quant{Axis: -1, Block: 1, Min: -128, Max: 127}, 1, 4)
		}, "V016", "0 scales and 0 offsets, want 1"},
		{"a block of size 0", func(m *ir.Module) {
			m.Main().Params[0].Type = ir.Quantized(&ir.Quant{Axis: 1, Scale: []float32{1}, Offset: []int32{0}, Min: -128, Max: 127}, 1, 4)
		}, "V016", "axis 1 with block 0"},
		{"too many results", func(m *ir.Module) {
			n := m.Main().Nodes[0]
			n.Results = append(n.Results, &ir.Value{Name: "more", Type: ir.Float(1), Def: n})
		}, "V020", "has 2 results, want 1"},
	} {
		m := parse(t, strings.ReplaceAll(chain, "nn.relu %a", "nn.clip %a"))
		c.break_(m)
		l := ir.Verify(m)
		found := false
		for _, d := range l.Sorted() {
			found = found || d.Code == c.code && strings.Contains(d.Error(), c.want)
		}
		if !found {
			t.Errorf("%s: want %s %q, got\n%v", c.what, c.code, c.want, l)
		}
	}
}

func parseOther(m *ir.Module) []*ir.Value { return m.Clone().Funcs[0].Results }

// TestVerifyFindsSeveral counts the errors of a module with several.
func TestVerifyFindsSeveral(t *testing.T) {
	m := parse(t, chain)
	m.Main().Nodes[0].Attrs = ir.AttrsOf("axis", 1)
	m.Main().Nodes[2].Attrs = ir.AttrsOf("axis", 1)
	m.Main().Nodes[1].Result().Type = ir.Float(1, 5)
	if l := ir.Verify(m); l.Len() != 3 { // the product, whose attribute is wrong, is not typed
		t.Errorf("%d errors: %v", l.Len(), l)
	}
}
