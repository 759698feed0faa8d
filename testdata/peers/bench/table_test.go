package main

import (
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	far := 0.0125
	var b strings.Builder
	heading(&b)
	rows(&b, result{Network: "net", Contenders: []measured{
		{Contender: "amctc", Median: 1500, Min: 1400, Max: 1600, Ratio: 1, Distance: &far},
		{Contender: "other", Median: 3000, Min: 2900, Max: 3100, Ratio: 2, Allocs: 7},
		{Contender: "third", Failed: "no such operator"},
	}})
	lines := strings.Split(b.String(), "\n")
	for i, want := range [][]string{
		{"network", "contender", "ratio"},
		{"net", "amctc", "1.5", "1.4", "to", "1.6", "1.000", "0.0", "0.0125"},
		{"net", "other", "3.0", "2.9", "to", "3.1", "2.000", "7.0"},
		{"net", "third", "cannot run it: no such operator"},
	} {
		rest := lines[i]
		for _, w := range want {
			_, after, ok := strings.Cut(rest, w)
			if !ok {
				t.Errorf("line %q lacks %q", lines[i], w)
			}
			rest = after
		}
	}
}

func TestOperators(t *testing.T) {
	if got := operators(map[string]int{"b": 2, "a": 1}); got != "1 a, 2 b" {
		t.Errorf("got %q", got)
	}
}
