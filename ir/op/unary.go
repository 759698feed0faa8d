package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/f32"
)

// A function is an operator on one number: y = f(x), element by element, with up to two parameters. All are
// declared by one table, have one kernel and one host step.
type function struct {
	name    string // without "nn."; that of the function in runtime/f32
	summary string
	doc     string
	params  []float32 // defaults of alpha and beta
}

var functions = []function{
	{name: "abs", summary: "absolute value", doc: "y = |x|."},
	{name: "acos", summary: "arc cosine", doc: "y = acos(x)."},
	{name: "acosh", summary: "inverse hyperbolic cosine", doc: "y = acosh(x)."},
	{name: "asin", summary: "arc sine", doc: "y = asin(x)."},
	{name: "asinh", summary: "inverse hyperbolic sine", doc: "y = asinh(x)."},
	{name: "atan", summary: "arc tangent", doc: "y = atan(x)."},
	{name: "atanh", summary: "inverse hyperbolic tangent", doc: "y = atanh(x)."},
	{name: "ceil", summary: "least integer not below", doc: "y = ceil(x)."},
	{name: "celu", summary: "continuously differentiable exponential linear unit", doc: "y = x where x >= 0, else alpha*(e^(x/alpha)-1).", params: []float32{1}},
	{name: "cos", summary: "cosine", doc: "y = cos(x), x in radians."},
	{name: "cosh", summary: "hyperbolic cosine", doc: "y = cosh(x)."},
	{name: "elu", summary: "exponential linear unit", doc: "y = x where x >= 0, else alpha*(e^x-1).", params: []float32{1}},
	{name: "erf", summary: "error function", doc: "y = erf(x)."},
	{name: "exp", summary: "exponential", doc: "y = f32.Exp(x)."},
	{name: "floor", summary: "greatest integer not above", doc: "y = floor(x)."},
	{name: "gelu", summary: "Gaussian error linear unit", doc: "y = x/2*(1+erf(x/sqrt(2)))."},
	{name: "gelu_tanh", summary: "Gaussian error linear unit by the hyperbolic tangent", doc: "y = x/2*(1+tanh(sqrt(2/pi)*(x+0.044715*x^3)))."},
	{name: "hard_sigmoid", summary: "piecewise linear sigmoid", doc: "y = min(1, max(0, alpha*x+beta)).", params: []float32{0.2, 0.5}},
	{name: "hard_swish", summary: "product with a piecewise linear sigmoid", doc: "y = x*min(1, max(0, x/6+1/2))."},
	{name: "leaky_relu", summary: "relu that lets negative numbers through, scaled", doc: "y = x where x >= 0 or x is NaN, else float32(alpha*x).", params: []float32{0.01}},
	{name: "log", summary: "natural logarithm", doc: "y = log(x)."},
	{name: "mish", summary: "x*tanh(softplus(x))", doc: "y = x*tanh(log(1+e^x))."},
	{name: "neg", summary: "negative", doc: "y = -x."},
	{name: "reciprocal", summary: "reciprocal", doc: "y = float32(1/x)."},
	{name: "round", summary: "nearest integer, half to even", doc: "y = x rounded to an integer, half to even."},
	{name: "selu", summary: "scaled exponential linear unit", doc: "y = beta*x where x >= 0, else beta*alpha*(e^x-1).", params: []float32{1.67326319217681884765625, 1.05070102214813232421875}},
	{name: "shrink", summary: "zero near zero, and nearer to it elsewhere", doc: "y = x+beta where x < -alpha, x-beta where x > alpha, else 0; alpha is ONNX's lambd, beta its bias.", params: []float32{0.5, 0}},
	{name: "sigmoid", summary: "logistic function", doc: "y = 1/(1+e^-x)."},
	{name: "sign", summary: "sign", doc: "y = 1 where x > 0, -1 where x < 0, else x."},
	{name: "sin", summary: "sine", doc: "y = sin(x), x in radians."},
	{name: "sinh", summary: "hyperbolic sine", doc: "y = sinh(x)."},
	{name: "softplus", summary: "smooth relu", doc: "y = log(1+e^x)."},
	{name: "softsign", summary: "x/(1+|x|)", doc: "y = x/(1+|x|)."},
	{name: "sqrt", summary: "square root", doc: "y = sqrt(x)."},
	{name: "swish", summary: "product with the logistic function: SiLU", doc: "y = x/(1+e^(-alpha*x)).", params: []float32{1}},
	{name: "tan", summary: "tangent", doc: "y = tan(x), x in radians."},
	{name: "tanh", summary: "hyperbolic tangent", doc: "y = tanh(x)."},
	{name: "thresholded_relu", summary: "x above a threshold, else zero", doc: "y = x where x > alpha or x is NaN, else 0.", params: []float32{1}},
}

// Function is the function that an operator of the table applies, and its parameters; ok is false for other
// operators.
func Function(n *ir.Node) (name string, a, b float32, ok bool) {
	name = n.Op.Name[min(3, len(n.Op.Name)):]
	for _, f := range functions {
		if f.name != name || n.Op.Name != "nn."+name {
			continue
		}
		if len(f.params) > 0 {
			a = n.Float("alpha")
		}
		if len(f.params) > 1 {
			b = n.Float("beta")
		}
		return name, a, b, true
	}
	return "", 0, 0, false
}

// functionOf is the function that an operator of the table computes of one float32.
func functionOf(n *ir.Node) func(float32) float32 {
	name, a, b, _ := Function(n)
	f := f32.Unary(name)
	return func(x float32) float32 { return f(x, a, b) }
}

func functionOps() (out []*ir.OpDef) {
	for _, f := range functions {
		d := &ir.OpDef{
			Name: "nn." + f.name, Summary: f.summary,
			Doc:      f.doc + " runtime/f32 defines it: the exact value rounded, within 0.01 units in the last place, where no float32 step is written.",
			Operands: []ir.Operand{{Name: "x"}},
			Traits:   ir.Elementwise,
			Stages:   floatStages,
			Infer:    inferFunction,
			Eval:     evalFunction,
			Quant:    &ir.QuantRule{Twin: "q.table", Activations: []int{0}, Weights: -1, ChannelAxis: -1, Bias: -1, Function: func(n *ir.Node, _ int) func(float32) float32 { return functionOf(n) }},
		}
		if slopes[f.name] != nil {
			d.Grad = gradFunction
		}
		for i, v := range f.params {
			d.Attrs = append(d.Attrs, ir.AttrDef{Name: []string{"alpha", "beta"}[i], Kind: ir.AttrFloat, Default: v, Doc: "parameter, see the meaning"})
		}
		out = append(out, d)
	}
	return out
}

// onIntegers are the functions that integers have too.
var onIntegers = map[string]func(int64) int64{
	"neg": func(v int64) int64 { return -v },
	"abs": func(v int64) int64 { return max(v, -v) },
	"sign": func(v int64) int64 {
		if v > 0 {
			return 1
		}
		return v >> 63
	},
}

func inferFunction(c *ir.InferCtx) {
	name, a, b, _ := Function(c.Node)
	if !finite(a) || !finite(b) {
		c.Errorf("V052", "a parameter is not a finite number")
		return
	}
	t := c.In[0]
	switch {
	case t.IsFloat():
	case t.IsQuant():
		c.Errorf("V030", "operand 0 is %s, want float32 elements", t)
		return
	case t.DType.IsFloat() && f32.Wide(name) == nil, !t.DType.IsFloat() && onIntegers[name] == nil:
		c.Errorf("V030", "operand 0 is %s; the function is defined on float32 elements", t)
		return
	}
	c.Return(t)
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

func evalFunction(c *ir.EvalCtx) {
	x, out := c.In[0], c.Result(0)
	name, a, b, _ := Function(c.Node)
	switch {
	case x.F32 != nil:
		f := f32.Unary(name)
		for i, v := range x.F32 {
			out.F32[i] = f(v, a, b)
		}
	case x.F64 != nil:
		f := f32.Wide(name)
		for i, v := range x.F64 {
			out.SetReal(i, f(v))
		}
	default:
		f := onIntegers[name]
		for i := range x.Len() {
			out.SetInt(i, f(x.Int(i)))
		}
	}
}
