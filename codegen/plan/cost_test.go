package plan_test

import (
	"testing"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes/passtest"
)

// TestCost holds the multiply-adds of plans against those that the report counts on the graph, and the
// bytes against bounds: at least the weights, at most all slices of the step.
func TestCost(t *testing.T) {
	counted := 0
	for seed := range uint64(120) {
		float, integer, err := passtest.Quantized(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		if integer == nil {
			continue
		}
		for _, m := range []*ir.Module{float, integer} {
			for _, near := range []int{0, 1} {
				p, err := plan.Build(m, m.Main(), plan.Options{Near: near})
				if err != nil {
					t.Fatal(err)
				}
				var got, want int64
				for _, n := range m.Main().Nodes {
					want += report.MACs(n)
				}
				for i := range p.Steps {
					s := &p.Steps[i]
					c := p.Cost(s)
					got += c.MACs
					most := c.Weights
					for _, slot := range s.Slots {
						most += int64(p.Len(slot) * p.Kind(slot).Size())
					}
					if c.Moved < c.Weights || c.Moved > most || c.Moved == 0 {
						t.Errorf("seed %d, %s of %s: %d bytes are moved, %d of them weights, of %d", seed, s.Describe(), p.Layer(s), c.Moved, c.Weights, most)
					}
				}
				if got != want {
					t.Errorf("seed %d: %d multiply-adds in the plan, %d in the graph\n%s", seed, got, want, p)
				}
				if got > 0 {
					counted++
				}
			}
		}
	}
	if counted < 200 {
		t.Errorf("only %d plans have multiply-adds", counted)
	}
}
