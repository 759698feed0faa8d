package passes_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestTransfer holds that every operator which moves, selects or clamps elements stays on codes between two
// convolutions: its consumer's demand reaches the first, and nothing between is float.
func TestTransfer(t *testing.T) {
	for name, between := range map[string]func(c *chain, x *ir.Value) *ir.Value{
		"relu": func(c *chain, x *ir.Value) *ir.Value { return c.node("nn.relu", nil, x) },
		"relu6": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.clip", ir.AttrsOf("min", float32(0), "max", float32(6)), x)
		},
		"max": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.max_pool2d", ir.AttrsOf("kernel", []int{2, 2}), x)
		},
		"average": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.avg_pool2d", ir.AttrsOf("kernel", []int{2, 2}), x)
		},
		"pad": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.pad", ir.AttrsOf("pad", []int{0, 0, 1, 1, 0, 0, 1, 1}, "value", float32(.3)), x)
		},
		"reshape": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 2, 16, 8}), x)
		},
		"transpose": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.transpose", ir.AttrsOf("perm", []int{0, 2, 1, 3}), x)
		},
		"concat": func(c *chain, x *ir.Value) *ir.Value {
			return c.node("nn.concat", ir.AttrsOf("axis", 1), x, c.conv(x, 3, 1, 1))
		},
		"all": func(c *chain, x *ir.Value) *ir.Value {
			x = c.node("nn.max_pool2d", ir.AttrsOf("kernel", []int{2, 2}), c.node("nn.relu", nil, x))
			x = c.node("nn.transpose", ir.AttrsOf("perm", []int{0, 2, 3, 1}), c.node("nn.pad", ir.AttrsOf("pad", []int{0, 0, 1, 0, 0, 0, 0, 0}), x))
			return c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 4, 8, 7}), x)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, x := newChain(7, ir.Free, 3, 8, 8)
			y := between(c, c.conv(x, 4, 3, 1))
			ctx, float := simplified(t, c.module(c.conv(y, 2, 1, 1)))
			fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), 1, 2)})
			if err != nil {
				t.Fatal(err)
			}
			m := integers(t, ctx, fitted)
			last := len(m.Main().Nodes) - 1
			for i, n := range m.Main().Nodes {
				switch {
				case i == 0 && n.Op.Name == "q.quantize", i == last && n.Op.Name == "q.conv2d", n.Op.Name == "q.rescale":
				case !n.Result().Type.IsQuant():
					t.Errorf("%s is float\n%s", n.Subject(), ir.Print(m))
				}
			}
		})
	}
}
