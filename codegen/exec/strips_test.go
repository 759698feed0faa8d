package exec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// layers builds networks of integer convolutions with random weights.
type layers struct {
	m *ir.Module
	b *ir.Builder
	r *rand.Rand
	l diag.List
}

// random starts a network that reads random images of c channels.
func random(r *rand.Rand, c, h, w int) (n *layers, x *ir.Value) {
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	n = &layers{m: &ir.Module{Funcs: []*ir.Func{f}}, r: r}
	n.b = ir.NewBuilder(op.All(), f, &n.l)
	return n, n.b.Param("x", ir.Quantized(ir.PerTensor(0.05, int32(r.IntN(256)-128)), ir.Free, c, h, w))
}

// conv adds a convolution with a window of k and a stride of s.
func (n *layers) conv(name string, in *ir.Value, out, k, s, group int) *ir.Value {
	channels := in.Type.Shape[1]
	weights := make([]int8, out*channels/group*k*k)
	for i := range weights {
		weights[i] = int8(n.r.IntN(256) - 128)
	}
	bias := make([]int32, out)
	for i := range bias {
		bias[i] = int32(n.r.IntN(4000) - 2000)
	}
	wv := n.m.AddConst(name+".w", ir.Quantized(ir.PerTensor(0.01, 0), out, channels/group, k, k), tensor.FromI8(weights, out, channels/group, k, k))
	bv := n.m.AddConst(name+".b", ir.TensorType(tensor.I32, out), tensor.FromI32(bias, out))
	elem := ir.Quantized(ir.PerTensor(0.3, [...]int32{-128, 0, 17}[n.r.IntN(3)])).WithShape(nil)
	p := k / 2
	return n.b.Node(ir.NodeSpec{Op: "q.conv2d", Name: name, Operands: []*ir.Value{in, wv, bv}, Elem: &elem,
		Attrs: ir.AttrsOf("pad", []int{p, p, p, p}, "stride", []int{s, s}, "group", group)})
}

func (n *layers) result(t *testing.T, y *ir.Value) *ir.Module {
	t.Helper()
	if n.l.HasErrors() {
		t.Fatal(&n.l)
	}
	n.m.Main().Results = []*ir.Value{y}
	return n.m
}

// block is an inverted residual block of integers on random images: expansion (or not), depthwise
// convolution, projection, sum (where shapes allow).
func block(t *testing.T, r *rand.Rand) *ir.Module {
	t.Helper()
	c, wide, out := 4*(1+r.IntN(6)), 4*(1+r.IntN(40)), 1+r.IntN(80)
	h, w, k, s := 3+r.IntN(12), 3+r.IntN(70), [...]int{3, 5}[r.IntN(2)], 1+r.IntN(2)
	expand, residual := r.IntN(4) > 0, r.IntN(2) == 0
	if !expand {
		wide = c
	}
	if residual {
		out, s = c, 1
	}
	n, x := random(r, c, h, w)
	y := x
	if expand {
		y = n.conv("expand", y, wide, 1, 1, 1)
	}
	y = n.conv("middle", y, wide, k, s, wide)
	y = n.conv("project", y, out, 1, 1, 1)
	if residual {
		elem := ir.Quantized(ir.PerTensor(0.4, 3)).WithShape(nil)
		y = n.b.Node(ir.NodeSpec{Op: "q.add", Name: "sum", Operands: []*ir.Value{x, y}, Elem: &elem})
	}
	return n.result(t, y)
}

// separable is a row of depthwise convolutions, each with a convolution of one position after it, which is the one
// before the next.
func separable(t *testing.T, r *rand.Rand) *ir.Module {
	t.Helper()
	n, y := random(r, 4*(1+r.IntN(4)), 3+r.IntN(9), 3+r.IntN(20))
	if r.IntN(2) == 0 {
		y = n.conv("stem", y, 4*(1+r.IntN(8)), 1, 1, 1)
	}
	for i := range 2 + r.IntN(3) {
		c := y.Type.Shape[1]
		y = n.conv(fmt.Sprint("depthwise", i), y, c, 3, 1+r.IntN(2), c)
		y = n.conv(fmt.Sprint("pointwise", i), y, 4*(1+r.IntN(10)), 1, 1, 1)
	}
	return n.result(t, y)
}

// TestStrips holds blocks that are computed in strips against the interpreter on every tensor.
func TestStrips(t *testing.T) {
	for _, c := range []struct {
		name         string
		network      func(*testing.T, *rand.Rand) *ir.Module
		count, least int // networks, and chains in strips
	}{{"block", block, 150, 100}, {"separable", separable, 60, 120}} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			inStrips := 0
			for i := range c.count {
				m := c.network(t, r)
				p, err := plan.Build(m, m.Main(), plan.Options{Near: 1})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range p.Steps {
					if s.Kernel == "Strips" {
						inStrips++
					}
				}
				shape := slices.Clone(m.Main().Params[0].Type.Shape)
				shape[0] = 2
				in := tensor.New(tensor.I8, shape...)
				for k := range in.I8 {
					in.I8[k] = int8(r.IntN(256) - 128)
				}
				if err := compareRunner(m.Main(), exec.NewRunner(p), []*tensor.Tensor{in}); err != nil {
					t.Fatal(fmt.Errorf("network %d: %w\n%s", i, err, ir.Print(m)))
				}
			}
			if inStrips < c.least {
				t.Errorf("only %d chains of %d networks are computed in strips", inStrips, c.count)
			}
		})
	}
}
