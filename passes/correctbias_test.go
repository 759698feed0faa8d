package passes_test

import (
	"math"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// biased is a network of convolutions with few codes for its weights, so that the quantized layers are off in
// the mean; the last layer has no bias.
func biased(seed uint64) *ir.Module {
	c, x := newChain(seed, ir.Free, 3, 8, 8)
	x = c.node("nn.relu", nil, c.conv(x, 12, 3, 1))
	y := c.node("nn.relu", nil, c.conv(x, 0, 3, 0))
	x = c.node("nn.add", nil, c.conv(y, 12, 1, 1), x)
	x = c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, 768}), x)
	return c.module(c.node("nn.dense", nil, x, c.data(.05, 6, 768)))
}

// fitBiased gives the fitted network with few codes, its integers, and the float one.
func fitBiased(t *testing.T, seed uint64, correct bool, data passes.Data) (float, fitted, integer *ir.Module) {
	t.Helper()
	c, float := simplified(t, biased(seed))
	perTensor := false
	c.Settings.Default.Weight.Bits, c.Settings.Default.Weight.PerChannel = 4, &perTensor
	c.Settings.CorrectBias = correct
	fitted, err := passes.Fit(c, interp.Engine{}, float, data)
	if err != nil {
		t.Fatal(err)
	}
	return float, fitted, integers(t, c, fitted)
}

// shift is the root mean square, over the output's channels, of the mean error over the samples.
func shift(t *testing.T, float, integer *ir.Module, data passtest.Batches) float64 {
	t.Helper()
	var mean []float64
	n := 0
	for _, in := range data {
		a, b := eval(t, float, in)[0], eval(t, integer, in)[0]
		ch := a.Shape[1]
		if mean == nil {
			mean = make([]float64, ch)
		}
		for i, v := range a.F32 {
			mean[i%ch] += float64(v) - float64(b.F32[i])
		}
		n += a.Shape[0]
	}
	var sum float64
	for _, v := range mean {
		sum += v / float64(n) * v / float64(n)
	}
	return math.Sqrt(sum / float64(len(mean)))
}

// TestCorrectBias holds that the mean error of the integer network's outputs nearly vanishes on the data that
// corrected it and falls on other data of the same kind, whatever the batches; and that a bias is made where
// there is none.
func TestCorrectBias(t *testing.T) {
	var before, after, fresh0, fresh1 float64
	for seed := range uint64(4) {
		m := biased(seed)
		in := irtest.RandomInputs(m.Main(), seed, 32)
		data, other := split(in, 8), split(irtest.RandomInputs(m.Main(), seed+100, 64), 16)
		float, _, plain := fitBiased(t, seed, false, data)
		_, fitted, corrected := fitBiased(t, seed, true, data)
		before += shift(t, float, plain, data)
		after += shift(t, float, corrected, data)
		fresh0 += shift(t, float, plain, other)
		fresh1 += shift(t, float, corrected, other)
		for _, n := range fitted.Main().Nodes {
			if n.Op.Quant.IsLayer() && len(n.Operands) != 3 {
				t.Errorf("seed %d: %s has no bias", seed, n.Subject())
			}
		}
		for _, n := range []int{1, 5, 32} {
			_, again, _ := fitBiased(t, seed, true, split(in, n))
			for i, k := range fitted.UsedConsts() {
				if !slices.Equal(k.Data.Bytes(), again.UsedConsts()[i].Data.Bytes()) {
					t.Errorf("seed %d: batches of %d give another constant %s than batches of 8", seed, n, k.Name)
				}
			}
		}
	}
	t.Logf("mean output error %.4g -> %.4g on the data, %.4g -> %.4g on other data", before, after, fresh0, fresh1)
	if after > .1*before || fresh1 > .75*fresh0 {
		t.Errorf("mean output error %.4g -> %.4g on the data, %.4g -> %.4g on other data", before, after, fresh0, fresh1)
	}
}
