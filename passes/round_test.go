package passes_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
	"github.com/amctc/amctc/passes/passtest"
)

// roundings are all ways to choose codes of weights otherwise than ARQ.
var roundings = []passes.WeightSettings{
	{Algorithm: passes.GPTQ, Bits: 3},
	{Algorithm: passes.NUQ, Bits: 8, NUQ: calib.NUQConfig{Steps: 16, Iterations: 1}},
	{Algorithm: passes.AdaRound, Bits: 4, AdaRound: fewSteps(20)},
	{Algorithm: passes.AdaRound, Bits: 6, AdaRound: fewSteps(5)},
	{Algorithm: passes.AdaRound, Bits: 8, AdaRound: fewSteps(5)},
	{Algorithm: passes.MSEWeights, Bits: 4},
}

func fewSteps(n int) calib.AdaRoundConfig {
	c := calib.DefaultAdaRound()
	c.Iterations = n
	return c
}

// TestRoundedWeightsLaw holds on random networks, for every way to round: the float weights of the fitted module
// are codes times scales, the integers are those codes, as many different ones as asked for, and the
// factors with the fitted module give the same integers again. Some networks have biases that their layer's
// scales do not fit.
func TestRoundedWeightsLaw(t *testing.T) {
	raised, books, layers := 0, 0, 0
	for seed := range uint64(60) {
		s := roundings[seed%uint64(len(roundings))]
		m := randomChain(seed)
		if seed%4 == 3 {
			raiseBiases(m)
		}
		c, float := simplified(t, m)
		c.Settings.Default.Weight = s
		data := passtest.Batches{irtest.RandomInputs(float.Main(), seed, 3), irtest.RandomInputs(float.Main(), seed+1000, 3)}
		before := ir.Print(float)
		fitted, err := passes.Fit(c, interp.Engine{}, float, data)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if ir.Print(float) != before {
			t.Fatalf("seed %d: the float module has changed", seed)
		}
		chosen := make(map[string][]float32)
		for _, l := range c.Factors.All() {
			chosen[l.Key] = slices.Clone(l.ScaleW)
		}
		first := integers(t, c, fitted)
		for _, n := range first.Main().Nodes {
			l := c.Factors.Get(n.Name)
			if n.Op.Name != "q.conv2d" && n.Op.Name != "q.dense" || l == nil {
				continue
			}
			layers++
			codes := n.Operands[1].Const.Data.I8
			scale := chosen[n.Name]
			if !slices.Equal(scale, l.ScaleW) {
				raised++ // the codes are others, and small
			} else {
				for _, o := range fitted.Main().Nodes {
					if o.Name != n.Name {
						continue
					}
					original := slices.IndexFunc(float.Main().Nodes, func(p *ir.Node) bool { return p.Name == n.Name })
					lo, hi := calib.CodeRange(l.WtsBits)
					for i, w := range o.Operands[1].Const.Data.F32 {
						s := scale[i/(len(codes)/len(scale))]
						moved := math.Abs(float64(w - float.Main().Nodes[original].Operands[1].Const.Data.F32[i]))
						if q := int32(codes[i]); c.Settings.Default.Weight.Algorithm == passes.AdaRound && q != lo && q != hi && moved > float64(s)*1.0001 {
							t.Fatalf("seed %d, layer %q: weight %d moved by %v to code %d of scale %v", seed, n.Name, i, moved, q, s)
						}
						if want := float32(float32(codes[i]) * s); w != want {
							t.Fatalf("seed %d, layer %q: weight %d is %v, its code stands for %v", seed, n.Name, i, w, want)
						}
					}
				}
			}
			used := make(map[int8]bool)
			for _, q := range codes {
				used[q] = true
				if l.Cluster != nil && !slices.Contains(l.Cluster, int32(q)) {
					t.Fatalf("seed %d, layer %q: code %d is not in the book %v", seed, n.Name, q, l.Cluster)
				}
			}
			limit := 1 << l.WtsBits
			if l.Cluster != nil {
				books++
				limit = s.NUQ.Steps
			}
			if len(used) > limit {
				t.Fatalf("seed %d, layer %q: %d different codes, at most %d were wanted", seed, n.Name, len(used), limit)
			}
		}
		again, _ := simplified(t, irtest.Random(1))
		again.Factors = c.Factors.Clone()
		if second := integers(t, again, fitted); ir.Print(first) != ir.Print(second) || !equalConsts(first, second) {
			t.Fatalf("seed %d: the fitted module and its factors give other integers", seed)
		}
	}
	t.Logf("%d layers, %d raised scales, %d code books", layers, raised, books)
	if raised < 5 || books < 10 || layers < 150 {
		t.Errorf("%d layers, %d raised scales and %d code books are too few to mean something", layers, raised, books)
	}
}

// raiseBiases makes biases so large that weight scales have to follow.
func raiseBiases(m *ir.Module) {
	for _, n := range m.Main().Nodes {
		if n.Op.Quant.IsLayer() && len(n.Operands) == 3 {
			for i := range n.Operands[1].Const.Data.F32 {
				n.Operands[1].Const.Data.F32[i] *= 5e-5
			}
			n.Operands[2].Const.Data.F32[0] = 3
		}
	}
}

func equalConsts(a, b *ir.Module) bool {
	x, y := a.UsedConsts(), b.UsedConsts()
	return slices.EqualFunc(x, y, func(p, q *ir.Const) bool {
		return slices.Equal(p.Data.I8, q.Data.I8) && slices.Equal(p.Data.F32, q.Data.F32) && slices.Equal(p.Data.I32, q.Data.I32)
	})
}

// layered is a network of a convolution, a depthwise and a grouped one, and a dense layer, ReLUs between.
func layered(seed uint64) *ir.Module {
	c, x := newChain(seed, ir.Free, 3, 8, 8)
	x = c.node("nn.relu", nil, c.conv(x, 8, 3, 1))
	x = c.node("nn.relu", nil, c.conv(x, 0, 3, 0))
	x = c.node("nn.relu", nil, c.conv(x, 8, 3, 2))
	x = c.node("nn.max_pool2d", ir.AttrsOf("kernel", []int{4, 4}, "stride", []int{4, 4}), x)
	x = c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 32}), x)
	return c.module(c.dense(x, 6))
}

// miss is the squared error at the result, and that of the fitted network's.
func miss(t *testing.T, s passes.WeightSettings, seed uint64) float64 {
	t.Helper()
	c, float := simplified(t, layered(seed))
	c.Settings.Default.Weight = s
	fitted, err := passes.Fit(c, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), seed, 48)})
	if err != nil {
		t.Fatal(err)
	}
	q := integers(t, c, fitted)
	in := irtest.RandomInputs(float.Main(), seed+500, 32)
	a, b := eval(t, float, in)[0], eval(t, q, in)[0]
	var sum float64
	for i, v := range a.F32 {
		sum += float64(v-b.F32[i]) * float64(v-b.F32[i])
	}
	return sum
}

// TestRoundingByDataHelps: with 3 bits, on inputs that calibration did not see, learned rounding and error
// feedback err less than the nearest codes of the best scale, and these less than those of the range; on
// networks with a depthwise and a grouped convolution.
func TestRoundingByDataHelps(t *testing.T) {
	var nearest, ranged, ada, gptq float64
	for seed := range uint64(2) {
		ranged += miss(t, passes.WeightSettings{Algorithm: passes.ARQ, Bits: 3}, seed)
		nearest += miss(t, passes.WeightSettings{Algorithm: passes.MSEWeights, Bits: 3}, seed)
		cfg := fewSteps(600)
		cfg.Reg = .1
		ada += miss(t, passes.WeightSettings{Algorithm: passes.AdaRound, Bits: 3, AdaRound: cfg}, seed)
		gptq += miss(t, passes.WeightSettings{Algorithm: passes.GPTQ, Bits: 3}, seed)
	}
	t.Logf("by range %.3g, nearest %.3g, learned %.3g, error feedback %.3g", ranged, nearest, ada, gptq)
	if nearest > ranged || ada > .8*nearest || gptq > .8*nearest {
		t.Errorf("by range %v, nearest %v, learned %v, error feedback %v", ranged, nearest, ada, gptq)
	}
}

// TestRoundingIsDeterministic: the same integers on one thread and on several, and others with another seed.
func TestRoundingIsDeterministic(t *testing.T) {
	var data passtest.Batches
	for i := range uint64(150) {
		data = append(data, irtest.RandomInputs(layered(4).Main(), i, 1))
	}
	fit := func(s passes.WeightSettings, seed uint64) string {
		c, float := simplified(t, layered(4))
		c.Settings.Default.Weight, c.Settings.Seed = s, seed
		fitted, err := passes.Fit(c, interp.Engine{}, float, data)
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		for _, k := range fitted.UsedConsts() {
			b = fmt.Append(b, k.Data.F32)
		}
		return string(b)
	}
	for _, s := range []passes.WeightSettings{roundings[0], roundings[1], {Algorithm: passes.AdaRound, Bits: 4, AdaRound: fewSteps(300)}} {
		many := fit(s, 1)
		before := runtime.GOMAXPROCS(1)
		one := fit(s, 1)
		runtime.GOMAXPROCS(before)
		if one != many {
			t.Errorf("%s: other weights on one thread", s.Algorithm)
		}
		if fit(s, 2) == one {
			t.Errorf("%s: the seed changes nothing", s.Algorithm)
		}
	}
}

// TestManyInputs: a layer of more inputs than are rounded together is rounded in parts, with fewer errors
// at its outputs than the nearest codes make.
func TestManyInputs(t *testing.T) {
	c, x := newChain(9, ir.Free, 2400)
	m := c.module(c.dense(x, 2))
	var errs []float64
	for _, s := range []passes.WeightSettings{{Algorithm: passes.MSEWeights, Bits: 3}, {Algorithm: passes.GPTQ, Bits: 3}} {
		ctx, float := simplified(t, m.Clone())
		ctx.Settings.Default.Weight = s
		in := irtest.RandomInputs(float.Main(), 1, 100)
		fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{in})
		if err != nil {
			t.Fatal(err)
		}
		a, b := eval(t, float, in)[0], eval(t, fitted, in)[0]
		var sum float64
		for i, v := range a.F32 {
			sum += float64(v-b.F32[i]) * float64(v-b.F32[i])
		}
		errs = append(errs, sum)
	}
	if errs[1] > errs[0]/4 {
		t.Errorf("error feedback errs by %v, nearest codes by %v", errs[1], errs[0])
	}
}
