package calib

import (
	"fmt"
	"math"
)

// NUQConfig are the parameters of non-uniform quantization (AMCT 2.4).
type NUQConfig struct {
	Steps      int // levels: 16 or 32
	Iterations int // rounds that fit the scales anew, 0 to 5
}

// DefaultNUQ are AMCT's defaults.
func DefaultNUQ() NUQConfig { return NUQConfig{Steps: 32, Iterations: 1} }

// Check reports parameters outside AMCT's ranges.
func (c NUQConfig) Check() error {
	if c.Steps != 16 && c.Steps != 32 {
		return fmt.Errorf("num_steps %d must be 16 or 32", c.Steps)
	}
	if c.Iterations < 0 || c.Iterations > 5 {
		return fmt.Errorf("num_of_iteration %d must lie between 0 and 5", c.Iterations)
	}
	return nil
}

// NUQ rounds weights, channel-major with scales of their 8-bit codes, to at most cfg.Steps different
// int8 codes, 0 among them, and gives the codes, the levels in ascending order and the scales, which
// each iteration fits anew to its codes. The levels minimise the squared error of the weights exactly,
// for the given scales, among all choices of levels (dynamic programming over the histogram of codes).
func NUQ(w, scale []float32, cfg NUQConfig) (codes []int8, cluster []int8, scales []float32) {
	best := math.Inf(1)
	scales = append([]float32(nil), scale...)
	for i := 0; i <= cfg.Iterations; i++ {
		level, error := nuqLevels(w, scales, cfg.Steps)
		q := NearestLevels(w, scales, level)
		if error >= best {
			break
		}
		best, codes, cluster, scale = error, q, level, append([]float32(nil), scales...)
		fitScales(w, q, scales)
	}
	return codes, cluster, scale
}

// nuqLevels are the best levels for weights in units of their scales, and the error of the weights.
func nuqLevels(w, scales []float32, steps int) ([]int8, float64) {
	// Weights in units of scales are gathered at a sixteenth of a code. Mass is weighted by the square of
	// the scale, so that the error is that of the numbers.
	const fine, half = 16, 128 * 16
	var mass, first [2*half + 1]float64
	per := len(w) / len(scales)
	for i, v := range w {
		s := float64(scales[i/per])
		x := min(max(float64(v)/s, -128), 127)
		k := int(math.RoundToEven(x*fine)) + half
		mass[k] += float64(s * s)
		first[k] += float64(float64(s*s) * x)
	}
	// Prefix sums give the cost of a run of codes at one level in constant time.
	const n = 256
	var m0, m1, m2 [n*fine + 2]float64
	for k := range 2*half + 1 {
		x := float64(k-half) / fine
		m0[k+1], m1[k+1], m2[k+1] = m0[k]+mass[k], m1[k]+first[k], m2[k]+float64(mass[k]*x*x)
	}
	cells := 2*half + 1
	cost := func(a, b int) (float64, int8) { // cells [a, b) at their best integer level
		w0, w1, w2 := m0[b]-m0[a], m1[b]-m1[a], m2[b]-m2[a]
		if w0 <= 0 {
			return 0, 0
		}
		c := min(max(math.RoundToEven(w1/w0), -128), 127)
		return w2 - float64(2*c*w1) + float64(c*c*w0), int8(c)
	}
	// Only occupied cells can begin a run.
	var at []int
	for k := range cells {
		if mass[k] > 0 {
			at = append(at, k)
		}
	}
	at = append(at, cells)
	return bestRuns(at, steps, cost)
}

// bestRuns cuts the cells into at most steps runs, one of which has level 0.
func bestRuns(at []int, steps int, cost func(a, b int) (float64, int8)) ([]int8, float64) {
	n := len(at) - 1
	// Runs of a sparse histogram are few enough; a dense one is thinned so that the work stays bounded.
	if limit := 640; n > limit {
		thin := make([]int, 0, limit+1)
		for i := range limit {
			thin = append(thin, at[i*n/limit])
		}
		at, n = append(thin, at[n]), limit
	}
	inf := math.Inf(1)
	prev := make([]float64, n+1)
	for j := range prev {
		prev[j] = inf
	}
	prev[0] = 0
	from := make([][]int, steps+1)
	bestSteps, bestCost := 0, inf
	for s := 1; s <= steps; s++ {
		next, f := make([]float64, n+1), make([]int, n+1)
		for j := range next {
			next[j] = inf
			for i := range j {
				if prev[i] == inf {
					continue
				}
				c, _ := cost(at[i], at[j])
				if t := prev[i] + c; t < next[j] {
					next[j], f[j] = t, i
				}
			}
		}
		from[s] = f
		if next[n] < bestCost {
			bestSteps, bestCost = s, next[n]
		}
		prev = next
	}
	var levels []int8
	for s, j := bestSteps, n; s > 0; s-- {
		i := from[s][j]
		_, c := cost(at[i], at[j])
		levels = append(levels, c)
		j = i
	}
	return withZero(levels), bestCost
}

// withZero gives the levels in ascending order, each once; the one nearest to 0 becomes 0.
func withZero(levels []int8) []int8 {
	var out []int8
	for i := len(levels) - 1; i >= 0; i-- {
		if len(out) == 0 || levels[i] > out[len(out)-1] {
			out = append(out, levels[i])
		}
	}
	near := 0
	for i, v := range out {
		if v == 0 {
			return out
		}
		if math.Abs(float64(v)) < math.Abs(float64(out[near])) {
			near = i
		}
	}
	if len(out) > 0 {
		out[near] = 0
	}
	return out
}

// NearestLevels gives each weight, channel-major with one scale or one for each channel, its nearest level.
func NearestLevels(w, scales []float32, levels []int8) []int8 {
	out := make([]int8, len(w))
	per := len(w) / len(scales)
	for i, v := range w {
		out[i] = levels[nearestLevel(levels, float64(v)/float64(scales[i/per]))]
	}
	return out
}

// fitScales sets every scale to the one that fits its codes best: sum w*q / sum q*q.
func fitScales(w []float32, codes []int8, scales []float32) {
	per := len(w) / len(scales)
	for c := range scales {
		var wq, qq float64
		for i := c * per; i < (c+1)*per; i++ {
			q := float64(codes[i])
			wq += float64(float64(w[i]) * q)
			qq += float64(q * q)
		}
		if s := float32(wq / qq); qq > 0 && s >= Eps && s <= 1/Eps {
			scales[c] = s
		}
	}
}

// AdaRoundConfig are the parameters of AdaRound (AMCT 2.7).
type AdaRoundConfig struct {
	Iterations         int
	Reg                float64 // weight of the term that drives rounding to its ends, in (0, 1)
	BetaStart, BetaEnd float64 // exponent of that term
	WarmStart          float64 // part of the iterations without the term, in (0, 1)
}

// DefaultAdaRound are AMCT's defaults.
func DefaultAdaRound() AdaRoundConfig {
	return AdaRoundConfig{Iterations: 10000, Reg: 0.01, BetaStart: 20, BetaEnd: 2, WarmStart: 0.2}
}

// Check reports parameters outside AMCT's ranges.
func (c AdaRoundConfig) Check() error {
	switch {
	case c.Iterations < 1 || c.Iterations > 1<<20:
		return fmt.Errorf("num_iteration %d must lie between 1 and 2^20", c.Iterations)
	case !(c.Reg > 0 && c.Reg < 1):
		return fmt.Errorf("reg_param %v must lie in (0, 1)", c.Reg)
	case !(c.WarmStart > 0 && c.WarmStart < 1):
		return fmt.Errorf("warm_start %v must lie in (0, 1)", c.WarmStart)
	case !(c.BetaEnd >= 1 && c.BetaStart >= c.BetaEnd && c.BetaStart <= 100):
		return fmt.Errorf("beta_range [%v, %v] must fall and lie in [1, 100]", c.BetaStart, c.BetaEnd)
	}
	return nil
}
