package miscompiles

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// network is a float network in which every pass has something to do.
func network(t testing.TB) *ir.Module {
	r := rand.New(rand.NewPCG(6, 6))
	f := &ir.Func{Name: "main"}
	m := &ir.Module{File: "network", Funcs: []*ir.Func{f}}
	var l diag.List
	b := ir.NewBuilder(op.All(), f, &l)
	data := func(name string, spread, mean float64, shape ...int) *ir.Value {
		d := tensor.New(tensor.F32, shape...)
		for i := range d.F32 {
			d.F32[i] = float32(r.NormFloat64()*spread + mean)
		}
		return m.AddConst(name, ir.Float(shape...), d)
	}
	variance := func(name string, n int) *ir.Value {
		d := tensor.New(tensor.F32, n)
		for i := range d.F32 {
			d.F32[i] = float32(.2 + r.Float64())
		}
		return m.AddConst(name, ir.Float(n), d)
	}
	node := func(name, op string, attrs ir.Attrs, in ...*ir.Value) *ir.Value {
		v := b.Node(ir.NodeSpec{Op: op, Name: name, Value: name, Operands: in, Attrs: attrs})
		if v == nil {
			t.Fatalf("%s: %v", name, l.Err())
		}
		return v
	}
	ints := func(name string, v ...int) ir.Attrs { return ir.AttrsOf(name, v) }

	x := b.Param("x", ir.Float(ir.Free, 4, 8, 8))
	border := node("border", "nn.pad", ir.AttrsOf("pad", []int{0, 0, 1, 0, 0, 0, 0, 1}), x)
	c1 := node("c1", "nn.conv2d", ints("pad", 1, 0, 0, 1), border, data("w1", .3, 0, 4, 4, 3, 3))
	shift := node("shift", "nn.transpose", ints("perm", 0, 2, 1, 3), data("k", .5, .3, 1, 1, 4, 1))
	b1 := node("b1", "nn.add", nil, c1, shift)
	n1 := node("n1", "nn.batch_norm", ir.AttrsOf("eps", float32(1e-3)), b1, data("gamma", .3, 1, 4), data("beta", .5, 0, 4), data("mean", .7, 0, 4), variance("var", 4))
	r1 := node("r1", "nn.clip", ir.AttrsOf("min", float32(0), "max", float32(2.5)), n1)
	c2 := node("c2", "nn.conv2d", ints("pad", 1, 1, 1, 1), r1, data("w2", .2, 0, 4, 4, 3, 3), data("bias2", .5, 0, 4))
	r2 := node("r2", "nn.relu", nil, c2)
	c3 := node("c3", "nn.conv2d", nil, r2, data("w3", .4, 0, 4, 4, 1, 1), data("bias3", .3, .4, 4))
	s := node("s", "nn.add", nil, c3, r1)
	k := node("k4", "nn.mul", nil, s, data("gain", .4, 1, 1, 4, 1, 1))
	h := node("h", "nn.mul", nil, k, node("gate", "nn.sigmoid", nil, k))
	t1 := node("t1", "nn.transpose", ints("perm", 0, 2, 3, 1), h)
	t2 := node("t2", "nn.transpose", ints("perm", 0, 3, 2, 1), t1)
	j := node("j", "nn.concat", ir.AttrsOf("axis", 1), t2, t2, c2)
	p := node("p", "nn.max_pool2d", ir.AttrsOf("kernel", []int{2, 2}, "stride", []int{2, 2}), j)
	a := node("a", "nn.avg_pool2d", ir.AttrsOf("kernel", []int{2, 2}, "stride", []int{2, 2}), p)
	same := node("same", "nn.reshape", ir.AttrsOf("shape", append([]int{-1}, a.Type.Shape[1:]...)), a)
	flat := node("flat", "nn.reshape", ir.AttrsOf("shape", []int{-1, a.Type.Elems()}), same)
	d1 := node("d1", "nn.dense", nil, flat, data("w4", .2, 0, 12, a.Type.Elems()), data("bias4", .4, .3, 12))
	r3 := node("r3", "nn.relu", nil, d1)
	d2 := node("d2", "nn.dense", nil, r3, data("w5", .3, 0, 5, 12), data("bias5", .4, 0, 5))
	row := node("row", "nn.reshape", ir.AttrsOf("shape", []int{-1, 1, 5}), d2)
	mean := node("means", "nn.reduce_mean", ir.AttrsOf("axes", []int{2}), row)
	d3 := node("d3", "nn.dense", nil, mean, data("w6", .5, 0, 3, 1))
	node("nobody", "nn.relu", nil, d1) // reads it, and is read by none
	f.Results = []*ir.Value{d2, node("y", "nn.softmax", ir.AttrsOf("axis", 1), d2), d3}
	if v := ir.Verify(m); v.HasErrors() {
		t.Fatal(v.Err())
	}
	return m
}

// chain is a module with its context and the passes that it is to go through.
type chain struct {
	c    *passes.Context
	m    *ir.Module
	list []passes.Pass
}

// wrapped is the list with run in the place of the first pass of that name.
func wrapped(list []passes.Pass, name string, spoil func(*passes.Context, *ir.Module, *ir.Func) string) (out []passes.Pass, found bool, value *string) {
	value = new(string)
	for _, p := range list {
		if p.Name == name && !found {
			found = true
			run := p.Run
			p.Run = func(c *passes.Context, m *ir.Module, f *ir.Func) error {
				if err := run(c, m, f); err != nil {
					return err
				}
				*value = spoil(c, m, f)
				return nil
			}
		}
		out = append(out, p)
	}
	return out, found, value
}

func newContext() *passes.Context {
	c := passes.NewContext(context.Background(), op.All())
	c.Validate = &passes.Validation{}
	return c
}

// run takes the module through the passes.
func (x *chain) run() error {
	var g passes.Manager
	_, err := g.Run(x.c, x.m, x.list)
	return err
}

// ways are the chains that the passes are part of: simplifying, quantizing with activations that have a zero point
// and without, with shifted accumulators, with images as bytes, AMCT's pair, a record's balance factors, and a network that is quantized already.
var ways = []struct {
	name string
	make func(t testing.TB) *chain
}{
	{"simplify", func(t testing.TB) *chain { return &chain{newContext(), network(t), passes.Simplify} }},
	{"quantize", func(t testing.TB) *chain {
		c, m := fitted(t, nil)
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Quantize...)}
	}},
	{"symmetric", func(t testing.TB) *chain {
		c, m := fitted(t, func(s *passes.Settings) { s.Default.Activation.Asymmetric = false })
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Quantize...)}
	}},
	{"balance", func(t testing.TB) *chain {
		c, _ := fitted(t, func(s *passes.Settings) { s.Default.Balance = .5 })
		d := newContext()
		d.Factors, d.Target = c.Factors, c.Target
		return &chain{d, simplified(t), append(append([]passes.Pass{}, passes.Observe...), passes.Quantize...)}
	}},
	{"shift", func(t testing.TB) *chain {
		c, m := fitted(t, func(s *passes.Settings) { s.Shift, s.Half = true, true })
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Quantize...)}
	}},
	{"pixels", func(t testing.TB) *chain {
		c, m := fitted(t, nil)
		passtest.Pixels(c.Ops, m, 3)
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Quantize...)}
	}},
	{"fake", func(t testing.TB) *chain {
		c, m := fitted(t, nil)
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Fake...)}
	}},
	{"pair", func(t testing.TB) *chain {
		c, m := fitted(t, nil)
		return &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Pair...)}
	}},
	{"split", func(t testing.TB) *chain {
		c, m := fitted(t, nil)
		q := &chain{c, m, append(append([]passes.Pass{}, passes.Observe...), passes.Quantize[:2]...)}
		if err := q.run(); err != nil {
			t.Fatal(err)
		}
		return &chain{newContext(), q.m, append([]passes.Pass{}, passes.Split...)}
	}},
}

func simplified(t testing.TB) *ir.Module {
	x := &chain{newContext(), network(t), passes.Simplify}
	if err := x.run(); err != nil {
		t.Fatal(err)
	}
	return x.m
}

// fitted is the simplified network with the factors that calibration finds.
func fitted(t testing.TB, adjust func(*passes.Settings)) (*passes.Context, *ir.Module) {
	c := newContext()
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	if adjust != nil {
		adjust(c.Settings)
	}
	m := simplified(t)
	var data passtest.Batches
	for _, in := range passes.Noise(m.Main()) {
		data = append(data, in)
	}
	out, err := passes.Fit(c, interp.Engine{}, m, data)
	if err != nil {
		t.Fatal(err)
	}
	c.Validate = &passes.Validation{}
	return c, out.Clone()
}
