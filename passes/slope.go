package passes

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// slopes bound the absolute slope of functions that have one everywhere.
var slopes = map[string]float64{
	"abs": 1, "asinh": 1, "atan": 1, "cos": 1, "erf": 1.1284, "gelu": 1.1290, "gelu_tanh": 1.1292, "hard_swish": 1.5, "mish": 1.0899, "neg": 1,
	"sigmoid": .25, "sin": 1, "softplus": 1, "softsign": 1, "swish": 1.0999, "tanh": 1,
}

// slope is how many times a difference of operands the results of a function can differ.
func slope(n *ir.Node) (float64, bool) {
	name, a, b, ok := op.Function(n)
	if !ok {
		return 0, false
	}
	alpha, beta := math.Abs(float64(a)), math.Abs(float64(b))
	switch name {
	case "elu", "leaky_relu":
		return max(1, alpha), true
	case "celu":
		return 1, a > 0
	case "selu":
		return float64(beta * max(1, alpha)), true
	case "hard_sigmoid":
		return alpha, true
	}
	s, ok := slopes[name]
	return s, ok
}

// function bounds the roundings of a function's result by its slope; the roundings of f32 itself are at most four.
func (x number) function(n *ir.Node, y *tensor.Tensor) (number, bool) {
	s, ok := slope(n)
	if !ok {
		return number{}, false
	}
	out := tensor.New(tensor.F32, y.Shape...)
	m := absolute(x)
	for i, v := range y.F32 {
		out.F32[i] = float32(float32(float32(s)*m.F32[i]) + float32(math.Abs(float64(v))))
	}
	return number{t: y, magnitude: out, rounds: x.rounds + 4}, true
}
