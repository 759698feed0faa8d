package passes_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// A chain builds networks in which one layer follows another, with operators between that keep channels
// apart: what equalization is for.
type chain struct {
	*rand.Rand
	m *ir.Module
	b *ir.Builder
	l diag.List
	n int
}

// newChain starts a chain with one parameter of the given shape.
func newChain(seed uint64, shape ...int) (*chain, *ir.Value) {
	f := &ir.Func{Name: "main"}
	c := &chain{Rand: rand.New(rand.NewPCG(seed, 0xc4a1)), m: &ir.Module{File: "chain", Funcs: []*ir.Func{f}}}
	c.b = ir.NewBuilder(op.All(), f, &c.l)
	return c, c.b.Param("x", ir.Float(shape...))
}

func (c *chain) node(name string, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	c.n++
	v := c.b.Node(ir.NodeSpec{Op: name, Name: fmt.Sprintf("%s%d", name[3:], c.n), Operands: operands, Attrs: attrs})
	if v == nil {
		panic(c.l.Err())
	}
	return v
}

func (c *chain) data(scale float64, shape ...int) *ir.Value {
	t := tensor.New(tensor.F32, shape...)
	for i := range t.F32 {
		t.F32[i] = float32(c.NormFloat64() * scale)
	}
	return c.m.AddConst(fmt.Sprintf("c%d", len(c.m.Consts)), ir.Float(shape...), t)
}

// conv is a convolution with a border that keeps the size; group 0 is depthwise.
func (c *chain) conv(x *ir.Value, out, k, group int) *ir.Value {
	in := x.Type.Shape[1]
	if group == 0 {
		group, out = in, in
	}
	w := c.data(1/math.Sqrt(float64(in/group*k*k)), out, in/group, k, k)
	return c.node("nn.conv2d", ir.AttrsOf("pad", []int{k / 2, k / 2, k / 2, k / 2}, "group", group), x, w, c.data(.3, out))
}

func (c *chain) dense(x *ir.Value, out int) *ir.Value {
	in := x.Type.Shape[len(x.Type.Shape)-1]
	return c.node("nn.dense", nil, x, c.data(1/math.Sqrt(float64(in)), out, in), c.data(.3, out))
}

// between puts one or two operators behind x that are homogeneous in each channel; the shape (?, C, H, W) stays
// of that form.
func (c *chain) between(x *ir.Value) *ir.Value {
	for range 1 + c.IntN(2) {
		h, w := x.Type.Shape[2], x.Type.Shape[3]
		switch c.IntN(7) {
		case 0, 1:
			x = c.node("nn.relu", nil, x)
		case 2:
			x = c.node("nn.clip", ir.AttrsOf("min", float32(0)), x)
		case 3:
			if h > 2 && w > 2 {
				x = c.node("nn.max_pool2d", ir.AttrsOf("kernel", []int{2, 2}, "stride", []int{2, 2}), x)
			}
		case 4:
			x = c.node("nn.avg_pool2d", ir.AttrsOf("kernel", []int{min(2, h), min(2, w)}), x)
		case 5:
			x = c.node("nn.pad", ir.AttrsOf("pad", []int{0, 0, 1, 0, 0, 0, 0, 1}), x)
		case 6:
			x = c.node("nn.transpose", ir.AttrsOf("perm", []int{0, 1, 3, 2}), x)
		}
	}
	return x
}

// randomChain is a chain of convolutions, then dense layers, of depth at most 7.
func randomChain(seed uint64) *ir.Module {
	c, x := newChain(seed, ir.Free, 1+int(seed%4), 6, 5)
	for range 2 + c.IntN(3) {
		switch ch := x.Type.Shape[1]; c.IntN(4) {
		case 0:
			x = c.conv(x, 0, 3, 0)
		case 1:
			x = c.conv(x, ch*(1+c.IntN(2)), 1+2*c.IntN(2), ch)
		case 2:
			a, b := c.conv(x, 4, 3, 1), c.between(c.conv(x, 3, 1, 1))
			if a.Type.Shape[2] == b.Type.Shape[2] && a.Type.Shape[3] == b.Type.Shape[3] {
				x = c.node("nn.concat", ir.AttrsOf("axis", 1), a, b)
			} else {
				x = c.node("nn.concat", ir.AttrsOf("axis", 1), a, a)
			}
		default:
			x = c.conv(x, 3+c.IntN(6), 1+2*c.IntN(2), 1)
		}
		x = c.between(x)
	}
	x = c.node("nn.reshape", ir.AttrsOf("shape", []int{-1, x.Type.Elems()}), x)
	x = c.node("nn.relu", nil, c.dense(x, 9))
	x = c.dense(x, 5)
	return c.module(x)
}

// module ends the chain; unused nodes are dropped by simplification.
func (c *chain) module(results ...*ir.Value) *ir.Module {
	c.b.Func.Results = results
	return c.m
}
