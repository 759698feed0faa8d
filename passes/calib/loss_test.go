package calib

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestLoss holds the assembly against the definition, bit for bit: ties, elements outside, tiny and
// huge ones.
func TestLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 2000; n = n*3/2 + 1 {
		a := newRanges(rangeGroup)
		for i := range a.scale {
			a.scale[i] = float32(math.Exp(r.NormFloat64() - 3))
			a.lo[i], a.hi[i] = -a.scale[i]*float32(r.IntN(129)), a.scale[i]*float32(1+r.IntN(127))
			a.loss[i] = r.Float64()
		}
		b := newRanges(rangeGroup)
		copy(b.scale, a.scale)
		copy(b.lo, a.lo)
		copy(b.hi, a.hi)
		copy(b.loss, a.loss)
		x := make([]float32, n)
		for i := range x {
			x[i] = [...]float32{float32(r.NormFloat64()), a.scale[r.IntN(8)] * (float32(r.IntN(9)) + 0.5), 1e-40, -1e20, 0.25}[r.IntN(5)]
		}
		a.add(0, x)
		b.addGeneric(0, x)
		for i := range a.loss {
			if math.Float64bits(a.loss[i]) != math.Float64bits(b.loss[i]) {
				t.Fatalf("%d elements, range %d: loss %v, want %v", n, i, a.loss[i], b.loss[i])
			}
		}
	}
}

func BenchmarkRanges(b *testing.B) {
	x := make([]float32, blockLen)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	c := newRanges(61)
	for i := range c.scale {
		c.scale[i], c.lo[i], c.hi[i] = 0.01, -1, 1.5
	}
	for b.Loop() {
		for at := 0; at < len(c.scale); at += rangeGroup {
			c.add(at, x)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)*61), "ns/element-range")
}
