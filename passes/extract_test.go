package passes_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

const shortcut = `amir 1
const @w : tensor<2x2xf32> = [1, 2, 3, 4]
func @main(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>) attributes {stage = float} {
  %a = nn.dense %x, @w : tensor<1x2xf32>
  %b = nn.relu %a : tensor<1x2xf32>
  %c = nn.dense %b, @w : tensor<1x2xf32>
  %d = nn.add %c, %a : tensor<1x2xf32>
  %e = nn.relu %d : tensor<1x2xf32>
  return %e
}`

// TestExtract takes parts out of a network with a shortcut.
func TestExtract(t *testing.T) {
	m, l := parser.Parse("test", []byte(shortcut))
	if l.HasErrors() {
		t.Fatal(l)
	}
	for _, c := range []struct {
		from, to string
		nodes    int
		problem  string
	}{
		{"x", "e", 5, ""}, {"a", "e", 4, ""}, {"a", "b", 1, ""}, {"x", "a", 1, ""},
		{"b", "d", 0, "depends on %x"}, {"c", "b", 0, "depends on %x"}, {"a", "a", 0, "nothing lies"}, {"q", "a", 0, "no values"},
	} {
		part, err := passes.Extract(m, c.from, c.to)
		switch {
		case c.problem != "":
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s to %s: %v, want %q", c.from, c.to, err, c.problem)
			}
		case err != nil:
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		case len(part.Main().Nodes) != c.nodes || part.Main().Params[0].Name != c.from || part.Main().Results[0].Name != c.to:
			t.Errorf("%s to %s: %d nodes\n%s", c.from, c.to, len(part.Main().Nodes), ir.Print(part))
		}
	}
}
