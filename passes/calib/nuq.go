package calib

import (
	"fmt"
	"math"
	"slices"
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
// each iteration fits anew to its codes. For the given scales no other choice of levels with 0 among them has a
// smaller squared error of the weights, so the error does not rise with the number of levels; nor does it
// with iterations, which end when it no longer falls.
func NUQ(w, scale []float32, cfg NUQConfig) (codes []int8, cluster []int8, scales []float32) {
	best := math.Inf(1)
	scales = append([]float32(nil), scale...)
	for i := 0; i <= cfg.Iterations; i++ {
		level := nuqLevels(w, scales, cfg.Steps)
		q := NearestLevels(w, scales, level)
		error := weightError(w, scales, q)
		if error >= best {
			break
		}
		best, codes, cluster, scale = error, q, level, append([]float32(nil), scales...)
		fitScales(w, q, scales)
	}
	return codes, cluster, scale
}

// weightError is the squared error of codes of weights.
func weightError(w, scales []float32, codes []int8) float64 {
	var e float64
	per := len(w) / len(scales)
	for i, v := range w {
		d := float64(float64(codes[i])*float64(scales[i/per])) - float64(v)
		e += float64(d * d)
	}
	return e
}

// nuqCells is the number of cells of half a code, the first and the last with everything beyond.
const nuqCells = 512

// nuqLevels are the best levels for weights in units of their scales, found exactly: where one of two levels
// becomes the nearer one is a multiple of half a code, so weights between two such multiples share their
// level, and only the sums of cells of half a code matter. With the sums of runs of cells at hand,
// dynamic programming finds the best at most steps runs, one of which, maybe empty, has level 0.
func nuqLevels(w, scales []float32, steps int) []int8 {
	// m0, m1 and m2 are sums over the cells before one of 1, x and x*x, weighted by the square of the scale:
	// the error counts in numbers, not in codes.
	var m0, m1, m2 [nuqCells + 1]float64
	per := len(w) / len(scales)
	for i, v := range w {
		s := float64(scales[i/per])
		x, mass := float64(v)/s, float64(s*s)
		k := int(min(max(math.Floor(2*x)+nuqCells/2, 0), nuqCells-1)) + 1
		m0[k] += mass
		m1[k] += float64(mass * x)
		m2[k] += float64(float64(mass*x) * x)
	}
	for k := range nuqCells {
		m0[k+1], m1[k+1], m2[k+1] = m0[k+1]+m0[k], m1[k+1]+m1[k], m2[k+1]+m2[k]
	}
	level := func(a, b int) float64 { // the best one of cells [a, b)
		if m0[b] == m0[a] {
			return 0
		}
		return min(max(math.RoundToEven((m1[b]-m1[a])/(m0[b]-m0[a])), -128), 127)
	}
	cost := func(a, b int) float64 {
		c := level(a, b)
		return m2[b] - m2[a] - float64(2*c*(m1[b]-m1[a])) + float64(c*c*(m0[b]-m0[a]))
	}
	type choice struct {
		from int  // the last run begins there
		zero bool // it has level 0
	}
	type row [nuqCells + 1]float64
	// free[j] is the least error of the cells before j with runs of any level, with[j] that with a run of level 0 among
	// them, so many runs as the round counts.
	var free, with row
	freeFrom := make([][nuqCells + 1]int, steps+1)
	withFrom := make([][nuqCells + 1]choice, steps+1)
	for j := range free {
		free[j], with[j] = math.Inf(1), math.Inf(1)
	}
	free[0] = 0
	var costs [nuqCells + 1]row
	for a := range nuqCells {
		for b := a; b <= nuqCells; b++ {
			costs[a][b] = cost(a, b)
		}
	}
	for s := 1; s <= steps; s++ {
		var nextFree, nextWith row
		for j := range nuqCells + 1 {
			nextFree[j], nextWith[j] = math.Inf(1), math.Inf(1)
			for i := range j + 1 {
				if e := free[i] + costs[i][j]; e < nextFree[j] {
					nextFree[j], freeFrom[s][j] = e, i
				}
				if e := with[i] + costs[i][j]; e < nextWith[j] {
					nextWith[j], withFrom[s][j] = e, choice{i, false}
				}
				if e := free[i] + (m2[j] - m2[i]); e < nextWith[j] {
					nextWith[j], withFrom[s][j] = e, choice{i, true}
				}
			}
		}
		free, with = nextFree, nextWith
	}
	levels := []int8{0}
	zero := false
	for s, j := steps, nuqCells; s > 0; s-- {
		from := choice{freeFrom[s][j], false}
		if !zero {
			from = withFrom[s][j]
		}
		zero = zero || from.zero
		if !from.zero && m0[j] > m0[from.from] {
			levels = append(levels, int8(level(from.from, j)))
		}
		j = from.from
	}
	slices.Sort(levels)
	return slices.Compact(levels)
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
