package ascend_test

import (
	"context"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

// mobileNet is MobileNetV2 for images of the given side, with random weights, at the integer stage.
func (n *network) mobileNet(side int) {
	x := n.node("q.quantize", ir.Quantized(ir.PerTensor(.02, -3)), nil, n.b.Param("x", ir.Float(1, 3, side, side)))
	conv := func(outs, group, k, stride int, relu bool) {
		const zero = -10
		p := k / 2
		a := ir.AttrsOf("pad", []int{p, p, p, p}, "stride", []int{stride, stride}, "dilation", []int{1, 1}, "group", group)
		if relu {
			a = append(a, ir.AttrsOf("clip", []int{zero, 127})...)
		}
		x = n.node("q.conv2d", ir.Quantized(ir.PerTensor(.5, zero)), a, x, n.weights(outs, x.Type.Shape[1]/group, k, k), n.bias(outs))
	}
	conv(32, 1, 3, 2, true)
	for _, b := range []struct{ expand, outs, times, stride int }{{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}} {
		for i := range b.times {
			from, stride := x, b.stride
			if i > 0 {
				stride = 1
			}
			inner := x.Type.Shape[1] * b.expand
			if b.expand > 1 {
				conv(inner, 1, 1, 1, true)
			}
			conv(inner, inner, 3, stride, true)
			conv(b.outs, 1, 1, 1, false)
			if i > 0 {
				x = n.node("q.add", ir.Quantized(ir.PerTensor(.6, 4)), nil, from, x)
			}
		}
	}
	conv(1280, 1, 1, 1, true)
	x = n.node("q.avg_pool2d", ir.Quantized(ir.PerTensor(.3, 4)), ir.AttrsOf("kernel", x.Type.Shape[2:]), x)
	x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{1, 1280}), x)
	x = n.node("q.dense", ir.Float(), nil, x, n.weights(1000, 1280), n.bias(1000))
	n.b.Func.Results = append(n.b.Func.Results, n.node("nn.softmax", ir.Type{}, ir.AttrsOf("axis", 1), x))
}

// TestMobileNetTiming holds the program of a whole network near one core's memory roof, which bounds it.
func TestMobileNetTiming(t *testing.T) {
	n := newNetwork(t, 1)
	n.mobileNet(224)
	in := map[string][]byte{"x": n.inputs(1)[0].Bytes()}
	for _, soc := range socs[:1] {
		d, err := ascend.Describe(soc)
		if err != nil {
			t.Fatal(err)
		}
		p, consts, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if text := p.String(); len(text) > 1<<19 {
			t.Errorf("%s: the program's text has %d bytes", soc, len(text))
		}
		r, err := sim.Run(context.Background(), p, consts, d, in, sim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r.Report())
		roof := r.GMBytes() / int64(d.GMRate)
		if 100*roof < 80*r.Cycles {
			t.Errorf("%s: %d cycles, the memory's roof is %d", soc, r.Cycles, roof)
		}
		// The products are not bound by the cube's loads.
		if r.Busy("aic0", target.PipeMTE1) > r.Busy("aic0", target.PipeMTE2) {
			t.Errorf("%s: more time for loads from L1 than for loads from global memory", soc)
		}
	}
}
