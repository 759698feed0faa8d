package onnx

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
)

// Recurrent layers are unrolled: the inputs of all steps are multiplied at once, and every step multiplies the
// state, with weights that all steps share. Both products are dense layers, which have an integer form.

// maxSteps bounds unrolled steps.
const maxSteps = 4096

// A recurrence is one direction of a recurrent layer. Sizes: T steps, N samples, H elements of state.
type recurrence struct {
	c       *call
	gates   int
	t, n, h int
	x       []*ir.Value // of every step, (N, gates*H), the input's part of the gates with all its biases
	r       *ir.Value   // (gates*H, H)
	rb      *ir.Value   // its bias, or nil
	acts    []func(*ir.Value) *ir.Value
	peep    []*ir.Value // peepholes i, o, f, or nil
	state   *ir.Value   // (N, H)
	cell    *ir.Value
}

// gate is entry k of the gates of v.
func (r *recurrence) gate(v *ir.Value, k int) *ir.Value {
	return r.c.take(v, len(v.Type.Shape)-1, span(k*r.h, r.h, 1))
}

// named emits under a name of its own below the node's, because a layer is known by its name.
func (c *call) named(name string, build func() *ir.Value) *ir.Value {
	node := c.name
	c.name, c.from = node+"/"+name, []string{node}
	v := build()
	c.name, c.from = node, nil
	return v
}

func (r *recurrence) hidden(step int, v *ir.Value, w, b *ir.Value, suffix string) *ir.Value {
	if v == nil || w == nil {
		return nil
	}
	in := []*ir.Value{v, w}
	if b != nil {
		in = append(in, b)
	}
	return r.c.named(fmt.Sprintf("state%s_%d", suffix, step), func() *ir.Value { return r.c.emit("nn.dense", r.c.label("_state"), in) })
}

func (c *call) activation(name string, alpha, beta float32) func(*ir.Value) *ir.Value {
	switch name {
	case "Sigmoid", "Tanh", "Softsign", "Softplus":
		return func(v *ir.Value) *ir.Value {
			return c.one1(map[string]string{"Sigmoid": "nn.sigmoid", "Tanh": "nn.tanh", "Softsign": "nn.softsign", "Softplus": "nn.softplus"}[name], v)
		}
	case "Relu":
		return func(v *ir.Value) *ir.Value { return c.one1("nn.relu", v) }
	case "LeakyRelu":
		return func(v *ir.Value) *ir.Value { return c.one1("nn.leaky_relu", v, "alpha", alpha) }
	case "HardSigmoid":
		return func(v *ir.Value) *ir.Value { return c.one1("nn.hard_sigmoid", v, "alpha", alpha, "beta", beta) }
	}
	c.errorf(codeForm, "activation %s is not supported", name)
	return nil
}

func buildRecurrent(gates int, defaults []string, step func(*recurrence, int)) func(*call) {
	return func(c *call) {
		s, ws := c.in[0].shape(), c.in[1].shape()
		if len(s) != 3 || len(ws) != 3 || len(c.in[2].shape()) != 3 || slices.Contains(s, ir.Free) {
			c.errorf(codeShape, "its input is %s and its weights have shape %v, want fixed sequences and rank 3", shapeText(s), ws)
			return
		}
		h := c.intAttr("hidden_size", c.in[2].shape()[2])
		both := c.stringAttr("direction", "forward")
		dirs := ws[0]
		if h < 1 || ws[1] != gates*h || !slices.Equal(c.in[2].shape(), []int{dirs, gates * h, h}) || dirs > 2 || (dirs == 2) != (both == "bidirectional") {
			c.errorf(codeShape, "weights of shapes %v and %v do not fit %d elements of state in direction %s", ws, c.in[2].shape(), h, both)
			return
		}
		layout := c.intAttr("layout", 0)
		x := c.x(0)
		if layout == 1 {
			x = c.turned(x, 1, 0, 2)
		}
		if x == nil || c.floatAttr("clip", 0) != 0 || c.intAttr("input_forget", 0) != 0 {
			c.errorf(codeForm, "clip and input_forget are not supported")
			return
		}
		t, n := x.Type.Shape[0], x.Type.Shape[1]
		if t > maxSteps {
			c.errorf(codeTooLarge, "%d steps are too many to unroll, at most %d", t, maxSteps)
			return
		}
		if c.has(4) {
			lens, ok := c.intsOf(4, "sequence lengths")
			if !ok {
				return
			}
			for _, k := range lens {
				if k != t {
					c.errorf(codeForm, "sequences of length %d among %d steps are not supported; all have all steps", k, t)
					return
				}
			}
		}
		names, alpha, beta := c.stringsAttr("activations"), c.floatsAttr("activation_alpha"), c.floatsAttr("activation_beta")
		if names == nil {
			for range dirs {
				names = append(names, defaults...)
			}
		}
		if len(names) != dirs*len(defaults) {
			c.errorf(codeAttr, "it has %d activations, want %d", len(names), dirs*len(defaults))
			return
		}
		var all [][]*ir.Value
		var last, cells []*ir.Value
		for d := range dirs {
			r := &recurrence{c: c, gates: gates, t: t, n: n, h: h}
			for i, name := range names[d*len(defaults) : (d+1)*len(defaults)] {
				k := d*len(defaults) + i
				a, b := float32(0.2), float32(0.5)
				if name == "LeakyRelu" {
					a = 0.01
				}
				if k < len(alpha) {
					a = alpha[k]
				}
				if k < len(beta) {
					b = beta[k]
				}
				r.acts = append(r.acts, c.activation(name, a, b))
			}
			if c.failed || !r.prepare(x, d) {
				return
			}
			steps := span(0, t, 1)
			if both == "reverse" || d == 1 {
				slices.Reverse(steps)
			}
			states := make([]*ir.Value, t)
			for _, i := range steps {
				step(r, i)
				if states[i] = r.state; c.failed {
					return
				}
			}
			all, last, cells = append(all, states), append(last, r.state), append(cells, r.cell)
		}
		c.recurrentOutputs(layout, t, n, h, all, last, cells)
	}
}

// prepare multiplies the inputs of all steps and reads biases, first states and peepholes of direction d.
func (r *recurrence) prepare(x *ir.Value, d int) bool {
	c := r.c
	part := func(i int, shape ...int) *ir.Value { return c.reshaped(c.take(c.x(i), 0, []int{d}), shape...) }
	w := part(1, r.gates*r.h, x.Type.Shape[2])
	r.r = part(2, r.gates*r.h, r.h)
	in := []*ir.Value{x, w}
	if c.has(3) {
		b := part(3, 2*r.gates*r.h)
		first := c.take(b, 0, span(0, r.gates*r.h, 1))
		r.rb = c.take(b, 0, span(r.gates*r.h, r.gates*r.h, 1))
		in = append(in, first)
	}
	if slices.Contains(in, nil) {
		return false
	}
	all := c.named(fmt.Sprintf("input_%d", d), func() *ir.Value { return c.emit("nn.dense", c.label("_input"), in) })
	for i := range r.t {
		r.x = append(r.x, c.reshaped(c.take(all, 0, []int{i}), r.n, r.gates*r.h))
	}
	first := func(i int) *ir.Value {
		if !c.has(i) {
			return c.constFloats("zeros", make([]float32, r.n*r.h), r.n, r.h)
		}
		v := c.x(i)
		if c.intAttr("layout", 0) == 1 {
			v = c.turned(v, 1, 0, 2)
		}
		return c.reshaped(c.take(v, 0, []int{d}), r.n, r.h)
	}
	r.state, r.cell = first(5), nil
	if c.pb.OpType == "LSTM" {
		r.cell = first(6)
		if c.has(7) {
			p := part(7, 3*r.h)
			for k := range 3 {
				r.peep = append(r.peep, c.take(p, 0, span(k*r.h, r.h, 1)))
			}
		}
	}
	return !c.failed && r.state != nil
}

func (c *call) recurrentOutputs(layout, t, n, h int, all [][]*ir.Value, last, cells []*ir.Value) {
	join := func(axis int, list []*ir.Value) *ir.Value {
		if len(list) == 1 {
			return list[0]
		}
		return c.do("nn.concat", list, "axis", axis)
	}
	if c.wants(0) {
		var steps []*ir.Value
		for i := range t {
			var dirs []*ir.Value
			for _, states := range all {
				dirs = append(dirs, c.reshaped(states[i], 1, 1, n, h))
			}
			steps = append(steps, join(1, dirs))
		}
		y := join(0, steps)
		if layout == 1 {
			y = c.turned(y, 2, 0, 1, 3)
		}
		c.finish(0, y)
	}
	for k, list := range [][]*ir.Value{last, cells} {
		if !c.wants(k + 1) {
			continue
		}
		var dirs []*ir.Value
		for _, v := range list {
			dirs = append(dirs, c.reshaped(v, 1, n, h))
		}
		y := join(0, dirs)
		if layout == 1 {
			y = c.turned(y, 1, 0, 2)
		}
		c.finish(k+1, y)
	}
}

// stepRNN: H = f(X*W + H*R + biases).
func stepRNN(r *recurrence, i int) {
	r.state = r.acts[0](r.c.two("nn.add", r.x[i], r.hidden(i, r.state, r.r, r.rb, "")))
}

// stepLSTM has the gates i, o, f, c.
func stepLSTM(r *recurrence, i int) {
	c := r.c
	sum := c.two("nn.add", r.x[i], r.hidden(i, r.state, r.r, r.rb, ""))
	if sum == nil || r.cell == nil {
		c.failed = true
		return
	}
	gate := func(k, peep int, cell *ir.Value) *ir.Value {
		v := r.gate(sum, k)
		if r.peep != nil && peep >= 0 {
			v = c.two("nn.add", v, c.two("nn.mul", r.peep[peep], cell))
		}
		return v
	}
	in, forget, news := r.acts[0](gate(0, 0, r.cell)), r.acts[0](gate(2, 2, r.cell)), r.acts[1](gate(3, -1, nil))
	r.cell = c.two("nn.add", c.two("nn.mul", forget, r.cell), c.two("nn.mul", in, news))
	out := r.acts[0](gate(1, 1, r.cell))
	r.state = c.two("nn.mul", out, r.acts[2](r.cell))
}

// stepGRU has the gates z, r, h; linear_before_reset says whether r scales the product or the state.
func stepGRU(r *recurrence, i int) {
	c := r.c
	if r.state == nil || r.x[i] == nil {
		c.failed = true
		return
	}
	rows := func(v *ir.Value, lo, n int) *ir.Value {
		if v == nil {
			return nil
		}
		return c.take(v, 0, span(lo*r.h, n*r.h, 1))
	}
	var z, reset, h *ir.Value
	if c.intAttr("linear_before_reset", 0) != 0 {
		all := r.hidden(i, r.state, r.r, r.rb, "")
		if all == nil {
			return
		}
		z, reset = r.acts[0](c.two("nn.add", r.gate(r.x[i], 0), r.gate(all, 0))), r.acts[0](c.two("nn.add", r.gate(r.x[i], 1), r.gate(all, 1)))
		h = c.two("nn.mul", reset, r.gate(all, 2))
	} else {
		gates := r.hidden(i, r.state, rows(r.r, 0, 2), rows(r.rb, 0, 2), "")
		if gates == nil {
			return
		}
		z, reset = r.acts[0](c.two("nn.add", r.gate(r.x[i], 0), r.gate(gates, 0))), r.acts[0](c.two("nn.add", r.gate(r.x[i], 1), r.gate(gates, 1)))
		h = r.hidden(i, c.two("nn.mul", reset, r.state), rows(r.r, 2, 1), rows(r.rb, 2, 1), "_new")
	}
	h = r.acts[1](c.two("nn.add", r.gate(r.x[i], 2), h))
	// (1-z)*h + z*H = h + z*(H-h)
	r.state = c.two("nn.add", h, c.two("nn.mul", z, c.two("nn.sub", r.state, h)))
}
