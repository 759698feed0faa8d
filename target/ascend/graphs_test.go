package ascend_test

import (
	"flag"
	"testing"

	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/passes/passtest"
)

var graphs = flag.Int("graphs", 60, "number of random graphs")

// TestRandomGraphs lowers quantized random networks and compares every tensor.
func TestRandomGraphs(t *testing.T) {
	used := map[string]int{}
	for seed := range uint64(*graphs) {
		_, m, err := passtest.Quantized(seed, socs[0])
		if err != nil {
			t.Fatal(err)
		}
		if m == nil {
			continue
		}
		for _, n := range m.Main().Nodes {
			used[n.Op.Name]++
		}
		in := irtest.RandomInputs(m.Main(), seed+2000, 1+int(seed%3)/2)
		for _, soc := range parts(seed) {
			if _, err := compare(m, soc, in); err != nil {
				t.Errorf("seed %d, %s: %v", seed, soc, err)
			}
		}
	}
	t.Log(used)
}
