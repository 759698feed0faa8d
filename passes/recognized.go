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
	case "nn.softmax", "nn.log_softmax":
		return l.softmaxSteps(v, d, i)
	case "nn.normalize":
		if v.Def.Op.Name == "nn.mul" { // a reciprocal is rounded, and then the product
			return float64(math.Abs(l.value(l.new, w).t.Real(i)) * 0x1p-22)
		}
	case "nn.hard_sigmoid":
		return 0x1p-20
	case "nn.swish", "nn.hard_swish", "nn.gelu", "nn.gelu_tanh":
		return float64(math.Abs(l.value(l.new, d.Operands[0]).t.Real(i)) * 0x1p-20)
	}
	return 0
}

// softmaxSteps is steps of a softmax or its logarithm, with n elements along the axis. Where the maximum was taken away
// first, every step is the same. Otherwise the exponentials are those of other numbers: each is off by u times its distance
// from the maximum and by 2u for either exponential, which makes out at most 1/e + 4 of u in a probability; the sums are off
// by (log n + 4 + 2n) u; the quotients by 2u. That is less than (4n+16) u of a probability below 1. Its logarithm is off
// by as much, and by the roundings of x, y and their difference. Exponentials below the normal numbers, and a probability below
// them, are off by 2^-149. Where exponentials leave float32 before the pass, nothing is promised.
func (l *lockstep) softmaxSteps(v *ir.Value, d *ir.Node, i int) float64 {
	if v.Def == nil {
		return 0
	}
	before := l.value(l.old, v).t.Real(i)
	if before-before != 0 {
		return math.Inf(1)
	}
	x := d.Operands[0]
	n := float64(x.Type.Shape[d.Int("axis")])
	bound := float64((float64(4*n) + 16) * 0x1p-24)
	least := func(s *ir.Value) float64 { // of the sums
		t, low := l.value(l.old, s).t, math.Inf(1)
		for k := range t.Len() {
			low = min(low, t.Real(k))
		}
		return low
	}
	switch v.Def.Op.Name {
	case "nn.div":
		if l.cuts[v.Def.Operands[0].Def.Operands[0]] != x {
			return 0
		}
		return bound + float64(2*n*0x1p-149)/least(v.Def.Operands[1])
	case "nn.sub":
		if l.cuts[v.Def.Operands[0]] != x {
			return 0
		}
		bound += float64(2*n*0x1p-149) / least(v.Def.Operands[1].Def.Operands[0])
	default:
		bound += 0x1p-148 / math.Exp(before)
	}
	return bound + float64((math.Abs(l.value(l.new, x).t.Real(i))+math.Abs(before))*0x1p-21)
}
