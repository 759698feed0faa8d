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
			ctx := passes.NewContext(context.Background(), op.All())
			ctx.Target, ctx.Validate = passes.TargetFacts{Name: "ascend910b3"}, &passes.Validation{}
			fitted, err := passes.Fit(ctx, interp.Engine{}, c.m, passtest.Batches(passes.Noise(c.m.Main())))
			if err != nil {
				t.Fatal(err)
			}
			m := fitted.Clone()
			var g passes.Manager
			if _, err := g.Run(ctx, m, slices.Concat(passes.Observe, passes.Quantize)); err != nil {
				t.Fatal(err)
			}
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
		ctx := passes.NewContext(context.Background(), op.All())
		ctx.Target = passes.TargetFacts{Name: "ascend910b3"}
		fitted, err := passes.Fit(ctx, interp.Engine{}, c.m, passtest.Batches(passes.Noise(c.m.Main())))
		if err != nil {
			t.Fatal(err)
		}
		m := fitted.Clone()
		var g passes.Manager
		if _, err := g.Run(ctx, m, slices.Concat(passes.Observe, passes.Quantize)); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(ops(m), "q.table"); got != k.table {
			t.Errorf("%s: %v", k.name, ops(m))
		}
		if told := slices.ContainsFunc(ctx.Remarks.Sorted(), func(d *diag.Diagnostic) bool { return d.Code == "Q002" }); told == k.table {
			t.Errorf("%s: told is %v", k.name, told)
		}
	}
}
