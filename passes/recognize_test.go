package passes_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// number is a constant of one element.
func (c *chain) number(v float32) *ir.Value {
	return c.m.AddConst("k", ir.Float(), tensor.FromF32([]float32{v}))
}

// spellings build functions out of several operators.
var spellings = []struct {
	op    string
	spell func(c *chain, x *ir.Value) *ir.Value
}{
	{"nn.swish", func(c *chain, x *ir.Value) *ir.Value { return c.node("nn.mul", nil, x, c.node("nn.sigmoid", nil, x)) }},
	{"nn.hard_sigmoid", func(c *chain, x *ir.Value) *ir.Value { return c.node("nn.div", nil, c.ramp(x), c.number(6)) }},
	{"nn.hard_swish", func(c *chain, x *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, c.node("nn.div", nil, c.ramp(x), c.number(6)), x)
	}},
	{"nn.hard_swish", func(c *chain, x *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, c.node("nn.mul", nil, c.ramp(x), x), c.number(1./6))
	}},
	{"nn.gelu", func(c *chain, x *ir.Value) *ir.Value {
		erf := c.node("nn.erf", nil, c.node("nn.div", nil, x, c.number(math.Sqrt2)))
		return c.node("nn.mul", nil, c.node("nn.mul", nil, x, c.node("nn.add", nil, erf, c.number(1))), c.number(.5))
	}},
}

func (c *chain) ramp(x *ir.Value) *ir.Value {
	return c.node("nn.clip", ir.AttrsOf("min", float32(0), "max", float32(6)), c.node("nn.add", nil, x, c.number(3)))
}

// TestRecognizedFunctionsAreTables holds that a function spelled out between two convolutions is recognized within
// bounds that are known, and becomes one table: nothing between the convolutions stays float.
func TestRecognizedFunctionsAreTables(t *testing.T) {
	for i, s := range spellings {
		c, x := newChain(uint64(i), ir.Free, 3, 6, 6)
		y := s.spell(c, c.conv(x, 4, 3, 1))
		c.b.Func.Results = []*ir.Value{c.conv(y, 2, 1, 1)}
		ctx := passes.NewContext(context.Background(), op.All())
		ctx.Target, ctx.Validate = passes.TargetFacts{Name: "ascend910b3"}, &passes.Validation{}
		var g passes.Manager
		if _, err := g.Run(ctx, c.m, passes.Simplify); err != nil {
			t.Fatal(err)
		}
		if n := ctx.Validate.Unbounded; n > 0 {
			t.Errorf("%s: %d values without a bound", s.op, n)
		}
		if got, want := ops(c.m), []string{"nn.conv2d", s.op, "nn.conv2d"}; !slices.Equal(got, want) {
			t.Errorf("simplified to %v, want %v", got, want)
			continue
		}
		fitted, err := passes.Fit(ctx, interp.Engine{}, c.m, passtest.Batches(passes.Noise(c.m.Main())))
		if err != nil {
			t.Fatal(err)
		}
		m := fitted.Clone()
		if _, err := g.Run(ctx, m, slices.Concat(passes.Observe, passes.Quantize)); err != nil {
			t.Fatal(err)
		}
		if got, want := ops(m), []string{"q.quantize", "q.conv2d", "q.table", "q.conv2d"}; !slices.Equal(got, want) {
			t.Errorf("%s: quantized to %v, want %v", s.op, got, want)
		}
	}
}

// rootSpellings are ways to write x over its root mean square.
var rootSpellings = []func(c *chain, x, v *ir.Value) *ir.Value{
	func(c *chain, x, v *ir.Value) *ir.Value { return c.node("nn.div", nil, x, c.node("nn.sqrt", nil, v)) },
	func(c *chain, x, v *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, x, c.node("nn.reciprocal", nil, c.node("nn.sqrt", nil, v)))
	},
	func(c *chain, x, v *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, c.node("nn.div", nil, c.number(1), c.node("nn.sqrt", nil, v)), x)
	},
	func(c *chain, x, v *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, x, c.node("nn.pow", nil, v, c.number(-.5)))
	},
	func(c *chain, x, v *ir.Value) *ir.Value {
		return c.node("nn.mul", nil, x, c.node("nn.reciprocal", nil, c.node("nn.pow", nil, v, c.number(.5))))
	},
}

// TestRootMeanSquare holds that a normalization by the root mean square becomes one operator within bounds that are
// known, however it is spelled; and that squares of another tensor, or a mean over other axes, are none.
func TestRootMeanSquare(t *testing.T) {
	simplified := func(spell func(c *chain, x *ir.Value) *ir.Value) ([]string, *ir.Module) {
		c, x := newChain(3, ir.Free, 5, 12)
		c.b.Func.Results = []*ir.Value{spell(c, x)}
		ctx := passes.NewContext(context.Background(), op.All())
		ctx.Validate = &passes.Validation{}
		var g passes.Manager
		if _, err := g.Run(ctx, c.m, passes.Simplify); err != nil {
			t.Fatal(err)
		}
		if ctx.Validate.Unbounded > 0 {
			t.Errorf("%d values without a bound", ctx.Validate.Unbounded)
		}
		return ops(c.m), c.m
	}
	squared := func(c *chain, a, b *ir.Value, axis int) *ir.Value {
		return c.node("nn.add", nil, c.node("nn.reduce_mean", ir.AttrsOf("axes", []int{axis}), c.node("nn.mul", nil, a, b)), c.number(1e-6))
	}
	for i, root := range rootSpellings {
		for _, power := range []bool{false, true} {
			got, m := simplified(func(c *chain, x *ir.Value) *ir.Value {
				v := squared(c, x, x, 2)
				if power {
					v = c.node("nn.add", nil, c.number(1e-6), c.node("nn.reduce_mean", ir.AttrsOf("axes", []int{2}), c.node("nn.pow", nil, x, c.number(2))))
				}
				return root(c, x, v)
			})
			if want := []string{"nn.normalize"}; !slices.Equal(got, want) {
				t.Errorf("spelling %d became %v, want %v", i, got, want)
				continue
			}
			if n := m.Main().Nodes[0]; n.Bool("centred") || n.Float("eps") != 1e-6 || n.Int("axis") != 2 {
				t.Errorf("spelling %d became %v", i, n.Attrs)
			}
		}
		got, _ := simplified(func(c *chain, x *ir.Value) *ir.Value { return root(c, x, squared(c, x, x, 1)) })
		other, _ := simplified(func(c *chain, x *ir.Value) *ir.Value {
			return root(c, x, squared(c, x, c.node("nn.relu", nil, x), 2))
		})
		if slices.Contains(got, "nn.normalize") || slices.Contains(other, "nn.normalize") {
			t.Errorf("spelling %d is taken for a normalization: %v, %v", i, got, other)
		}
	}
}

// TestGroupNormalization holds that a group normalization as exporters write it, with an instance normalization that has
// factors of one and zero between two reshapes, keeps the normalization and the scale of each channel alone.
func TestGroupNormalization(t *testing.T) {
	c, x := newChain(7, ir.Free, 4, 6, 6)
	all := func(v float32, shape ...int) *ir.Value {
		data := tensor.New(tensor.F32, shape...)
		for i := range data.F32 {
			data.F32[i] = v
		}
		return c.m.AddConst("all", ir.Float(shape...), data)
	}
	v := c.node("nn.reshape", ir.AttrsOf("shape", []int{ir.Free, 2, 72}), x)
	mean := c.node("nn.reduce_mean", ir.AttrsOf("axes", []int{2}), v)
	d := c.node("nn.sub", nil, v, mean)
	variance := c.node("nn.reduce_mean", ir.AttrsOf("axes", []int{2}), c.node("nn.mul", nil, d, d))
	v = c.node("nn.div", nil, d, c.node("nn.sqrt", nil, c.node("nn.add", nil, variance, c.number(1e-5))))
	v = c.node("nn.add", nil, c.node("nn.mul", nil, v, all(1, 1, 2, 1)), all(0, 1, 2, 1))
	v = c.node("nn.reshape", ir.AttrsOf("shape", []int{ir.Free, 4, 6, 6}), v)
	v = c.node("nn.add", nil, c.node("nn.mul", nil, v, all(1.5, 1, 4, 1, 1)), all(.25, 4, 1, 1))
	c.b.Func.Results = []*ir.Value{v}
	ctx := passes.NewContext(context.Background(), op.All())
	ctx.Validate = &passes.Validation{}
	var g passes.Manager
	if _, err := g.Run(ctx, c.m, passes.Simplify); err != nil {
		t.Fatal(err)
	}
	if got, want := ops(c.m), []string{"nn.reshape", "nn.normalize", "nn.reshape", "nn.mul", "nn.add"}; !slices.Equal(got, want) {
		t.Errorf("simplified to %v, want %v", got, want)
	}
	if ctx.Validate.Unbounded > 0 {
		t.Errorf("%d values without a bound", ctx.Validate.Unbounded)
	}
}
