package irtest

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
)

// domains are functions that do not take every number, with one whose results they do take.
var domains = map[string]string{
	"nn.acos": "nn.softsign", "nn.asin": "nn.softsign", "nn.atanh": "nn.softsign", "nn.acosh": "nn.cosh", "nn.cosh": "nn.softsign",
	"nn.sinh": "nn.softsign", "nn.exp": "nn.softsign", "nn.tan": "nn.softsign", "nn.log": "nn.sigmoid", "nn.sqrt": "nn.abs",
	"nn.reciprocal": "nn.sigmoid",
}

// function applies one function of one number, behind another where it needs one.
func (r *random) function() {
	x := r.pick(0)
	if x == nil {
		return
	}
	var names []string
	for _, n := range op.All().Names() {
		if op.FamilyOf(n) == op.Functions {
			names = append(names, n)
		}
	}
	name := names[r.IntN(len(names))]
	var list []string
	for f := name; f != ""; f = domains[f] {
		list = append([]string{f}, list...)
	}
	for _, f := range list {
		before := len(r.live)
		r.add(f, nil, x)
		if len(r.live) == before {
			return
		}
		x = r.live[before]
	}
}

// pairing applies one function of two numbers; divisors and bases are not near zero, exponents constants.
func (r *random) pairing() {
	x := r.pick(0)
	if x == nil {
		return
	}
	y := r.partner(x)
	switch name := []string{"nn.sub", "nn.max", "nn.min", "nn.prelu", "nn.div", "nn.fmod", "nn.pow"}[r.IntN(7)]; name {
	case "nn.div", "nn.fmod", "nn.pow":
		c := r.data(1, y.Type.Bind(1).Shape...)
		for i, v := range c.Const.Data.F32 {
			if v >= 0 {
				c.Const.Data.F32[i] = float32(v + 1)
			} else {
				c.Const.Data.F32[i] = float32(v - 1)
			}
		}
		if name == "nn.pow" {
			before := len(r.live)
			r.add("nn.softplus", nil, x)
			if len(r.live) == before {
				return
			}
			x = r.live[before]
		}
		r.add(name, nil, x, c)
	default:
		r.add(name, nil, x, y)
	}
}

func (r *random) reduction() {
	x := r.pick(0)
	if x == nil {
		return
	}
	var axes []int
	for i := 1; i < len(x.Type.Shape); i++ {
		if r.IntN(2) == 0 {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 || len(axes) == len(x.Type.Shape)-1 {
		axes = []int{len(x.Type.Shape) - 1}
	}
	name := []string{"nn.reduce_sum", "nn.reduce_mean", "nn.reduce_max", "nn.reduce_min", "nn.reduce_prod"}[r.IntN(5)]
	if name == "nn.reduce_prod" {
		before := len(r.live)
		r.add("nn.softsign", nil, x)
		if len(r.live) == before {
			return
		}
		x = r.live[before]
	}
	r.add(name, ir.AttrsOf("axes", axes, "keep", r.IntN(2) == 0 || len(x.Type.Shape) < 3), x)
}

// axis is one of x that is not the batch.
func (r *random) axis(x *ir.Value) int { return 1 + r.IntN(len(x.Type.Shape)-1) }

func (r *random) take() {
	x := r.pick(0)
	if x == nil {
		return
	}
	axis := r.axis(x)
	n := x.Type.Shape[axis]
	list := make([]int, 1+r.IntN(2*n))
	for i := range list {
		switch r.IntN(8) {
		case 0:
			list[i] = -1
		case 1:
			list[i] = r.IntN(n)
		default:
			list[i] = i % n
		}
	}
	before := len(r.live)
	r.add("nn.take", ir.AttrsOf("axis", axis, "indices", list), x)
	if len(r.live) > before && len(x.Type.Shape) == 4 { // a layer wants the entries as codes
		c := r.live[before].Type.Shape[1]
		r.add("nn.conv2d", nil, r.live[before], r.data(.5, 3, c, 1, 1), r.data(.3, 3))
	}
}

func (r *random) resample() {
	x := r.pick(0)
	if x == nil {
		return
	}
	axis, taps := r.axis(x), 2+2*r.IntN(2)
	n := x.Type.Shape[axis]
	list := make([]int, taps*(1+r.IntN(2*n)))
	for i := range list {
		list[i] = min(i/taps/2+i%taps, n-1)
	}
	r.add("nn.resample", ir.AttrsOf("axis", axis, "taps", taps, "indices", list, "weights", r.data(.5, len(list)).Const.Data.F32), x)
}

func (r *random) normalize() {
	if x := r.pick(0); x != nil {
		r.add("nn.normalize", ir.AttrsOf("axis", r.axis(x), "centred", r.IntN(3) > 0), x)
	}
}

// gate weighs the channels of x by what a layer makes of their means, or takes the means away.
func (r *random) gate() {
	x := r.pick(4)
	if x == nil {
		return
	}
	s, list := x.Type.Shape, len(r.live)
	r.add("nn.avg_pool2d", ir.AttrsOf("kernel", s[2:]), x)
	if len(r.live) == list {
		return
	}
	mean := r.live[list]
	if r.IntN(3) == 0 {
		r.add("nn.sub", nil, x, mean)
		return
	}
	list = len(r.live)
	r.add("nn.conv2d", nil, mean, r.data(.5, s[1], s[1], 1, 1))
	if len(r.live) == list {
		return
	}
	v := r.live[list]
	list = len(r.live)
	r.add([]string{"nn.hard_sigmoid", "nn.sigmoid"}[r.IntN(2)], nil, v)
	if len(r.live) > list {
		r.add("nn.mul", nil, x, r.live[list])
	}
}

// channelwise applies a function of its own to every channel, between two layers; nothing else reads its operand and its result.
func (r *random) channelwise() {
	x, list := r.pick(4), len(r.live)
	if x == nil {
		return
	}
	x = r.pointwise(x)
	if x == nil {
		return
	}
	constants := r.data(1, x.Type.Shape[1], 1, 1)
	name := []string{"nn.prelu", "nn.max", "nn.min", "nn.div"}[r.IntN(4)]
	if name == "nn.div" {
		for i, v := range constants.Const.Data.F32 {
			constants.Const.Data.F32[i] = float32(math.Abs(float64(v)) + .5)
		}
	}
	r.add(name, nil, x, constants)
	if y := r.pointwise(r.live[len(r.live)-1]); y != nil {
		r.live = append(r.live[:list], y)
	}
}

// pointwise is a convolution of one element of x; nil when it would be too large.
func (r *random) pointwise(x *ir.Value) *ir.Value {
	c, out, list := x.Type.Shape[1], 1+r.IntN(40), len(r.live)
	r.add("nn.conv2d", nil, x, r.data(1/math.Sqrt(float64(c)), out, c, 1, 1), r.data(.3, out))
	if len(r.live) == list {
		return nil
	}
	return r.live[list]
}

// ranking looks at the order of elements along an axis: the indices are results of the network.
func (r *random) ranking() {
	x := r.pick(0)
	if x == nil {
		return
	}
	axis, least, nodes := r.axis(x), r.IntN(2) == 0, len(r.live)
	if r.IntN(2) == 0 {
		r.add("nn.argmax", ir.AttrsOf("axis", axis, "keep", r.IntN(2) == 0, "last", r.IntN(2) == 0, "least", least), x)
		r.live = r.live[:nodes]
		return
	}
	r.add("nn.topk", ir.AttrsOf("axis", axis, "k", 1+r.IntN(x.Type.Shape[axis]), "least", least), x)
	if r.IntN(2) == 0 {
		r.live = r.live[:nodes]
		return
	}
	r.dense() // of the elements, perhaps
}
