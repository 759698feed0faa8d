package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

// TestArgMax finds indices in lines along every axis of images and other tensors, with many equal codes, and leaves none of it to the host where the part
// reduces float32.
func TestArgMax(t *testing.T) {
	shapes := [][]int{{2, 21, 30, 31}, {3, 70, 9, 9}, {2, 33, 5, 7}, {1, 10}, {1, 1000}, {5, 3000}, {300, 10}, {90, 65}, {1, 16000}, {2, 5, 3, 40}}
	for seed := range uint64(32) {
		n := newNetwork(t, seed)
		shape := n.shape()
		axis := n.IntN(len(shape))
		if seed < uint64(len(shapes)) {
			shape, axis = shapes[seed], 1
		}
		x := n.codes("x", n.scale(), n.offset(), shape...)
		if seed%2 == 0 { // few codes, so that many are equal
			x = n.node("q.clip", ir.Type{}, ir.AttrsOf("clip", [][]int{{-128, -128}, {127, 127}, {-3, 2}, {100, 127}}[n.IntN(4)]), x)
		}
		attrs := ir.AttrsOf("axis", axis, "keep", n.IntN(2) == 0, "last", n.IntN(2) == 0, "least", n.IntN(2) == 0)
		for soc, r := range n.agreesOnCores(n.node("nn.argmax", ir.Type{}, attrs, x)) {
			d, err := ascend.Describe(soc)
			if err != nil {
				t.Fatal(err)
			}
			if ranks := d.VecOp("vreduce.whole", target.F32) != nil; ranks != (r.Host == 0) {
				t.Errorf("%s: axis %d of %v has %d host steps", soc, axis, shape, r.Host)
			}
		}
	}
}

// TestArgMaxTooLong leaves lines that UB does not hold to the host.
func TestArgMaxTooLong(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.codes("x", 1, 0, 2, 70000)
	for soc, r := range n.agreesOnCores(n.node("nn.argmax", ir.Type{}, ir.AttrsOf("axis", 1), x)) {
		if r.Host != 1 {
			t.Errorf("%s: %d host steps", soc, r.Host)
		}
	}
}
