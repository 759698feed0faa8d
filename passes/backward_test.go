package passes_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
)

// A differentiable is one node over operands that are parameters. Values of fixed operands are
// constants.
type differentiable struct {
	op    string
	attrs ir.Attrs
	in    [][]int // shapes of the operands
	fixed []int   // operands that are no variables
	at    []int64 // of an operand that holds indices
	// domain changes a drawn number so that no kink lies within a step of it.
	domain func(operand int, v float32) float32
}

func away(from ...float32) func(int, float32) float32 {
	return func(_ int, v float32) float32 {
		for _, k := range from {
			if d := v - k; d > -0.05 && d < 0.05 {
				return v + 0.2
			}
		}
		return v
	}
}

// apart gives multiples of 0.1, each once, so that the order of numbers does not change within a step.
func apart() func(int, float32) float32 {
	k := 0
	return func(int, float32) float32 {
		k++
		return float32(k*37%101) / 10
	}
}

var differentiables = []differentiable{
	{op: "nn.conv2d", in: [][]int{{2, 3, 5, 6}, {4, 3, 3, 2}, {4}}, attrs: ir.AttrsOf("pad", []int{1, 0, 2, 1}, "stride", []int{2, 1})},
	{op: "nn.conv2d", in: [][]int{{2, 4, 6, 5}, {6, 2, 3, 3}}, attrs: ir.AttrsOf("pad", []int{1, 1, 1, 1}, "group", 2, "dilation", []int{1, 2})},
	{op: "nn.conv2d", in: [][]int{{1, 4, 7, 7}, {4, 1, 3, 3}, {4}}, attrs: ir.AttrsOf("pad", []int{1, 1, 1, 1}, "group", 4, "stride", []int{2, 2})},
	{op: "nn.dense", in: [][]int{{3, 5}, {4, 5}, {4}}},
	{op: "nn.dense", in: [][]int{{2, 3, 5}, {4, 5}, {4}}},
	{op: "nn.add", in: [][]int{{2, 3, 4}, {3, 1}}},
	{op: "nn.mul", in: [][]int{{2, 3, 4}, {1, 4}}},
	{op: "nn.relu", in: [][]int{{3, 7}}, domain: away(0)},
	{op: "nn.clip", in: [][]int{{3, 7}}, attrs: ir.AttrsOf("min", float32(-0.5), "max", float32(0.75)), domain: away(-0.5, 0.75)},
	{op: "nn.max_pool2d", in: [][]int{{2, 2, 5, 5}}, attrs: ir.AttrsOf("kernel", []int{3, 2}, "pad", []int{1, 0, 1, 1}, "stride", []int{2, 2}), domain: apart()},
	{op: "nn.avg_pool2d", in: [][]int{{2, 2, 5, 5}}, attrs: ir.AttrsOf("kernel", []int{3, 2}, "pad", []int{1, 0, 1, 1}, "stride", []int{1, 2})},
	{op: "nn.avg_pool2d", in: [][]int{{2, 2, 5, 5}}, attrs: ir.AttrsOf("kernel", []int{2, 2}, "pad", []int{1, 0, 1, 1}, "include_pad", true)},
	{op: "nn.max_unpool2d", in: [][]int{{2, 1, 2, 2}, {2, 1, 2, 2}}, attrs: ir.AttrsOf("size", []int{3, 4}), at: []int64{1, 2, 11, 7, 0, 5, 6, 99}},
	{op: "nn.max_unpool2d", in: [][]int{{2, 1, 2, 2}, {2, 1, 2, 2}}, attrs: ir.AttrsOf("size", []int{3, 4}, "whole", true), at: []int64{1, 2, 11, 7, 12, 15, 23, 13}},
	{op: "nn.concat", in: [][]int{{2, 3, 2}, {2, 1, 2}}, attrs: ir.AttrsOf("axis", 1)},
	{op: "nn.pad", in: [][]int{{2, 3}}, attrs: ir.AttrsOf("pad", []int{1, 0, 2, 1}, "value", float32(0.5))},
	{op: "nn.reshape", in: [][]int{{2, 6}}, attrs: ir.AttrsOf("shape", []int{3, 4})},
	{op: "nn.transpose", in: [][]int{{2, 3, 4}}, attrs: ir.AttrsOf("perm", []int{2, 0, 1})},
	{op: "nn.matmul", in: [][]int{{2, 3, 4}, {4, 2}}},
	{op: "nn.matmul", in: [][]int{{3, 4}, {2, 4, 2}}},
	{op: "nn.softmax", in: [][]int{{2, 5, 2}}, attrs: ir.AttrsOf("axis", 1)},
	{op: "nn.log_softmax", in: [][]int{{2, 5, 2}}, attrs: ir.AttrsOf("axis", 1)},
	{op: "nn.take", in: [][]int{{2, 4, 3}}, attrs: ir.AttrsOf("axis", 1, "indices", []int{3, -1, 1})},
	{op: "nn.take", in: [][]int{{2, 4, 3}}, attrs: ir.AttrsOf("axis", 1, "indices", []int{0, 0, 3, 1, 3, 3})},
	{op: "nn.take", in: [][]int{{2, 1, 3}}, attrs: ir.AttrsOf("axis", 1, "indices", []int{0, -1, 0, 0})},
	{op: "nn.resample", in: [][]int{{2, 4, 3}}, attrs: ir.AttrsOf("axis", 1, "taps", 2, "indices", []int{0, 1, 1, 2, 3, 3}, "weights", []float32{.25, .75, .5, .5, .4, .6})},
	{op: "nn.normalize", in: [][]int{{3, 2, 9}}, attrs: ir.AttrsOf("axis", 1)},
	{op: "nn.normalize", in: [][]int{{3, 2, 9}}, attrs: ir.AttrsOf("axis", 2, "centred", false)},
	{op: "nn.reduce_max", in: [][]int{{2, 3, 4}}, attrs: ir.AttrsOf("axes", []int{1}), domain: apart()},
	{op: "nn.reduce_min", in: [][]int{{2, 3, 4}}, attrs: ir.AttrsOf("axes", []int{0, 2}, "keep", false), domain: apart()},
	{op: "nn.div", in: [][]int{{2, 3, 4}, {3, 1}}, domain: positive(2)},
	{op: "nn.max", in: [][]int{{2, 3, 4}, {3, 1}}, domain: apart()},
	{op: "nn.min", in: [][]int{{3, 1}, {2, 3, 4}}, domain: apart()},
	{op: "nn.pow", in: [][]int{{2, 3, 4}, {3, 1}}, domain: positive(1.5)},
	{op: "nn.prelu", in: [][]int{{2, 3, 4}, {3, 1}}, domain: away(0)},
	{op: "nn.sub", in: [][]int{{2, 3, 4}, {3, 1}}},
	{op: "nn.reduce_sum", in: [][]int{{2, 3, 4}}, attrs: ir.AttrsOf("axes", []int{0, 2}, "keep", false)},
	{op: "nn.reduce_mean", in: [][]int{{2, 3, 4}}, attrs: ir.AttrsOf("axes", []int{1})},
	{op: "nn.batch_norm", in: [][]int{{2, 3, 4}, {3}, {3}, {3}, {3}}, fixed: []int{1, 2, 3, 4}, domain: func(i int, v float32) float32 {
		if i == 4 {
			return v*v + 0.1
		}
		return v
	}},
	{op: "t.batch_norm", in: [][]int{{3, 2, 4}, {2}, {2}}},
	{op: "t.cross_entropy", in: [][]int{{3, 4}, {3, 4}}, fixed: []int{1}, domain: func(i int, v float32) float32 {
		if i == 1 {
			return 0.25
		}
		return v
	}},
	{op: "t.mse", in: [][]int{{3, 4}, {3, 4}}, fixed: []int{1}},
}

// positive draws from the numbers above least.
func positive(least float32) func(int, float32) float32 {
	return func(_ int, v float32) float32 { return least + float32(math.Abs(float64(v)))/4 }
}

// inside draws from (-1/2, 1/2).
func inside(_ int, v float32) float32 { return float32(math.Tanh(float64(v))) * .5 }

// functionDomains are where functions are drawn that do not have all numbers, or bend.
var functionDomains = map[string]func(int, float32) float32{
	"nn.abs": away(0), "nn.acos": inside, "nn.asin": inside, "nn.atanh": inside, "nn.acosh": positive(1.5), "nn.log": positive(2), "nn.sqrt": positive(1),
	"nn.reciprocal": positive(1.5), "nn.tan": inside, "nn.celu": away(0), "nn.elu": away(0), "nn.selu": away(0), "nn.leaky_relu": away(0),
	"nn.hard_sigmoid": away(-2.5, 2.5), "nn.hard_swish": away(-3, 3), "nn.shrink": away(-.5, .5), "nn.thresholded_relu": away(1), "nn.softsign": away(0),
}

// TestFiniteDifferences holds the gradient of every operator that has one against central differences,
// to a thousandth of the greatest gradient.
func TestFiniteDifferences(t *testing.T) {
	tested := make(map[string]bool)
	all := slices.Clone(differentiables)
	for _, o := range op.All().All() {
		if o.Grad != nil && op.FamilyOf(o.Name) == op.Functions {
			all = append(all, differentiable{op: o.Name, in: [][]int{{5, 6}}, domain: functionDomains[o.Name]})
		}
	}
	for k, d := range all {
		tested[d.op] = true
		t.Run(fmt.Sprintf("%d-%s", k, d.op), func(t *testing.T) { d.check(t, uint64(k+1)) })
	}
	// The gradients of these are defined otherwise: straight through.
	for _, name := range []string{"t.ulq", "t.lsq", "t.arq", "t.bias"} {
		tested[name] = true
	}
	for _, o := range op.All().All() {
		if o.Grad != nil && !tested[o.Name] {
			t.Errorf("%s has a gradient that no case tests", o.Name)
		}
	}
}

func (d *differentiable) check(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	draw := func(operand int, shape []int) *tensor.Tensor {
		x := tensor.New(tensor.F32, shape...)
		for i := range x.F32 {
			x.F32[i] = float32(r.NormFloat64())
			if d.domain != nil {
				x.F32[i] = d.domain(operand, x.F32[i])
			}
		}
		return x
	}
	c := passes.NewContext(context.Background(), op.All())
	m := &ir.Module{}
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	m.Funcs = []*ir.Func{f}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	var operands, wrt []*ir.Value
	var in []*tensor.Tensor
	for i, s := range d.in {
		if o := c.Ops.Must(d.op).Operands; i < len(o) && o[i].Index {
			x := tensor.New(tensor.I64, s...)
			copy(x.I64, d.at)
			operands = append(operands, m.AddConst("at", ir.TensorType(tensor.I64, s...), x))
			continue
		}
		x := draw(i, s)
		fixed := false
		for _, k := range d.fixed {
			fixed = fixed || k == i
		}
		if fixed {
			operands = append(operands, m.AddConst("k", ir.Float(s...), x))
			continue
		}
		p := b.Param("x", ir.Float(s...))
		operands, wrt, in = append(operands, p), append(wrt, p), append(in, x)
	}
	y := b.Node(ir.NodeSpec{Op: d.op, Name: "node", Operands: operands, Attrs: d.attrs})
	if y == nil {
		t.Fatal(c.Remarks.Err())
	}
	dy := b.Param("dy", y.Type)
	g := draw(-1, y.Type.Shape)
	f.Results = []*ir.Value{y}
	grads, err := passes.Gradients(c, m, f, []*ir.Value{y}, []*ir.Value{dy}, wrt)
	if err != nil {
		t.Fatal(err)
	}
	f.Results = append(f.Results, grads...)
	if l := ir.Verify(m); l.HasErrors() {
		t.Fatal(l.Err())
	}
	run := func() []*tensor.Tensor {
		out, err := interp.Run(context.Background(), f, append(append([]*tensor.Tensor{}, in...), g), nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	loss := func() float64 {
		var s float64
		for i, v := range run()[0].F32 {
			s += float64(v) * float64(g.F32[i])
		}
		return s
	}
	got := run()[1:]
	const h = 1.0 / 64
	for k, x := range in {
		var greatest, worst float64
		for i := range x.F32 {
			was := x.F32[i]
			x.F32[i] = was + h
			up := loss()
			x.F32[i] = was - h
			down := loss()
			x.F32[i] = was
			want := (up - down) / (2 * h)
			greatest = max(greatest, math.Abs(want))
			worst = max(worst, math.Abs(want-float64(got[k].F32[i])))
		}
		if worst > 1e-3*greatest {
			t.Errorf("operand %d: the gradient is off by %.3g, the greatest is %.3g", k, worst, greatest)
		}
	}
}

// TestTrainedFactors are the golden values of AMCT 9.5.
func TestTrainedFactors(t *testing.T) {
	x := []float32{-3, -1.2, -.3, 0, .26, .77, 1.9, 5}
	g := []float32{1, -1, .5, 2, -.5, 1, .25, 3}
	out := factorGradients(t, "t.ulq", nil, [][]int{{8}, {1}, {1}}, [][]float32{x, {2}, {-1}}, g)
	near(t, "ulq", out[0], []float32{-1, -1, -0.294117659, 0, 0.258823544, 0.764705896, 1.89411771, 2}, 1e-6)
	near(t, "ulq dx", out[1], []float32{0, 0, .5, 2, -.5, 1, .25, 0}, 0)
	near(t, "ulq dmax", out[2], []float32{2.99794126}, 2e-6)
	near(t, "ulq dmin", out[3], []float32{0.00205881475}, 2e-6)
	if s, o := op.AsymmetricMap(-1, 2, 8); s != 0.0117647061 || o != -43 {
		t.Errorf("map %v %d", s, o)
	}
	if s, o := op.AsymmetricMap(0, 2, 8); s != 0.00784313772 || o != -128 {
		t.Errorf("map with fixed_min %v %d", s, o)
	}
	w := []float32{.5, -.3, .1, -.9, 2, .01, -.02, .7}
	for k, want := range []float32{0.00703124981, 0.0157480314} {
		if s := op.SymmetricScale(w[4*k:4*k+4], 8); math.Abs(float64(s-want)) > 1e-9 {
			t.Errorf("ARQ scale %v, want %v", s, want)
		}
	}
	out = factorGradients(t, "t.lsq", nil, [][]int{{2, 4}, {2}}, [][]float32{w, {.005, .02}}, []float32{1, -1, .5, 2, .25, .5, -1, 1})
	near(t, "lsq dscale", out[2], []float32{-11.3581638, -0.0110919569}, 2e-6)
	t.Logf("golden values of AMCT 9.5: %d", 2*8+2+2+2+2+2)
}

// factorGradients gives the results of a node and the gradients of its operands.
func factorGradients(t *testing.T, name string, attrs ir.Attrs, shapes [][]int, data [][]float32, dy []float32) [][]float32 {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	var params []*ir.Value
	var in []*tensor.Tensor
	for i, s := range shapes {
		params = append(params, b.Param("x", ir.Float(s...)))
		in = append(in, tensor.FromF32(data[i], s...))
	}
	y := b.Node(ir.NodeSpec{Op: name, Name: "node", Operands: params, Attrs: attrs})
	seed := b.Param("dy", y.Type)
	in = append(in, tensor.FromF32(dy, y.Type.Shape...))
	grads, err := passes.Gradients(c, m, f, []*ir.Value{y}, []*ir.Value{seed}, params)
	if err != nil {
		t.Fatal(err)
	}
	f.Results = append([]*ir.Value{y}, grads...)
	res, err := interp.Run(context.Background(), f, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for _, r := range res {
		out = append(out, r.F32)
	}
	return out
}

func near(t *testing.T, what string, got, want []float32, relative float64) {
	t.Helper()
	for i, v := range want {
		if math.Abs(float64(got[i]-v)) > relative*math.Abs(float64(v)) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}
