package passes_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// simplified is a module that is ready to be fitted, and a context.
func simplified(t *testing.T, m *ir.Module) (*passes.Context, *ir.Module) {
	t.Helper()
	c := passes.NewContext(t.Context(), op.All())
	c.Settings.Default.Activation.Algorithm = passes.MinMax
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	var g passes.Manager
	if _, err := g.Run(c, m, passes.Simplify); err != nil {
		t.Fatal(err)
	}
	return c, m
}

// transforms are the settings that must not change what a float network computes.
var transforms = []struct {
	name string
	set  func(*passes.Settings)
}{
	{"equalize", func(s *passes.Settings) { s.Equalize = true }},
	{"dmq", func(s *passes.Settings) { s.Default.Balance = .5 }},
	{"smooth", func(s *passes.Settings) { s.Default.Smooth = .7 }},
	{"equalize and dmq", func(s *passes.Settings) { s.Equalize, s.Default.Balance = true, .8 }},
}

// spread scales every output channel of every layer by a power of ten that differs from channel to
// channel, so that there is something to balance.
func spread(m *ir.Module) {
	for _, n := range m.Main().Nodes {
		if !n.Op.Quant.IsLayer() || !n.Operands[1].IsConst() {
			continue
		}
		for k := 1; k < len(n.Operands); k++ {
			w := n.Operands[k].Const
			out := slices.Clone(w.Data.F32)
			per := len(out) / w.Data.Shape[0]
			for i := range out {
				out[i] *= float32(math.Pow(10, float64(i/per*7%5-2)/2))
			}
			n.Operands[k] = m.AddConst(w.Name, w.Type(), tensor.FromF32(out, w.Data.Shape...))
		}
	}
	m.DropUnusedConsts()
}

// TestBalanceKeepsTheNetwork holds on random networks that balancing changes the float results by rounding
// only, that it happens in both its forms, and that a record of the factors gives the same integers.
func TestBalanceKeepsTheNetwork(t *testing.T) {
	folded, inserted := 0, 0
	for seed := range uint64(120) {
		tr := transforms[seed/3%uint64(len(transforms))]
		m := irtest.Random(seed)
		if seed%3 > 0 {
			m = randomChain(seed)
		}
		spread(m)
		c, float := simplified(t, m)
		tr.set(c.Settings)
		data := passtest.Batches{irtest.RandomInputs(float.Main(), seed, 1), irtest.RandomInputs(float.Main(), seed+1000, 1)}
		before := ir.Print(float)
		fitted, err := passes.Fit(c, interp.Engine{}, float, data)
		if err != nil {
			continue // some tensor is constant
		}
		if ir.Print(float) != before {
			t.Fatalf("seed %d: fitting changed its argument", seed)
		}
		a, b := eval(t, float, data[1]), eval(t, fitted, data[1])
		for i := range a {
			if d, most := distance(a[i].F32, b[i].F32); d > 1e-5*most {
				t.Errorf("seed %d, %s: result %d changes by %g, its greatest element is %g", seed, tr.name, i, d, most)
			}
		}
		for _, l := range c.Factors.All() {
			if l.Balance != nil {
				folded++
			}
		}
		more := len(fitted.Main().Nodes) - len(float.Main().Nodes)
		inserted += more
		folded -= more

		again := passes.NewContext(t.Context(), op.All())
		again.Settings, again.Factors, again.Target = c.Settings, c.Factors.Clone(), c.Target
		x, y := integers(t, c, fitted), integers(t, again, float)
		if ir.Print(x) != ir.Print(y) {
			t.Fatalf("seed %d, %s: the record's factors give another network\n%s\n%s", seed, tr.name, ir.Print(x), ir.Print(y))
		}
		for i, k := range x.UsedConsts() {
			if k.Digest() != y.UsedConsts()[i].Digest() {
				t.Fatalf("seed %d, %s: constant %s differs", seed, tr.name, k.Name)
			}
		}
	}
	t.Logf("%d edges folded, %d multiplications inserted", folded, inserted)
	if folded < 50 || inserted < 50 {
		t.Errorf("%d edges folded and %d multiplications inserted are too few to mean something", folded, inserted)
	}
}

// integers takes a copy of a fitted module through Observe and Quantize.
func integers(t *testing.T, c *passes.Context, m *ir.Module) *ir.Module {
	t.Helper()
	out := m.Clone()
	var g passes.Manager
	if _, err := g.Run(c, out, append(slices.Clone(passes.Observe), passes.Quantize...)); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEqualizeEvens plants channels of very different ranges and holds that both sides of every edge
// have the same range afterwards, through a depthwise layer, pooling and a reshape; and that an edge across ReLU6 is
// left alone.
func TestEqualizeEvens(t *testing.T) {
	c, x := newChain(1, ir.Free, 3, 8, 8)
	a := c.conv(x, 6, 3, 1)
	b := c.conv(c.node("nn.relu", nil, a), 0, 3, 0)
	d := c.conv(c.node("nn.max_pool2d", ir.AttrsOf("kernel", []int{2, 2}, "stride", []int{2, 2}), c.node("nn.relu", nil, b)), 4, 1, 1)
	e := c.dense(c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 64}), c.node("nn.relu", nil, d)), 7)
	f := c.dense(c.node("nn.clip", ir.AttrsOf("min", float32(0), "max", float32(6)), e), 3)
	m := c.module(f)
	spread(m)
	ctx, float := simplified(t, m)
	ctx.Settings.Equalize = true
	fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), 5, 2)})
	if err != nil {
		t.Fatal(err)
	}
	var layers []*ir.Node
	for _, n := range fitted.Main().Nodes {
		if n.Op.Quant.IsLayer() {
			layers = append(layers, n)
		}
	}
	if len(layers) != 5 || len(fitted.Main().Nodes) != len(float.Main().Nodes) {
		t.Fatalf("equalization added nodes\n%s", ir.Print(fitted))
	}
	largest := func(n *ir.Node, count int, channel func(i int) int) []float64 {
		out := make([]float64, count)
		for i, v := range n.Operands[1].Const.Data.F32 {
			out[channel(i)] = max(out[channel(i)], math.Abs(float64(v)))
		}
		return out
	}
	check := func(what string, before, after []float64) {
		for i := range before {
			if r := before[i] / after[i]; r < .98 || r > 1.02 {
				t.Errorf("%s, channel %d: %v is made by and %v reads", what, i, before[i], after[i])
			}
		}
	}
	check("conv to depthwise", largest(layers[0], 6, func(i int) int { return i / 27 }), largest(layers[1], 6, func(i int) int { return i / 9 }))
	check("depthwise to conv", largest(layers[1], 6, func(i int) int { return i / 9 }), largest(layers[2], 6, func(i int) int { return i % 6 }))
	check("conv to dense", largest(layers[2], 4, func(i int) int { return i / 6 }), largest(layers[3], 4, func(i int) int { return i % 64 / 16 }))
	if l := ctx.Factors.Get(layers[4].Name); l.Balance != nil {
		t.Errorf("the edge across ReLU6 has factors %v", l.Balance)
	}
}

// TestBalanceOfAStream holds that channels which a residual sum ties together are balanced as one: every layer that
// makes them is divided, every one that reads them multiplied, no multiplication is inserted but that of the
// network's input, and the sums stay integer. A reader that is left out stops it.
func TestBalanceOfAStream(t *testing.T) {
	for _, left := range []bool{false, true} {
		c, x := newChain(9, ir.Free, 3, 6, 6)
		x = c.node("nn.relu", nil, c.conv(x, 8, 3, 1))
		for range 2 {
			y := c.node("nn.relu", nil, c.conv(x, 5, 1, 1))
			x = c.node("nn.relu", nil, c.node("nn.add", nil, c.conv(y, 8, 3, 1), x))
		}
		x = c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 8}), c.node("nn.avg_pool2d", ir.AttrsOf("kernel", []int{6, 6}), x))
		m := c.module(c.dense(x, 4))
		spread(m)
		ctx, float := simplified(t, m)
		ctx.Settings.Default.Balance = .5
		if left {
			l := ctx.Settings.Default
			l.Balance = 0
			ctx.Settings.Layers = map[string]passes.LayerSettings{float.Main().Results[0].Def.Name: l}
		}
		fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), 1, 3)})
		if err != nil {
			t.Fatal(err)
		}
		inserted, sums := 0, 0
		for _, n := range integers(t, ctx, fitted).Main().Nodes {
			switch n.Op.Name {
			case "nn.mul":
				inserted++
			case "q.add":
				sums++
			}
		}
		if !left && (inserted != 1 || sums != 2) || left && inserted != 3 {
			t.Errorf("a reader left out: %v; %d multiplications inserted, %d integer sums", left, inserted, sums)
		}
	}
}

// TestBalanceOfAWidenedStream holds that a stream which zeros give more channels is balanced as one that does not grow:
// no multiplication is inserted but that of the network's input, channels on both sides of the zeros are divided, and
// the results stay. Other numbers beside the channels stop those that a sum ties to them, and with them the layers
// that read them.
func TestBalanceOfAWidenedStream(t *testing.T) {
	for _, test := range []struct {
		how   string
		value float32
		want  int // multiplications
	}{{"concat", 0, 1}, {"concat", 1, 3}, {"pad", 0, 1}, {"pad", 1, 3}} {
		c, x := newChain(9, 1, 3, 6, 6)
		x = c.node("nn.relu", nil, c.conv(x, 4, 3, 1))
		wide := c.conv(c.conv(x, 0, 3, 0), 7, 1, 1)
		rest := tensor.New(tensor.F32, 1, 3, 6, 6)
		for i := range rest.F32 {
			rest.F32[i] = test.value
		}
		if test.how == "pad" {
			x = c.node("nn.pad", ir.AttrsOf("pad", []int{0, 0, 0, 0, 0, 3, 0, 0}, "value", test.value), x)
		} else {
			x = c.node("nn.concat", ir.AttrsOf("axis", 1), x, c.m.AddConst("rest", ir.Float(1, 3, 6, 6), rest))
		}
		x = c.node("nn.relu", nil, c.node("nn.add", nil, wide, x))
		m := c.module(c.conv(c.conv(x, 0, 3, 0), 5, 1, 1))
		spread(m)
		ctx, float := simplified(t, m)
		ctx.Settings.Default.Smooth = .9
		in := irtest.RandomInputs(float.Main(), 1, 1)
		fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{in})
		if err != nil {
			t.Fatal(err)
		}
		if inserted := len(fitted.Main().Nodes) - len(float.Main().Nodes); inserted != test.want {
			t.Errorf("%s of %v: %d multiplications inserted, want %d\n%s", test.how, test.value, inserted, test.want, ir.Print(fitted))
		}
		a, b := eval(t, float, in), eval(t, fitted, in)
		if d, most := distance(a[0].F32, b[0].F32); d > 1e-5*most {
			t.Errorf("%s of %v: the result changes by %g, its greatest element is %g", test.how, test.value, d, most)
		}
	}
}

// TestBalanceFactorsAreChecked is what a user sees of a record whose balance factors are not those of the layer.
func TestBalanceFactorsAreChecked(t *testing.T) {
	for _, f := range [][]float32{{1, 2}, {1, 2, 0}, {1, -1, 2}, {float32(math.NaN()), 1, 1}} {
		c, x := newChain(1, ir.Free, 3, 4, 4)
		ctx, float := simplified(t, c.module(c.conv(x, 2, 1, 1)))
		ctx.Factors.At(float.Main().Nodes[0].Name).Balance = f
		if _, err := passes.Balanced(ctx, float); err == nil || !strings.Contains(err.Error(), "tensor_balance_factor") || !strings.Contains(err.Error(), "Q010") {
			t.Errorf("factors %v: %v", f, err)
		}
	}
}

// distance is the greatest difference of a and b, and the greatest element of a.
func distance(a, b []float32) (d, most float64) {
	for i, v := range a {
		d = max(d, math.Abs(float64(v)-float64(b[i])))
		most = max(most, math.Abs(float64(v)))
	}
	return d, most
}
