package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/f32"
)

// A pairing is an operator on two numbers: y = f(a, b), element by element, shapes broadcast as in numpy.
// All are declared by one table. Those whose name runtime/f32 knows have a kernel for float32; the others,
// and all on other element types, are evaluated, not compiled.
type pairing struct {
	name    string // without "nn."
	summary string
	doc     string
	real    func(a, b float64) float64
	whole   func(d tensor.DType, a, b int64) int64
	truth   bool // only on booleans
	twin    string
	grad    func(*ir.GradCtx)
}

var pairings = []pairing{
	{name: "sub", summary: "difference of two tensors", doc: "y = float32(a-b).", grad: gradSub, twin: "q.sub",
		real: func(a, b float64) float64 { return a - b }, whole: func(_ tensor.DType, a, b int64) int64 { return a - b }},
	{name: "div", summary: "quotient of two tensors", doc: "y = float32(a/b); of integers the quotient towards zero, 0 by zero.", grad: gradDiv,
		real: func(a, b float64) float64 { return a / b }, whole: quotient},
	{name: "max", summary: "the greater of two numbers", doc: "y = a where a > b or a is NaN, else b.", grad: gradChoice(func(c *ir.GradCtx, a, b *ir.Value) *ir.Value { return c.Build("nn.sub", nil, a, b) }),
		real: func(a, b float64) float64 { return picked(a, b, a > b) }, whole: func(d tensor.DType, a, b int64) int64 { return chosen(less(d, b, a), a, b) }},
	{name: "min", summary: "the smaller of two numbers", doc: "y = a where a < b or a is NaN, else b.", grad: gradChoice(func(c *ir.GradCtx, a, b *ir.Value) *ir.Value { return c.Build("nn.sub", nil, b, a) }),
		real: func(a, b float64) float64 { return picked(a, b, a < b) }, whole: func(d tensor.DType, a, b int64) int64 { return chosen(less(d, a, b), a, b) }},
	{name: "pow", summary: "power", doc: "y = a^b with the special cases of IEEE 754.", grad: gradPow,
		real: f32.Pow, whole: func(_ tensor.DType, a, b int64) int64 { return power(a, b) }},
	{name: "fmod", summary: "remainder with the sign of the dividend", doc: "y = a - b*trunc(a/b), exactly; of integers 0 by zero.",
		real: math.Mod, whole: remainder},
	{name: "prelu", summary: "relu that lets negative numbers through, scaled by a tensor", doc: "y = float32(a*b) where a < 0, else a.", grad: gradPRelu,
		real: func(a, b float64) float64 {
			if a < 0 {
				return float64(a * b)
			}
			return a
		}},
	{name: "mod", summary: "remainder with the sign of the divisor", doc: "y = a - b*floor(a/b) of integers; 0 by zero.",
		whole: func(d tensor.DType, a, b int64) int64 {
			r := remainder(d, a, b)
			if r != 0 && d != tensor.U64 && (r < 0) != (b < 0) {
				r += b
			}
			return r
		}},
	{name: "shift_left", summary: "bits moved to the left", doc: "y = a * 2^b modulo the type's range.",
		whole: func(_ tensor.DType, a, b int64) int64 { return int64(uint64(a) << min(uint64(b), 64)) }},
	{name: "shift_right", summary: "bits moved to the right", doc: "y = floor(a / 2^b) of unsigned integers.",
		whole: func(_ tensor.DType, a, b int64) int64 { return int64(uint64(a) >> min(uint64(b), 64)) }},
	{name: "and", summary: "both", doc: "y = a and b.", truth: true, whole: func(_ tensor.DType, a, b int64) int64 { return a & b }},
	{name: "or", summary: "one or both", doc: "y = a or b.", truth: true, whole: func(_ tensor.DType, a, b int64) int64 { return a | b }},
	{name: "xor", summary: "one of both", doc: "y = a differs from b.", truth: true, whole: func(_ tensor.DType, a, b int64) int64 { return a ^ b }},
}

// comparisons give booleans.
var comparisons = []struct {
	name, summary string
	of            func(less, equal bool) bool
}{
	{"equal", "whether two numbers are equal", func(_, e bool) bool { return e }},
	{"less", "whether a is below b", func(l, _ bool) bool { return l }},
	{"less_or_equal", "whether a is not above b", func(l, e bool) bool { return l || e }},
}

func pairingOps() (out []*ir.OpDef) {
	for _, p := range pairings {
		d := &ir.OpDef{
			Name: "nn." + p.name, Summary: p.summary, Doc: p.doc + " Shapes broadcast as in numpy.",
			Operands: []ir.Operand{{Name: "a"}, {Name: "b"}},
			Traits:   ir.Elementwise,
			Stages:   evaluatedStages,
			Grad:     p.grad,
			Infer:    func(c *ir.InferCtx) { p.infer(c) },
			Eval:     func(c *ir.EvalCtx) { p.eval(c) },
		}
		if f32.Binary(p.name) != nil {
			d.Stages = floatStages
			d.Quant = &ir.QuantRule{Twin: "q.table", Activations: []int{0}, Weights: -1, ChannelAxis: -1, Bias: -1, Function: withConstant, Channels: constantChannels, Applies: hasConstant}
		}
		if p.twin != "" {
			d.Quant = &ir.QuantRule{Twin: p.twin, Activations: []int{0, 1}, Weights: -1, ChannelAxis: -1, Bias: -1}
		}
		out = append(out, d)
	}
	for _, q := range comparisons {
		out = append(out, &ir.OpDef{
			Name: "nn." + q.name, Summary: q.summary,
			Doc:      "Of any number type; nothing but \"differs\" holds for NaN. The result is boolean. Shapes broadcast as in numpy.",
			Operands: []ir.Operand{{Name: "a"}, {Name: "b"}},
			Traits:   ir.Elementwise,
			Stages:   evaluatedStages,
			Infer: func(c *ir.InferCtx) {
				if !sameNumbers(c) {
					return
				}
				if shape, ok := binaryShape(c); ok {
					c.Return(ir.TensorType(tensor.Bool, shape...))
				}
			},
			Eval: func(c *ir.EvalCtx) {
				a, b, out := c.In[0], c.In[1], c.Result(0)
				eachPair(c, func(i, p, q2 int) {
					var l, e bool
					if a.DType.IsFloat() {
						x, y := a.Real(p), b.Real(q2)
						l, e = x < y, x == y
					} else {
						x, y := a.Int(p), b.Int(q2)
						l, e = less(a.DType, x, y), x == y
					}
					if q.of(l, e) {
						out.I64[i] = 1
					}
				})
			},
		})
	}
	return out
}

func (p *pairing) infer(c *ir.InferCtx) {
	if !sameNumbers(c) {
		return
	}
	d := c.In[0].DType
	switch {
	case p.truth != (d == tensor.Bool), d.IsFloat() && p.real == nil, !d.IsFloat() && p.whole == nil:
		c.Errorf("V030", "operand 0 is %s; the operator does not exist on these elements", c.In[0])
		return
	}
	if shape, ok := binaryShape(c); ok {
		c.Return(ir.TensorType(d, shape...))
	}
}

func (p *pairing) eval(c *ir.EvalCtx) {
	a, b, out := c.In[0], c.In[1], c.Result(0)
	one := f32.Binary(p.name)
	eachPair(c, func(i, x, y int) {
		switch {
		case a.F32 != nil:
			out.F32[i] = one(a.F32[x], b.F32[y])
		case a.F64 != nil:
			out.SetReal(i, p.real(a.F64[x], b.F64[y]))
		default:
			out.SetInt(i, p.whole(a.DType, a.Int(x), b.Int(y)))
		}
	})
}

// withScalar is what an operator on two numbers computes of the first one, when the second one is a constant of one element.
func withConstant(n *ir.Node, channel int) func(float32) float32 {
	d := n.Operands[1].Const.Data.F32
	f, k := f32.Binary(n.Op.Name[len("nn."):]), d[channel%len(d)]
	return func(x float32) float32 { return f(x, k) }
}

// hasConstant says why a node is neither a function of one number nor one for each channel, or "".
func hasConstant(n *ir.Node) string {
	a, b := n.Operands[0], n.Operands[1]
	if a.IsConst() || !b.IsConst() || !b.Type.IsFloat() || len(b.Type.Shape) > len(a.Type.Shape) || b.Const.Data.Len() != max(constantChannels(n), 1) {
		return "its second operand is not one constant number, or one for each channel; only with that it is a table of codes"
	}
	return ""
}

// constantChannels is the number of channels that the second operand has a number for, or 0 where it is the same for all.
func constantChannels(n *ir.Node) int {
	a, b := n.Operands[0].Type.Shape, n.Operands[1].Type.Shape
	if at := 1 - (len(a) - len(b)); len(a) > 1 && at >= 0 && at < len(b) && b[at] > 1 && b[at] == a[1] && tensor.Elems(b) == b[at] {
		return b[at]
	}
	return 0
}

// eachPair calls f with the flat indices of every element of result 0 and of both operands.
func eachPair(c *ir.EvalCtx, f func(i, a, b int)) {
	shape := c.OutType[0].Shape
	each(shape, broadcastStrides(c.In[0].Shape, shape), broadcastStrides(c.In[1].Shape, shape), f)
}

// sameNumbers requires two operands of one number type without codes.
func sameNumbers(c *ir.InferCtx) bool {
	for i, t := range c.In {
		if t.IsQuant() || t.DType != c.In[0].DType {
			c.Errorf("V035", "operands 0 and %d are %s and %s, want numbers of one type", i, c.In[0], t)
			return false
		}
	}
	return true
}

func less(d tensor.DType, a, b int64) bool {
	if d == tensor.U64 {
		return uint64(a) < uint64(b)
	}
	return a < b
}

func chosen(first bool, a, b int64) int64 {
	if first {
		return a
	}
	return b
}

func picked(a, b float64, first bool) float64 {
	if first || a != a {
		return a
	}
	return b
}

func quotient(d tensor.DType, a, b int64) int64 {
	switch {
	case b == 0:
		return 0
	case d == tensor.U64:
		return int64(uint64(a) / uint64(b))
	}
	return a / b
}

func remainder(d tensor.DType, a, b int64) int64 {
	switch {
	case b == 0:
		return 0
	case d == tensor.U64:
		return int64(uint64(a) % uint64(b))
	}
	return a % b
}

// power is a to the power b modulo 2^64; of a negative b the power rounded towards zero.
func power(a, b int64) int64 {
	if b < 0 {
		switch a {
		case 1:
			return 1
		case -1:
			return 1 - 2*(b&1)
		}
		return 0
	}
	r := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			r *= a
		}
		a *= a
	}
	return r
}

func gradSub(c *ir.GradCtx) {
	if c.Want[0] {
		c.In[0] = sumTo(c, c.Out[0], c.Node.Operands[0])
	}
	if c.Want[1] {
		c.In[1] = sumTo(c, c.Build("nn.neg", nil, c.Out[0]), c.Node.Operands[1])
	}
}
