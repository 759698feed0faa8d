package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// heading stands above the rows.
func heading(w io.Writer) {
	fmt.Fprintf(w, "%-18s %-12s %12s %25s %9s %8s %9s\n", "network", "contender", "µs a call", "least to greatest", "ratio", "allocs", "distance")
}

// rows prints one network. The ratio is the contender's time over ours.
func rows(w io.Writer, r result) {
	for _, m := range r.Contenders {
		if m.Failed != "" {
			fmt.Fprintf(w, "%-18s %-12s cannot run it: %s\n", r.Network, m.Contender, shorten(m.Failed, 100))
			continue
		}
		far := ""
		if m.Distance != nil {
			far = fmt.Sprintf("%.4f", *m.Distance)
		}
		fmt.Fprintf(w, "%-18s %-12s %12.1f %25s %9.3f %8.1f %9s\n", r.Network, m.Contender, m.Median/1e3,
			fmt.Sprintf("%.1f to %.1f", m.Min/1e3, m.Max/1e3), m.Ratio, m.Allocs, far)
	}
}

// operators are counts in words, the names in order.
func operators(ops map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(ops)) {
		parts = append(parts, fmt.Sprintf("%d %s", ops[name], name))
	}
	return strings.Join(parts, ", ")
}

func shorten(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
