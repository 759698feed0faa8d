package ir_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
)

// TestDigests: names do not count, everything that a value depends on does, and nothing else.
func TestDigests(t *testing.T) {
	of := func(text string) map[string]string {
		f := parse(t, text).Main()
		d := ir.DigestsOf(f)
		out := make(map[string]string)
		for i, n := range f.Nodes {
			out["node "+string(rune('0'+i))] = d.Node[n]
			out[string(rune('0'+i))] = d.Value[n.Result()]
		}
		return out
	}
	base := of(two)
	for _, c := range []struct{ old, new, changed string }{
		{"@c", "@cc", ""},
		{"%b", "%other", ""},
		{`"add", "other"`, `"sum"`, ""},
		{"max = 6", "max = 7", "123 node 1"},
		{"@c : tensor<4xf32> = [1, 2", "@c : tensor<4xf32> = [1, 3", "0123 node 0"},
		{"%x, @c", "%z, @c", "0123"},
		{"scale=0.5", "scale=0.25", "23 node 2"},
		{"%z, @d", "%x, @d", "4"},
	} {
		got := of(strings.ReplaceAll(two, c.old, c.new))
		for k, d := range got {
			if want := strings.Contains(c.changed, k); want != (d != base[k]) {
				t.Errorf("%s -> %s: digest %s changed: %v", c.old, c.new, k, d != base[k])
			}
		}
	}
	if base["0"] == base["4"] {
		t.Error("sums of different parameters have one digest")
	}
}
