package ascend_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

// TestFlagsAreNeeded drops every flag and synchronization of small programs on two cores, one at a time: the simulator catches all of them.
func TestFlagsAreNeeded(t *testing.T) {
	networks := map[string]func(n *network) *ir.Value{
		"tables of blocks": func(n *network) *ir.Value {
			return n.node("q.table", ir.Type{}, nil, n.codes("x", .1, 3, 1, 330, 3, 3), n.tables(330))
		},
		"tables of strips": func(n *network) *ir.Value {
			return n.node("q.table", ir.Type{}, nil, n.codes("x", .1, 3, 2, 33, 24, 24), n.tables(33))
		},
		"tables of columns": func(n *network) *ir.Value {
			return n.node("q.table", ir.Type{}, nil, n.codes("x", .1, 3, 5, 330), n.tables(330))
		},
		"arg-max": func(n *network) *ir.Value {
			return n.node("nn.argmax", ir.Type{}, ir.AttrsOf("axis", 1), n.codes("x", .1, 3, 1, 70, 30, 30))
		},
		"products": func(n *network) *ir.Value {
			x, w := n.codes("x", .02, 0, 6, 9, 40), n.codes("w", .02, 0, 6, 40, 7)
			return n.node("q.matmul", ir.Quantized(ir.PerTensor(.1, 3)), nil, x, w)
		},
	}
	for name, build := range networks {
		n := newNetwork(t, 1)
		n.b.Func.Results = append(n.b.Func.Results, build(n))
		d, err := ascend.Describe("ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		p, consts, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{Cores: 2})
		if err != nil {
			t.Fatal(err)
		}
		in := map[string][]byte{}
		for i, x := range n.inputs(1) {
			in[n.b.Func.Params[i].Name] = x.Bytes()
		}
		lines, dropped := strings.Split(p.String(), "\n"), 0
		for i, line := range lines {
			what := strings.TrimSpace(line)
			if !strings.HasPrefix(what, "set_flag") && !strings.HasPrefix(what, "wait_flag") && !strings.HasPrefix(what, "sync_all") {
				continue
			}
			dropped++
			without, err := target.ParseProgram([]byte(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "\n")))
			if err != nil {
				continue
			}
			if _, err := sim.Run(context.Background(), without, consts, d, in, sim.Options{}); err == nil {
				t.Errorf("%s: without line %d, %s, nothing is wrong", name, i+1, what)
			}
		}
		if t.Logf("%s: %d", name, dropped); dropped < 50 {
			t.Errorf("%s has %d flags and synchronizations", name, dropped)
		}
	}
}
