package passes_test

import (
	"context"
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestValidationOfRandomNetworks takes random networks through every way that passes are used in, all validated: as
// calibrated, as AMCT's pair, with balance factors of a record on the network as it was, and apart again. Every value is
// compared with a bound.
func TestValidationOfRandomNetworks(t *testing.T) {
	values, balanced := 0, 0
	for seed := range uint64(40) {
		v := &passes.Validation{}
		fresh := func() *passes.Context {
			c := passes.NewContext(context.Background(), op.All())
			c.Target, c.Validate = passes.TargetFacts{Name: "ascend910b3"}, v
			c.Settings.Default.Activation.Asymmetric = seed%5 != 0
			if seed%2 == 0 {
				c.Settings.Default.Balance = .5
			}
			return c
		}
		run := func(c *passes.Context, m *ir.Module, lists ...[]passes.Pass) *ir.Module {
			t.Helper()
			m = m.Clone()
			var g passes.Manager
			for _, list := range lists {
				if _, err := g.Run(c, m, list); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			return m
		}
		c := fresh()
		float := run(c, irtest.Random(seed), passes.Simplify)
		fitted, err := passes.Fit(c, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), seed, 1), irtest.RandomInputs(float.Main(), seed+1000, 1)})
		if err != nil {
			continue
		}
		record := c.Factors.Clone()
		run(c, fitted, passes.Observe, passes.Pair)
		for _, l := range record.All() {
			if l.Balance != nil {
				balanced++
			}
		}
		d := fresh()
		d.Factors = record
		fake := run(d, float, passes.Observe, passes.Quantize[:2])
		run(d, fake, passes.Quantize[2:])
		run(fresh(), fake, passes.Split)
		if v.Unbounded > 0 {
			t.Errorf("seed %d: %d values without a bound", seed, v.Unbounded)
		}
		values += v.Values
	}
	t.Logf("%d values, %d balanced layers", values, balanced)
	if values < 15000 || balanced < 20 {
		t.Errorf("%d values and %d balanced layers are too few to mean something", values, balanced)
	}
}

// TestNoise holds that noise reaches both sides of zero, zero itself and far values, and is the same every time.
func TestNoise(t *testing.T) {
	f := irtest.Random(1).Main()
	a, b := passes.Noise(f), passes.Noise(f)
	var least, most float64
	zeros := 0
	for i, in := range a {
		for k, x := range in {
			if !x.Equal(b[i][k]) {
				t.Error("noise differs between two calls")
			}
			for _, v := range x.F32 {
				least, most = math.Min(least, float64(v)), math.Max(most, float64(v))
				if v == 0 {
					zeros++
				}
			}
		}
	}
	if least > -3 || most < 3 || zeros == 0 {
		t.Errorf("noise lies in [%v, %v] with %d zeros", least, most, zeros)
	}
}
