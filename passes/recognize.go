package passes

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// recognize finds functions of one number that are spelled out as products and sums, and normalizations, and puts
// one operator in their place: swish as x*sigmoid(x); hard_sigmoid as clip(x+3, 0, 6)/6 and hard_swish as its product
// with x, in every order of the factors; gelu by erf and by tanh; normalize as (x-mean)/sqrt(mean of squares + eps), or
// times the reciprocal of the root, with the mean taken away or not; softmax and its logarithm, with the maximum taken away first or not.
func recognize(c *Context, m *ir.Module, f *ir.Func) error {
	return rewrite(func(c *Context, m *ir.Module, f *ir.Func, n *ir.Node, _ map[*ir.Value][]ir.Use) *ir.Patch {
		name, x, attrs := spelled(n)
		if x == nil || !slices.Equal(x.Type.Shape, n.Result().Type.Shape) {
			return nil
		}
		p := ir.NewPatch(c.Ops, m, f, n, "recognize: "+name+" "+n.Subject())
		p.Replace(n.Result(), p.Node(ir.NodeSpec{Op: name, Name: n.Name, From: n.From, Operands: []*ir.Value{x}, Attrs: attrs, Span: n.Span}))
		return p
	})(c, m, f)
}

// spelled is the operator that n is the last step of, and what it is applied to; x is nil where there is none.
func spelled(n *ir.Node) (name string, x *ir.Value, attrs ir.Attrs) {
	if x, axis := softmaxOf(n); x != nil {
		return "nn.softmax", x, ir.AttrsOf("axis", axis)
	}
	if x, axis := logSoftmaxOf(n); x != nil {
		return "nn.log_softmax", x, ir.AttrsOf("axis", axis)
	}
	if n.Op.Name != "nn.mul" && n.Op.Name != "nn.div" {
		return "", nil, nil
	}
	for _, q := range quotients(n) {
		if x, attrs := normalized(q); x != nil {
			return "nn.normalize", x, attrs
		}
	}
	_, all := flattened(n.Result(), nil, deepest)
	for _, g := range all {
		name, want, x := weight(g)
		if x == nil {
			continue
		}
		scale, factors := flattened(n.Result(), x, deepest)
		switch {
		case !is(scale, want):
		case len(factors) == 2 && (factors[0] == x && factors[1] == g || factors[0] == g && factors[1] == x):
			return name, x, nil
		case len(factors) == 1 && factors[0] == g && is(want, 1./6):
			return "nn.hard_sigmoid", x, ir.AttrsOf("alpha", float32(1./6), "beta", float32(.5))
		}
	}
	return "", nil, nil
}

// deepest is how many products a function is taken apart into.
const deepest = 4

// weight is what v times x and a number is a function of x, which number, and x; or nil.
func weight(v *ir.Value) (name string, number float64, x *ir.Value) {
	d := v.Def
	switch {
	case d == nil:
	case d.Op.Name == "nn.sigmoid":
		return "nn.swish", 1, d.Operands[0]
	case d.Op.Name == "nn.hard_sigmoid" && is(float64(d.Float("alpha")), 1./6) && d.Float("beta") == .5:
		return "nn.hard_swish", 1, d.Operands[0]
	case d.Op.Name == "nn.clip" && d.Float("min") == 0 && d.Float("max") == 6:
		if by, x := shifted(d.Operands[0]); by == 3 {
			return "nn.hard_swish", 1. / 6, x
		}
	case d.Op.Name == "nn.add":
		one, e := shifted(v)
		if one != 1 || e.Def == nil || len(e.Def.Operands) != 1 {
			break
		}
		by, z := scaled(e.Def.Operands[0])
		switch {
		case e.Def.Op.Name == "nn.erf" && is(by, math.Sqrt2/2):
			return "nn.gelu", .5, z
		case e.Def.Op.Name == "nn.tanh" && is(by, math.Sqrt(2/math.Pi)):
			return "nn.gelu_tanh", .5, cubic(z)
		}
	}
	return "", 0, nil
}

// is says whether a constant stands for v: the same but for roundings to float32 and to the digits that exporters write.
func is(c, v float64) bool { return math.Abs(c-v) <= 0x1p-22*math.Abs(v) }

// scalar is the one number of a constant.
func scalar(v *ir.Value) (float64, bool) {
	if !v.IsConst() || !v.Type.IsFloat() || v.Type.Elems() != 1 {
		return 0, false
	}
	return float64(v.Const.Data.F32[0]), true
}

// flattened takes v apart as a product of a number and factors, at most so many products deep, and not beyond stop.
func flattened(v, stop *ir.Value, deep int) (scale float64, factors []*ir.Value) {
	if s, ok := scalar(v); ok {
		return s, nil
	}
	d := v.Def
	if v == stop || d == nil || deep == 0 || d.Op.Name != "nn.mul" && d.Op.Name != "nn.div" {
		return 1, []*ir.Value{v}
	}
	a, left := flattened(d.Operands[0], stop, deep-1)
	if d.Op.Name == "nn.mul" {
		b, right := flattened(d.Operands[1], stop, deep-1)
		return float64(a * b), append(left, right...)
	}
	if b, ok := scalar(d.Operands[1]); ok && b != 0 {
		return a / b, left
	}
	return 1, []*ir.Value{v}
}

// scaled takes v apart as the product of a number and another value.
func scaled(v *ir.Value) (by float64, x *ir.Value) {
	if d := v.Def; d != nil && (d.Op.Name == "nn.mul" || d.Op.Name == "nn.div") {
		if s, ok := scalar(d.Operands[1]); ok && s != 0 {
			if d.Op.Name == "nn.div" {
				return 1 / s, d.Operands[0]
			}
			return s, d.Operands[0]
		}
		if s, ok := scalar(d.Operands[0]); ok && d.Op.Name == "nn.mul" {
			return s, d.Operands[1]
		}
	}
	return 1, v
}

// shifted takes v apart as the sum of a number and another value.
func shifted(v *ir.Value) (by float64, x *ir.Value) {
	if d := producer(v, "nn.add"); d != nil {
		for i := range 2 {
			if s, ok := scalar(d.Operands[i]); ok {
				return s, d.Operands[1-i]
			}
		}
	}
	return 0, v
}

// cubic is x of x + 0.044715*x^3, or nil.
func cubic(v *ir.Value) *ir.Value {
	d := producer(v, "nn.add")
	if d == nil {
		return nil
	}
	for i := range 2 {
		x := d.Operands[1-i]
		scale, factors := flattened(d.Operands[i], x, deepest)
		if !is(scale, 0.044715) {
			continue
		}
		if len(factors) == 1 {
			if p := producer(factors[0], "nn.pow"); p != nil && p.Operands[0] == x {
				if e, ok := scalar(p.Operands[1]); ok && e == 3 {
					return x
				}
			}
		}
		if len(factors) == 3 && factors[0] == x && factors[1] == x && factors[2] == x {
			return x
		}
	}
	return nil
}

// normalized is x of (x-m)/sqrt(v+eps), m its mean and v that of the squares of x-m over the axes from one on, or of
// x/sqrt(v+eps), v the mean of its squares; or nil.
func normalized(q quotient) (*ir.Value, ir.Attrs) {
	eps, v := shifted(q.squared)
	mean, axis := meanOf(v)
	if mean == nil || eps < 0 || eps-eps != 0 {
		return nil, nil
	}
	var d [2]*ir.Value
	switch p := mean.Def; {
	case p == nil:
		return nil, nil
	case p.Op.Name == "nn.mul":
		d = [2]*ir.Value{p.Operands[0], p.Operands[1]}
	case p.Op.Name == "nn.pow":
		if e, ok := scalar(p.Operands[1]); !ok || e != 2 {
			return nil, nil
		}
		d = [2]*ir.Value{p.Operands[0], p.Operands[0]}
	default:
		return nil, nil
	}
	if x, first := centred(q.above); x != nil && first == axis {
		all := true
		for _, v := range d {
			y, a := centred(v)
			all = all && y == x && a == axis
		}
		if all {
			return x, ir.AttrsOf("axis", axis, "eps", float32(eps))
		}
	}
	if d == [2]*ir.Value{q.above, q.above} {
		return q.above, ir.AttrsOf("axis", axis, "eps", float32(eps), "centred", false)
	}
	return nil, nil
}

// A quotient is above/sqrt(squared).
type quotient struct{ above, squared *ir.Value }

// quotients are the ways to read n as a/sqrt(v), or as a times the root's reciprocal or times v to the power -1/2.
func quotients(n *ir.Node) (out []quotient) {
	if n.Op.Name == "nn.div" {
		if r := producer(n.Operands[1], "nn.sqrt"); r != nil {
			out = append(out, quotient{n.Operands[0], r.Operands[0]})
		}
		return out
	}
	for i := range 2 {
		above, by := n.Operands[1-i], n.Operands[i]
		var root *ir.Value
		if r := producer(by, "nn.reciprocal"); r != nil {
			root = r.Operands[0]
		}
		if r := producer(by, "nn.div"); r != nil {
			if one, ok := scalar(r.Operands[0]); ok && one == 1 {
				root = r.Operands[1]
			}
		}
		if r := producer(by, "nn.pow"); r != nil {
			if e, ok := scalar(r.Operands[1]); ok && e == -.5 {
				out = append(out, quotient{above, r.Operands[0]})
			}
		}
		if root == nil {
			continue
		}
		if r := producer(root, "nn.sqrt"); r != nil {
			out = append(out, quotient{above, r.Operands[0]})
		}
		if r := producer(root, "nn.pow"); r != nil {
			if e, ok := scalar(r.Operands[1]); ok && e == .5 {
				out = append(out, quotient{above, r.Operands[0]})
			}
		}
	}
	return out
}

// centred is x of x less its mean, and the first of the axes that the mean is over; or nil.
func centred(v *ir.Value) (x *ir.Value, axis int) {
	d := producer(v, "nn.sub")
	if d == nil {
		return nil, 0
	}
	if x, axis := meanOf(d.Operands[1]); x == d.Operands[0] {
		return x, axis
	}
	return nil, 0
}

// meanOf is what v is the mean of, over all axes from one on, which stay as 1; or nil.
func meanOf(v *ir.Value) (x *ir.Value, axis int) {
	if d := producer(v, "nn.avg_pool2d"); d != nil { // a mean of images
		if s := d.Operands[0].Type.Shape; slices.Equal(d.Ints("kernel"), s[2:]) && slices.Max(d.Ints("pad")) == 0 {
			return d.Operands[0], 2
		}
		return nil, 0
	}
	d := producer(v, "nn.reduce_mean")
	if d == nil || !d.Bool("keep") {
		return nil, 0
	}
	axes, rank := slices.Sorted(slices.Values(d.Ints("axes"))), len(d.Operands[0].Type.Shape)
	for i, a := range axes {
		if a != rank-len(axes)+i {
			return nil, 0
		}
	}
	if len(axes) == 0 || axes[0] == 0 {
		return nil, 0
	}
	return d.Operands[0], axes[0]
}
