package ascend_test

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

var coreGraphs = flag.Uint64("graphs.cores", 60, "number of random graphs on several cores")

// TestRandomGraphsOnCores compares every tensor of random networks whose work several cores share.
func TestRandomGraphsOnCores(t *testing.T) {
	for seed := range *coreGraphs {
		_, m, err := passtest.Quantized(seed, socs[0])
		if err != nil {
			t.Fatal(err)
		}
		if m == nil {
			continue
		}
		in := irtest.RandomInputs(m.Main(), seed+3000, 1+int(seed%3)/2)
		soc := socs[seed%uint64(len(socs))]
		d, err := ascend.Describe(soc)
		if err != nil {
			t.Fatal(err)
		}
		cores := min(d.AIC, []int{2, 3, 7, d.AIC}[seed/uint64(len(socs))%4])
		if _, err := compareCores(m, d, in, cores); err != nil {
			t.Errorf("seed %d, %s, %d cores: %v", seed, soc, cores, err)
		}
	}
}

// TestMobileNetOnCores wants the same bytes from any number of cores, in fewer cycles from more, and never more bytes in a cycle than the chip moves.
func TestMobileNetOnCores(t *testing.T) {
	n := newNetwork(t, 1)
	n.mobileNet(96)
	in := map[string][]byte{"x": n.inputs(1)[0].Bytes()}
	d, err := ascend.Describe("ascend910b3")
	if err != nil {
		t.Fatal(err)
	}
	want, cycles := "", int64(0)
	for _, cores := range []int{1, 2, 4, d.AIC} {
		p, consts, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{Cores: cores})
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		show := func(name string, _ target.Type, shape []int, data []byte) { all += fmt.Sprintln(name, shape, data) }
		r, err := sim.Run(context.Background(), p, consts, d, in, sim.Options{Probe: show})
		if err != nil {
			t.Fatalf("%d cores: %v", cores, err)
		}
		t.Logf("%d cores: %d cycles", cores, r.Cycles)
		if want == "" {
			want, cycles = all, 2*r.Cycles
		}
		if all != want {
			t.Errorf("%d cores give other bytes than one", cores)
		}
		if r.Cycles >= cycles {
			t.Errorf("%d cores take %d cycles", cores, r.Cycles)
		}
		cycles = r.Cycles
		if roof := r.GMBytes() / int64(d.SharedRate()); r.Cycles < roof {
			t.Errorf("%d cores: %d cycles, the chip's memory needs %d", cores, r.Cycles, roof)
		}
	}
}

// TestSamplesOnCores divides samples whose results do not end at blocks of 32 bytes: sums of a convolution, and images that become rows.
func TestSamplesOnCores(t *testing.T) {
	for seed := range uint64(24) {
		n := newNetwork(t, seed)
		side, outs := 1+2*n.IntN(4), 1+2*n.IntN(20)
		x := n.image(2+n.IntN(40), n.size(), side, side)
		var y *ir.Value
		if seed%2 == 0 {
			y = n.node("q.conv2d", ir.Float(), nil, x, n.weights(outs, x.Type.Shape[1], 1, 1), n.bias(outs))
		} else {
			y = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{x.Type.Shape[0], -1}), x)
		}
		for soc, r := range n.agreesOnCores(y) {
			if r.Host != 0 {
				t.Errorf("seed %d, %s: %d host steps", seed, soc, r.Host)
			}
		}
	}
}

// TestManySamples wants samples of odd sizes to be divided: all cores take less than half the cycles of one.
func TestManySamples(t *testing.T) {
	for _, name := range []string{"nn.reshape", "q.conv2d"} {
		n := newNetwork(t, 3)
		x := n.codes("x", .1, 3, 96, 17, 9, 9)
		var y *ir.Value
		if name == "nn.reshape" { // from an image, not from the row-major bytes of a parameter
			x = n.node("q.clip", ir.Type{}, ir.AttrsOf("clip", []int{-100, 100}), x)
			y = n.node(name, ir.Type{}, ir.AttrsOf("shape", []int{96, -1}), x)
		} else {
			y = n.node(name, ir.Float(), nil, x, n.weights(33, 17, 1, 1), n.bias(33))
		}
		n.b.Func.Results = append(n.b.Func.Results, y)
		d, err := ascend.Describe("ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		in := n.inputs(1)
		one, err := compareCores(n.m, d, in, 1)
		if err != nil {
			t.Fatal(err)
		}
		all, err := compareCores(n.m, d, in, d.AIC)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d cycles on one core, %d on %d", name, one.Cycles, all.Cycles, d.AIC)
		if 2*all.Cycles >= one.Cycles {
			t.Errorf("%s: %d cycles on one core, %d on %d", name, one.Cycles, all.Cycles, d.AIC)
		}
	}
}
