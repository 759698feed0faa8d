package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

// agreesOnCores compares interpreter and simulator on every node result, on one core and on several, and gives the last result of each
// of the network's parts.
func (n *network) agreesOnCores(last *ir.Value) map[string]*sim.Result {
	n.t.Helper()
	n.agrees(last)
	in, out := n.inputs(1), map[string]*sim.Result{}
	for i, soc := range n.parts {
		d, err := ascend.Describe(soc)
		if err != nil {
			n.t.Fatal(err)
		}
		for _, cores := range []int{2 + n.IntN(2+3*i), d.AIC} {
			cores = min(cores, d.AIC)
			r, err := compareCores(n.m, d, in, cores)
			if err != nil {
				n.t.Fatalf("%s, %d cores: %v\n%s", soc, cores, err, ir.Print(n.m))
			}
			out[soc] = r
		}
	}
	return out
}

// tables is a constant with a table for each of so many channels.
func (n *network) tables(channels int) *ir.Value {
	return n.constant(ir.Quantized(ir.PerTensor(n.scale(), n.offset()), channels, 256), func() int { return n.IntN(256) - 128 })
}

// TestTables looks codes up in a table for each channel, in images, matrices and tensors of other ranks. Parts that gather leave none of it to the host.
func TestTables(t *testing.T) {
	shapes := [][]int{{2, 40, 30, 50}, {3, 96, 5, 7}, {1, 33, 60, 70}, {50, 3}, {7, 100}, {1, 2000}, {600, 64}, {2, 9, 100}, {2, 3, 2, 4, 5}, {1, 70, 1}}
	for seed := range uint64(28) {
		n := newNetwork(t, seed)
		shape := n.shape()
		switch {
		case seed < uint64(len(shapes)):
			shape = shapes[seed]
		case len(shape) < 2 || seed%3 == 0:
			shape = []int{n.size(), n.size()}
		}
		x := n.codes("x", n.scale(), n.offset(), shape...)
		for soc, r := range n.agreesOnCores(n.node("q.table", ir.Type{}, nil, x, n.tables(shape[1]))) {
			d, err := ascend.Describe(soc)
			if err != nil {
				t.Fatal(err)
			}
			if gathers := d.VecOp("vgather", target.F16) != nil; gathers != (r.Host == 0) {
				t.Errorf("%s: %v has %d host steps", soc, shape, r.Host)
			}
		}
	}
}
