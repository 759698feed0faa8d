package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// gradPairing gives each wanted operand its gradient, summed over what was broadcast: of finds both by da and db, which
// get the operands, the result and its gradient.
func gradPairing(da, db func(c *ir.GradCtx, a, b, y, dy *ir.Value) *ir.Value) func(*ir.GradCtx) {
	return func(c *ir.GradCtx) {
		a, b, y := c.Node.Operands[0], c.Node.Operands[1], c.Node.Result()
		if c.Want[0] {
			c.In[0] = sumTo(c, da(c, a, b, y, c.Out[0]), a)
		}
		if c.Want[1] {
			c.In[1] = sumTo(c, db(c, a, b, y, c.Out[0]), b)
		}
	}
}

var gradDiv = gradPairing(
	func(c *ir.GradCtx, _, b, _, dy *ir.Value) *ir.Value { return c.Build("nn.div", nil, dy, b) },
	func(c *ir.GradCtx, _, b, y, dy *ir.Value) *ir.Value {
		return c.Build("nn.neg", nil, c.Build("nn.div", nil, c.Build("nn.mul", nil, dy, y), b))
	})

// gradPow: b*a^(b-1) and log(a)*a^b.
var gradPow = gradPairing(
	func(c *ir.GradCtx, a, b, _, dy *ir.Value) *ir.Value {
		p := c.Build("nn.pow", nil, a, c.Build("nn.sub", nil, b, gradConst(c, 1)))
		return c.Build("nn.mul", nil, dy, c.Build("nn.mul", nil, p, b))
	},
	func(c *ir.GradCtx, a, _, y, dy *ir.Value) *ir.Value {
		return c.Build("nn.mul", nil, dy, c.Build("nn.mul", nil, y, c.Build("nn.log", nil, a)))
	})

// gradChoice is the gradient of max and min: the operand that was taken has it, b of equal ones. first gives a
// difference that is positive where a was taken.
func gradChoice(first func(c *ir.GradCtx, a, b *ir.Value) *ir.Value) func(*ir.GradCtx) {
	return gradPairing(
		func(c *ir.GradCtx, a, b, _, dy *ir.Value) *ir.Value {
			return c.Build("t.relu_dx", nil, first(c, a, b), dy)
		},
		func(c *ir.GradCtx, a, b, _, dy *ir.Value) *ir.Value {
			return c.Build("t.clip_dx", ir.AttrsOf("min", float32(-math.MaxFloat32), "max", float32(0)), first(c, a, b), dy)
		})
}

// gradPRelu: dy, and where a < 0 float32(dy*b) for a, float32(dy*a) for b.
var gradPRelu = gradPairing(
	func(c *ir.GradCtx, a, b, _, dy *ir.Value) *ir.Value {
		left := c.Build("t.relu_dx", nil, c.Build("nn.neg", nil, a), c.Build("nn.mul", nil, dy, b))
		right := c.Build("t.clip_dx", ir.AttrsOf("min", float32(0), "max", float32(math.MaxFloat32)), a, dy)
		return c.Build("nn.add", nil, left, right)
	},
	func(c *ir.GradCtx, a, _, _, dy *ir.Value) *ir.Value {
		return c.Build("t.relu_dx", nil, c.Build("nn.neg", nil, a), c.Build("nn.mul", nil, dy, a))
	})
