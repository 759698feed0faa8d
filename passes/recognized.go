package passes

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// steps bounds what the roundings of the steps of a function make out in element i of its result, v before and w
// after, where w is a function that v was not.
//
// With u = 2^-24: each of these functions is x times a weight in [0, 1], or such a weight. The weight's argument, a
// constant times x or a sum of two such terms, is off by at most 5u of itself, a constant by 4u (see is), and the weight's slope
// times its argument is at most one quarter where the argument is not exact: 3u. A constant factor adds 4u, the sum with 1 that gives
// twice a weight 1u, up to three products 3u, the rounding of the operator itself 4u. That is 15u of |x|; 16u are allowed.
func (l *lockstep) steps(v, w *ir.Value, i int) float64 {
	d := w.Def
	if d == nil || v.Def != nil && v.Def.Op == d.Op {
		return 0
	}
	switch d.Op.Name {
	case "nn.hard_sigmoid":
		return 0x1p-20
	case "nn.swish", "nn.hard_swish", "nn.gelu", "nn.gelu_tanh":
		return float64(math.Abs(l.value(l.new, d.Operands[0]).t.Real(i)) * 0x1p-20)
	}
	return 0
}
