package passes_test

import (
	"context"
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

// observed is a random network with observers, and the context to calibrate it in.
func observed(t *testing.T, seed uint64, minMax bool) (*passes.Context, *ir.Module) {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	if minMax {
		c.Settings.Default.Activation.Algorithm = passes.MinMax
	}
	c.Settings.Default.Activation.Asymmetric = true
	c.Settings.Joint = seed%4 >= 2
	m := irtest.Random(seed)
	var g passes.Manager
	if _, err := g.Run(c, m, append(slices.Clone(passes.Simplify), passes.Observe...)); err != nil {
		t.Fatal(err)
	}
	return c, m
}

// split cuts every tensor into batches of n samples.
func split(in []*tensor.Tensor, n int) passtest.Batches {
	var out passtest.Batches
	for at := 0; at < in[0].Shape[0]; at += n {
		var b []*tensor.Tensor
		for _, x := range in {
			b = append(b, x.Rows(at, min(at+n, x.Shape[0])))
		}
		out = append(out, b)
	}
	return out
}

// TestBatchesDoNotMatter holds the factors of 64 samples in batches of 1, 7 and 64 against each
// other, bit for bit, for every algorithm, joint factors included.
func TestBatchesDoNotMatter(t *testing.T) {
	others := []passes.ActivationAlgorithm{passes.IFMR, passes.HFMG, passes.Percentile, passes.Entropy, passes.MSE}
	tried, done := 0, make(map[passes.ActivationAlgorithm]bool)
	for seed := uint64(0); tried < 12 || len(done) < len(others); seed++ {
		minMax := seed%2 == 0
		algorithm := others[len(done)%len(others)]
		_, m := observed(t, seed, minMax)
		free := !slices.ContainsFunc(m.Main().Params, func(p *ir.Value) bool { return !p.Type.IsFree() })
		if !free || len(m.Main().Nodes) > 16 {
			continue
		}
		in := irtest.RandomInputs(m.Main(), seed, 64)
		var want []*passes.LayerFactors
		for _, n := range []int{64, 7, 1} {
			c, m := observed(t, seed, minMax)
			if !minMax {
				c.Settings.Default.Activation.Algorithm = algorithm
			}
			if err := passes.Calibrate(c, interp.Engine{}, m, split(in, n)); err != nil {
				break
			}
			got := c.Factors.All()
			if want == nil {
				want = got
				tried++
				if !minMax {
					done[algorithm] = true
				}
				continue
			}
			for i, w := range want {
				g := got[i]
				if g.Key != w.Key || math.Float32bits(g.ScaleD) != math.Float32bits(w.ScaleD) || g.OffsetD != w.OffsetD || !slices.Equal(g.ScaleW, w.ScaleW) {
					t.Fatalf("seed %d, batches of %d: %s has %v, %d, batches of 64 gave %s %v, %d", seed, n, g.Key, g.ScaleD, g.OffsetD, w.Key, w.ScaleD, w.OffsetD)
				}
			}
		}
	}
}

// TestBadDataNamesTheLayer is what a user sees of infinite numbers and of no data at all.
func TestBadDataNamesTheLayer(t *testing.T) {
	for _, bad := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
		c, m := observed(t, 3, false)
		in := irtest.RandomInputs(m.Main(), 1, 1)
		for _, x := range in {
			for i := range x.F32 {
				x.F32[i] = bad
			}
		}
		err := passes.Calibrate(c, interp.Engine{}, m, passtest.Batches{in})
		if err == nil || !strings.Contains(err.Error(), `layer "`) {
			t.Errorf("data with %v: %v, want an error that names the layer", bad, err)
		}
	}
	c, m := observed(t, 3, false)
	err := passes.Calibrate(c, interp.Engine{}, m, passtest.Batches{})
	if err == nil || !strings.Contains(err.Error(), `layer "`) || !strings.Contains(err.Error(), "empty") {
		t.Errorf("no data: %v, want an error that names the layer", err)
	}
}
