package amctc_test

import (
	"math"
	"testing"
	"time"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
)

// TestBench holds what a benchmark says about a network, whatever the machine: shares make a whole, sums
// are those of the layers, multiply-adds those of the graph.
func TestBench(t *testing.T) {
	c, float := calibrated(t, "mobilenet", 2)
	integer, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*ir.Module{float, integer} {
		r, err := amctc.Bench(t.Context(), m, amctc.BenchOptions{For: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		var want int64
		for _, n := range m.Main().Nodes {
			want += report.MACs(n)
		}
		var macs int64
		var sum, share float64
		for _, l := range r.Layers {
			macs, sum, share = macs+l.MACs, sum+l.Seconds, share+l.Share
			if l.Layer == "" || l.Kernel == "" || l.Bound == "" || l.Bytes <= 0 || l.MACs > 0 && (l.OfPeak > 0) != (r.OfPeak > 0) {
				t.Errorf("%+v", l)
			}
		}
		if macs != want || r.MACs != want {
			t.Errorf("%d multiply-adds, layers have %d, want %d", r.MACs, macs, want)
		}
		if math.Abs(share-1) > 1e-9 || math.Abs(sum-r.Sum) > 1e-12 || r.Runs < 1 || r.Threads != 1 {
			t.Errorf("shares add up to %g, times to %g of %g, %d runs, %d threads", share, sum, r.Sum, r.Runs, r.Threads)
		}
	}
}
