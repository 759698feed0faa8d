package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// slopes gives dx for each differentiable function of the table. Where a function bends, the slope is the one to the
// left, as that of relu is at zero.
var slopes = map[string]func(s slope) *ir.Value{
	"abs":        func(s slope) *ir.Value { return s.mul(s.dy, s.f("sign", s.x)) },
	"acos":       func(s slope) *ir.Value { return s.f("neg", s.div(s.dy, s.f("sqrt", s.sub(s.k(1), s.mul(s.x, s.x))))) },
	"acosh":      func(s slope) *ir.Value { return s.div(s.dy, s.f("sqrt", s.sub(s.mul(s.x, s.x), s.k(1)))) },
	"asin":       func(s slope) *ir.Value { return s.div(s.dy, s.f("sqrt", s.sub(s.k(1), s.mul(s.x, s.x)))) },
	"asinh":      func(s slope) *ir.Value { return s.div(s.dy, s.f("sqrt", s.add(s.mul(s.x, s.x), s.k(1)))) },
	"atan":       func(s slope) *ir.Value { return s.div(s.dy, s.add(s.mul(s.x, s.x), s.k(1))) },
	"atanh":      func(s slope) *ir.Value { return s.div(s.dy, s.sub(s.k(1), s.mul(s.x, s.x))) },
	"cos":        func(s slope) *ir.Value { return s.f("neg", s.mul(s.dy, s.f("sin", s.x))) },
	"cosh":       func(s slope) *ir.Value { return s.mul(s.dy, s.f("sinh", s.x)) },
	"sin":        func(s slope) *ir.Value { return s.mul(s.dy, s.f("cos", s.x)) },
	"sinh":       func(s slope) *ir.Value { return s.mul(s.dy, s.f("cosh", s.x)) },
	"tan":        func(s slope) *ir.Value { return s.add(s.dy, s.mul(s.dy, s.mul(s.y, s.y))) },
	"tanh":       func(s slope) *ir.Value { return s.sub(s.dy, s.mul(s.mul(s.dy, s.y), s.y)) },
	"exp":        func(s slope) *ir.Value { return s.mul(s.dy, s.y) },
	"log":        func(s slope) *ir.Value { return s.div(s.dy, s.x) },
	"neg":        func(s slope) *ir.Value { return s.f("neg", s.dy) },
	"sqrt":       func(s slope) *ir.Value { return s.div(s.mul(s.dy, s.k(.5)), s.y) },
	"erf":        func(s slope) *ir.Value { return s.mul(s.dy, s.mul(s.k(2/math.Sqrt(math.Pi)), s.bell(1))) },
	"sigmoid":    func(s slope) *ir.Value { return s.mul(s.dy, s.sub(s.y, s.mul(s.y, s.y))) },
	"softplus":   func(s slope) *ir.Value { return s.mul(s.dy, s.f("sigmoid", s.x)) },
	"reciprocal": func(s slope) *ir.Value { return s.f("neg", s.mul(s.dy, s.mul(s.y, s.y))) },
	"softsign": func(s slope) *ir.Value {
		d := s.add(s.f("abs", s.x), s.k(1))
		return s.div(s.dy, s.mul(d, d))
	},
	"celu": func(s slope) *ir.Value { return s.kink(s.dy, s.mul(s.dy, s.f("exp", s.mul(s.x, s.k(1/float64(s.a)))))) },
	"elu":  func(s slope) *ir.Value { return s.kink(s.dy, s.mul(s.dy, s.mul(s.k(float64(s.a)), s.f("exp", s.x)))) },
	"selu": func(s slope) *ir.Value {
		dy := s.mul(s.dy, s.k(float64(s.b)))
		return s.kink(dy, s.mul(dy, s.mul(s.k(float64(s.a)), s.f("exp", s.x))))
	},
	"leaky_relu":       func(s slope) *ir.Value { return s.kink(s.dy, s.mul(s.dy, s.k(float64(s.a)))) },
	"thresholded_relu": func(s slope) *ir.Value { return s.where(s.sub(s.x, s.k(float64(s.a))), s.dy) },
	"shrink": func(s slope) *ir.Value {
		return s.where(s.sub(s.f("abs", s.x), s.k(float64(s.a))), s.dy)
	},
	"hard_sigmoid": func(s slope) *ir.Value {
		return s.within(s.add(s.mul(s.x, s.k(float64(s.a))), s.k(float64(s.b))), 0, 1, s.mul(s.dy, s.k(float64(s.a))))
	},
	"hard_swish": func(s slope) *ir.Value {
		middle := s.mul(s.dy, s.add(s.mul(s.x, s.k(1./3)), s.k(.5)))
		return s.add(s.within(s.x, -3, 3, middle), s.where(s.sub(s.x, s.k(3)), s.dy))
	},
	"swish": func(s slope) *ir.Value { // g + alpha*y*(1-g), g the logistic function of alpha*x
		g := s.f("sigmoid", s.mul(s.x, s.k(float64(s.a))))
		return s.mul(s.dy, s.add(g, s.mul(s.mul(s.y, s.k(float64(s.a))), s.sub(s.k(1), g))))
	},
	"mish": func(s slope) *ir.Value { // t + x*g*(1-t*t), t the tangent of softplus
		t := s.f("tanh", s.f("softplus", s.x))
		rise := s.mul(s.f("sigmoid", s.x), s.sub(s.k(1), s.mul(t, t)))
		return s.mul(s.dy, s.add(t, s.mul(s.x, rise)))
	},
	"gelu": func(s slope) *ir.Value { // the normal distribution, and x times its density
		half := s.add(s.mul(s.f("erf", s.mul(s.x, s.k(math.Sqrt2/2))), s.k(.5)), s.k(.5))
		return s.mul(s.dy, s.add(half, s.mul(s.x, s.mul(s.k(1/math.Sqrt(2*math.Pi)), s.bell(.5)))))
	},
	"gelu_tanh": func(s slope) *ir.Value { // (1+t)/2 + x/2*(1-t*t)*u', u = sqrt(2/pi)*(x+0.044715*x^3)
		root := math.Sqrt(2 / math.Pi)
		cube := float64(root * 0.044715)
		xx := s.mul(s.x, s.x)
		t := s.f("tanh", s.mul(s.x, s.add(s.mul(xx, s.k(cube)), s.k(root))))
		du := s.add(s.mul(xx, s.k(float64(3*cube))), s.k(root))
		return s.mul(s.dy, s.add(s.add(s.mul(t, s.k(.5)), s.k(.5)), s.mul(s.mul(s.x, s.k(.5)), s.mul(s.sub(s.k(1), s.mul(t, t)), du))))
	},
}

// A slope builds dx of a function from x, y and dy; a and b are the function's parameters.
type slope struct {
	c        *ir.GradCtx
	x, y, dy *ir.Value
	a, b     float32
}

func gradFunction(c *ir.GradCtx) {
	name, a, b, _ := Function(c.Node)
	c.In[0] = slopes[name](slope{c, c.Node.Operands[0], c.Node.Result(), c.Out[0], a, b})
}

// k is a constant that broadcasts.
func (s slope) k(v float64) *ir.Value { return gradConst(s.c, v) }

func gradConst(c *ir.GradCtx, v float64) *ir.Value {
	return c.Module.AddConst(ir.Identifier(c.Node.Name)+"_k", ir.Float(1), tensor.FromF32([]float32{float32(v)}, 1))
}

// f is a function of v with its default parameters.
func (s slope) f(name string, v *ir.Value) *ir.Value { return s.c.Build("nn."+name, nil, v) }

// pair is an operator on two tensors, one of which may be a constant.
func (s slope) pair(op string, a, b *ir.Value) *ir.Value { return s.c.Build("nn."+op, nil, a, b) }

func (s slope) mul(a, b *ir.Value) *ir.Value { return s.pair("mul", a, b) }
func (s slope) add(a, b *ir.Value) *ir.Value { return s.pair("add", a, b) }
func (s slope) sub(a, b *ir.Value) *ir.Value { return s.pair("sub", a, b) }
func (s slope) div(a, b *ir.Value) *ir.Value { return s.pair("div", a, b) }

// where is v where x > 0, else zero.
func (s slope) where(x, v *ir.Value) *ir.Value { return s.c.Build("t.relu_dx", nil, x, v) }

// within is v where lo <= x <= hi, else zero.
func (s slope) within(x *ir.Value, lo, hi float32, v *ir.Value) *ir.Value {
	return s.c.Build("t.clip_dx", ir.AttrsOf("min", lo, "max", hi), x, v)
}

// kink is right where x > 0, else left.
func (s slope) kink(right, left *ir.Value) *ir.Value {
	return s.add(s.where(s.x, right), s.within(s.x, -math.MaxFloat32, 0, left))
}

// bell is e^(-p*x*x).
func (s slope) bell(p float64) *ir.Value { return s.f("exp", s.mul(s.mul(s.x, s.x), s.k(-p))) }
