package main

import (
	"math"
	"slices"

	"github.com/amctc/amctc/testdata/contender"
)

// summary tells rounds of times apart from each other.
func summary(rounds []float64) (median, low, high float64) {
	v := slices.Clone(rounds)
	return contender.Median(v), v[0], v[len(v)-1]
}

// ratio is the median over the rounds of peer/ours. Rounds that stand side by side saw the same
// machine.
func ratio(peer, ours []float64) float64 {
	v := make([]float64, min(len(peer), len(ours)))
	for i := range v {
		v[i] = peer[i] / ours[i]
	}
	return contender.Median(v)
}

// distance is |a-b|/|b|.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	num, den := 0.0, 1e-24
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		num += d * d
		den += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(num / den)
}
