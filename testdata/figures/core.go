package main

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// benchLine is a line of a benchmark that reports percent of a peak.
var benchLine = regexp.MustCompile(`(?m)^BenchmarkTile/(\S+?)/K=(\d+)(?:-\d+)?\s.*?\s([\d.]+) %peak\s+([\d.]+) Gmac/s`)

// core is a row about the matrix kernel of an instruction set: percent of the peak of the core, for 256
// taps and more, the median of contestRounds runs of each.
func core(isa string, required float64) func(context.Context, *bench) (string, bool, error) {
	return func(ctx context.Context, b *bench) (string, bool, error) {
		text, err := output(ctx, b.root, nil, "go", "test", "-run", "^$", "-bench", "Tile/"+isa+"$/", "-count", fmt.Sprint(contestRounds), "./runtime/rt")
		if err != nil {
			return "", false, err
		}
		shares, rates := map[int][]float64{}, map[int][]float64{}
		for _, m := range benchLine.FindAllStringSubmatch(string(text), -1) {
			k, _ := strconv.Atoi(m[2])
			share, _ := strconv.ParseFloat(m[3], 64)
			rate, _ := strconv.ParseFloat(m[4], 64)
			shares[k], rates[k] = append(shares[k], share), append(rates[k], rate)
		}
		least := math.Inf(1)
		var parts []string
		for _, k := range []int{256, 512, 1152, 2304, 4608} {
			if len(shares[k]) != contestRounds {
				return "", false, fmt.Errorf("%d runs of %s with %d taps", len(shares[k]), isa, k)
			}
			slices.Sort(shares[k])
			slices.Sort(rates[k])
			mid := contestRounds / 2
			least = min(least, shares[k][mid])
			parts = append(parts, fmt.Sprintf("K=%d %.1f %% (%.1f to %.1f), %.0f G multiply-adds/s", k, shares[k][mid], shares[k][0], shares[k][contestRounds-1], rates[k][mid]))
		}
		return strings.Join(parts, "; "), least >= required, nil
	}
}
