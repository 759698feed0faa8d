package diagnose

import (
	"math"

	"github.com/amctc/amctc/passes/calib"
)

// What is tried with a unit, beside its present form.
const (
	tryActs    = "activations" // only they are quantized
	tryWeights = "weights"     // only they are quantized
	tryNearest = "nearest"     // weights rounded to nearest with the scales there are
	tryChannel = "per channel" // a weight scale for each output channel
	tryBalance = "balance"     // input channels evened out
	tryWide    = "wide"        // a range that holds every value seen
	tryNarrow  = "narrow"      // a range without rare values; followed by the percentile
	tryEight   = "8 bits"      // weights of 8 bits
)

// percentiles are what is tried against outliers. Ten times rarer values each.
var percentiles = []float64{0.9999, 0.999, 0.99}

// strength is the migration strength that is tried for balancing, AMCT's default.
const strength = 0.5

// ranged is the map of bits for a range.
func ranged(lo, hi float32, asym bool, bits int) (affine, bool) {
	p, err := calib.MinMax(lo, hi, asym, bits)
	if err != nil {
		return affine{}, false
	}
	return affine{p.Scale, p.Offset, bits}, true
}

// perChannel are the weights with a scale for each output channel; ok is false when they have that.
func (u *unit) perChannel(bits int) (w []float32, ok bool) {
	if u.w == nil || u.w.perChannel() && bits == u.w.bits {
		return nil, false
	}
	scale, _ := calib.ARQ(u.w.float, u.w.channels, true, bits)
	return calib.FakeQuantWeights(u.w.float, scale, bits), true
}

// wider are the weights rounded to nearest with 8 bits and as many scales as there are.
func (u *unit) wider() []float32 {
	scale, _ := calib.ARQ(u.w.float, u.w.channels, len(u.w.scale) > 1, 8)
	return calib.FakeQuantWeights(u.w.float, scale, 8)
}

// balanced evens out the input channels by AMCT's factors (AMCT 2.5): activations are divided by
// f = a^m / w^(1-m), weights multiplied. Channels without signal or weights keep 1, which changes
// nothing that is quantized.
func (u *unit) balanced(s *stats) (form, bool) {
	if u.w == nil || len(u.acts) != 1 || s == nil || len(s.channels) != u.w.inputs() || len(s.channels) < 2 {
		return form{}, false
	}
	peak := make([]float64, len(s.channels))
	for i, v := range u.w.float {
		j := u.w.input(i)
		peak[j] = max(peak[j], math.Abs(float64(v)))
	}
	f := make([]float32, len(peak))
	var lo, hi float32
	for j := range f {
		f[j] = 1
		if a := s.channels[j].reach(); a > calib.Eps && peak[j] > calib.Eps {
			f[j] = float32(math.Pow(a, strength) / math.Pow(peak[j], 1-strength))
		}
		lo, hi = min(lo, s.channels[j].lo/f[j]), max(hi, s.channels[j].hi/f[j])
	}
	w := make([]float32, len(u.w.float))
	for i, v := range u.w.float {
		w[i] = float32(v * f[u.w.input(i)])
	}
	if !finite(f) || !finite(w) {
		return form{}, false
	}
	codes, ok := ranged(lo, hi, u.set.Activation.Asymmetric, u.acts[0].codes.bits)
	if !ok {
		return form{}, false
	}
	scale, _ := calib.ARQ(w, u.w.channels, len(u.w.scale) > 1, u.w.bits)
	return form{acts: []affine{codes}, weights: calib.FakeQuantWeights(w, scale, u.w.bits), bias: u.w.floatBias, balance: f}, true
}

// weightSpread is how many times the greatest weight of the median output channel the greatest
// weight of all is, and the least and greatest weight of each channel.
func (w *weights) spread() (ratio float64, widest int, lo, hi []float32) {
	lo, hi = make([]float32, w.channels), make([]float32, w.channels)
	per := len(w.float) / max(1, w.channels)
	reach := make([]float64, w.channels)
	for c := range reach {
		for _, v := range w.float[c*per : (c+1)*per] {
			lo[c], hi[c] = min(lo[c], v), max(hi[c], v)
		}
		reach[c] = max(-float64(lo[c]), float64(hi[c]))
		if reach[c] > reach[widest] {
			widest = c
		}
	}
	return over(reach[widest], median(reach)), widest, lo, hi
}

// lean is the mean of what rounding moved the weights by, in steps: near 0 when rounded to
// nearest, near -0.5 when rounded down.
func (w *weights) lean() float64 {
	per := len(w.float) / max(1, len(w.scale))
	rounded := calib.FakeQuantWeights(w.fitted, w.scale, w.bits)
	var sum float64
	for i, v := range w.float {
		sum += (float64(rounded[i]) - float64(v)) / float64(w.scale[i/per])
	}
	return sum / float64(max(1, len(w.float)))
}
