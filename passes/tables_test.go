package passes_test

import (
	"context"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestFunctionsWithConstantsAreTables holds that an operator on two numbers, one of which is a constant, or a constant for
// each channel, is a table, and that one with a constant for each pixel stays float with a remark.
func TestFunctionsWithConstantsAreTables(t *testing.T) {
	for _, name := range []string{"nn.div", "nn.max", "nn.min", "nn.prelu"} {
		for _, shape := range [][]int{{1, 1, 1}, {4, 1, 1}, {1, 6, 6}} {
			c, x := newChain(7, ir.Free, 3, 6, 6)
			k := tensor.New(tensor.F32, shape...)
			for i := range k.F32 {
				k.F32[i] = float32(2 + i)
			}
			y := c.node(name, nil, c.conv(x, 4, 3, 1), c.m.AddConst("k", ir.Float(shape...), k))
			c.b.Func.Results = []*ir.Value{c.conv(y, 2, 1, 1)}
			m, ctx := tabled(t, c.m)
			if got := slices.Contains(ops(m), "q.table") && !slices.Contains(ops(m), name); got != (shape[1] == 1) {
				t.Errorf("%s with a constant of %v: %v", name, shape, ops(m))
			}
			remarked := slices.ContainsFunc(ctx.Remarks.Sorted(), func(d *diag.Diagnostic) bool { return d.Code == "Q002" })
			if remarked != (shape[1] > 1) {
				t.Errorf("%s with a constant of %v: remarked is %v", name, shape, remarked)
			}
		}
	}
}

// tabled quantizes a network by its noise, with every pass validated, and gives it with what was remarked.
func tabled(t *testing.T, float *ir.Module) (*ir.Module, *passes.Context) {
	t.Helper()
	ctx := passes.NewContext(context.Background(), op.All())
	ctx.Target, ctx.Validate = passes.TargetFacts{Name: "ascend910b3"}, &passes.Validation{}
	fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches(passes.Noise(float.Main())))
	if err != nil {
		t.Fatal(err)
	}
	m := fitted.Clone()
	var g passes.Manager
	if _, err := g.Run(ctx, m, slices.Concat(passes.Observe, passes.Quantize)); err != nil {
		t.Fatal(err)
	}
	return m, ctx
}

// TestChannelFunctionsAreTables holds that a PRelu with a slope for each channel between two convolutions becomes one table
// with a row for each channel.
func TestChannelFunctionsAreTables(t *testing.T) {
	c, x := newChain(11, ir.Free, 3, 6, 6)
	slope := c.m.AddConst("slope", ir.Float(4, 1, 1), tensor.FromF32([]float32{.5, -.25, 0, .125}, 4, 1, 1))
	c.b.Func.Results = []*ir.Value{c.conv(c.node("nn.prelu", nil, c.conv(x, 4, 3, 1), slope), 2, 1, 1)}
	m, _ := tabled(t, c.m)
	if got, want := ops(m), []string{"q.quantize", "q.conv2d", "q.table", "q.conv2d"}; !slices.Equal(got, want) {
		t.Fatalf("quantized to %v, want %v", got, want)
	}
	n := m.Main().Nodes[2]
	table := n.Operands[1].Const.Data
	if !slices.Equal(table.Shape, []int{4, 256}) {
		t.Fatalf("the table is %v, want 4x256", table.Shape)
	}
	in, out := n.Operands[0].Type.Quant, n.Result().Type.Quant
	for ch, a := range []float32{.5, -.25, 0, .125} {
		for q := -128; q < 128; q++ {
			v := op.DequantizeCode(int32(q), in.Scale[0], in.Offset[0])
			if v < 0 {
				v *= a
			}
			want := op.QuantizeCode(v, op.Reciprocal(out.Scale[0]), out.Offset[0], out.Min, out.Max)
			if got := table.I8[256*ch+q+128]; got != int8(want) {
				t.Errorf("channel %d, code %d: %d, want %d", ch, q, got, want)
			}
		}
	}
}

func ops(m *ir.Module) (out []string) {
	for _, n := range m.Main().Nodes {
		out = append(out, n.Op.Name)
	}
	return out
}

// TestSteepAndGatedFunctionsStayFloat holds that a function without bounded slope, and one of a gated cell, is no table
// where a plain one in its place is, and that a remark says so.
func TestSteepAndGatedFunctionsStayFloat(t *testing.T) {
	for _, k := range []struct {
		name  string
		build func(c *chain, x *ir.Value) *ir.Value
		table bool
	}{
		{"sigmoid", func(c *chain, x *ir.Value) *ir.Value { return c.node("nn.sigmoid", nil, x) }, true},
		{"logarithm", func(c *chain, x *ir.Value) *ir.Value { return c.node("nn.log", nil, c.node("nn.abs", nil, x)) }, false},
		{"sum of products", func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.tanh", nil, c.node("nn.add", nil, c.node("nn.mul", nil, x, x), c.node("nn.mul", nil, x, x)))
		}, false},
	} {
		c, x := newChain(7, ir.Free, 3, 6, 6)
		c.b.Func.Results = []*ir.Value{c.conv(k.build(c, c.conv(x, 4, 3, 1)), 2, 1, 1)}
		m, ctx := tabled(t, c.m)
		if got := slices.Contains(ops(m), "q.table"); got != k.table {
			t.Errorf("%s: %v", k.name, ops(m))
		}
		if told := slices.ContainsFunc(ctx.Remarks.Sorted(), func(d *diag.Diagnostic) bool { return d.Code == "Q002" }); told == k.table {
			t.Errorf("%s: told is %v", k.name, told)
		}
	}
}
