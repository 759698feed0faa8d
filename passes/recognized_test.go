package passes_test

import (
	"context"
	"os"
	"testing"

	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

// TestRecognizeIsBounded holds every function that recognize puts together to what is promised of it.
func TestRecognizeIsBounded(t *testing.T) {
	const path = "../testdata/passes/recognize.amir"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, l := parser.Parse(path, text)
	if l.HasErrors() {
		t.Fatal(l.Err())
	}
	c := passes.NewContext(context.Background(), op.All())
	c.Validate = &passes.Validation{}
	var g passes.Manager
	if _, err := g.Run(c, m, passes.Simplify); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for _, n := range m.Main().Nodes {
		found[n.Op.Name]++
	}
	for _, name := range []string{"nn.swish", "nn.hard_swish", "nn.gelu", "nn.gelu_tanh", "nn.normalize", "nn.softmax", "nn.log_softmax"} {
		if found[name] == 0 {
			t.Errorf("no %s was recognized", name)
		}
	}
	if v := c.Validate; v.Values == 0 || v.Unbounded > 0 {
		t.Errorf("%d values compared, %d without a bound", v.Values, v.Unbounded)
	}
}
