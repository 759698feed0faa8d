package ascend_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

// lowers gives the codes with which the network is refused.
func (n *network) lowers(soc string, result *ir.Value) []string {
	n.t.Helper()
	if result != nil {
		n.b.Func.Results = append(n.b.Func.Results, result)
	}
	d, err := ascend.Describe(soc)
	if err != nil {
		n.t.Fatal(err)
	}
	_, _, err = ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
	var l *diag.List
	if err != nil && !errors.As(err, &l) {
		n.t.Fatalf("the error is a %T", err)
	}
	var out []string
	if l != nil {
		for _, x := range l.Sorted() {
			out = append(out, string(x.Code))
			if _, ok := diag.Explain(string(x.Code)); !ok {
				n.t.Errorf("%s is not documented", x.Code)
			}
		}
	}
	return out
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("refused with %v, want %v", got, want)
	}
}

func TestRefused(t *testing.T) {
	typ := ir.Quantized(ir.PerTensor(1, 0))
	window := func(pad, stride, dilation int) ir.Attrs {
		return ir.AttrsOf("pad", []int{pad, pad, pad, pad}, "stride", []int{stride, stride}, "dilation", []int{dilation, dilation}, "group", 1)
	}
	for _, soc := range ascend.Names() {
		d, err := ascend.Describe(soc)
		if err != nil {
			t.Fatal(err)
		}
		if err := ascend.CanLower(d); err != nil {
			t.Error(err)
		}
		// Without its way out of L0C, no part can requantize.
		d = small(t, soc, 0)
		d.Fixpipe.Modes = nil
		d.Paths = slices.DeleteFunc(d.Paths, func(p target.Path) bool { return p.Name == "l0c-ub" })
		n := newNetwork(t, 1)
		n.node("q.clip", ir.Type{}, nil, n.codes("x", 1, 0, 1, 32))
		_, _, err = ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
		if err == nil || !strings.Contains(err.Error(), "T101") || !strings.Contains(err.Error(), soc) {
			t.Errorf("%s without a way out of L0C: %v", soc, err)
		}
		d = small(t, soc, 0)
		d.AICPipes, d.AIVPipes = slices.DeleteFunc(d.AICPipes, func(p target.Pipe) bool { return p == target.PipeV }), nil
		if err := ascend.CanLower(d); err == nil || !strings.Contains(err.Error(), "T101") {
			t.Errorf("%s without vector unit: %v", soc, err)
		}
	}

	n := newNetwork(t, 1)
	f := n.node("q.fake", ir.Type{}, ir.AttrsOf("scale", []float32{1}, "offset", []int{0}, "axis", -1), n.b.Param("x", ir.Float(1, 4)))
	expect(t, n.lowers("ascend910b3", f), "T102")

	// A kernel side and a stride that img2col has no field for: both nodes are named.
	n = newNetwork(t, 1)
	x := n.image(1, 1, 300, 300)
	a := n.node("q.conv2d", typ, window(0, 1, 1), x, n.weights(1, 1, 256, 2), n.bias(1))
	b := n.node("q.conv2d", typ, window(0, 64, 1), x, n.weights(1, 1, 1, 1), n.bias(1))
	n.b.Func.Results = append(n.b.Func.Results, a)
	expect(t, n.lowers("ascend910b3", b), "T104", "T104")

	n = newNetwork(t, 1)
	wide := n.image(1, 32, 2, 9000)
	expect(t, n.lowers("ascend910b3", n.node("q.conv2d", typ, window(0, 1, 1), wide, n.weights(32, 32, 2, 250), n.bias(32))), "T103")

	n = newNetwork(t, 1)
	bias := n.constant(ir.TensorType(tensor.I32, 1), func() int { return 1<<31 - 1 })
	narrow := ir.Quantized(&ir.Quant{Axis: -1, Block: 1, Scale: []float32{1}, Offset: []int32{0}}, 1, 32) // only code 0
	expect(t, n.lowers("ascend910b3", n.node("q.dense", typ, nil, n.b.Param("x", narrow), n.weights(1, 32), bias)), "T105")

	expect(t, newNetwork(t, 1).lowers("ascend910b3", nil), "T106")

	n = newNetwork(t, 1)
	p := n.b.Param("x", ir.TensorType(tensor.I32, 4))
	expect(t, n.lowers("ascend910b3", p), "T107")
}
