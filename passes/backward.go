package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Backward appends the gradients of loss, which has one element, by the values wrt to f, a function of
// stage train, and gives them in the order of wrt. What does not depend on a value has the gradient nil.
func Backward(c *Context, m *ir.Module, f *ir.Func, loss *ir.Value, wrt []*ir.Value) ([]*ir.Value, error) {
	if len(loss.Type.Shape) != 1 || loss.Type.Shape[0] != 1 {
		return nil, fmt.Errorf("the loss %%%s is %s, want one element", loss.Name, loss.Type)
	}
	one := m.AddConst("one", ir.Float(1), tensor.FromF32([]float32{1}, 1))
	return Gradients(c, m, f, []*ir.Value{loss}, []*ir.Value{one}, wrt)
}

// Gradients appends the gradients, by the values wrt, of the sum of outs times seeds. A seed has the
// type of its out.
func Gradients(c *Context, m *ir.Module, f *ir.Func, outs, seeds, wrt []*ir.Value) ([]*ir.Value, error) {
	if f.Stage != ir.StageTrain {
		return nil, fmt.Errorf("gradients are built in stage %s, @%s is in stage %s", ir.StageTrain, f.Name, f.Stage)
	}
	g := &backward{c: c, m: m, b: ir.NewBuilder(c.Ops, f, &c.Remarks), needed: make(map[*ir.Value]bool), grad: make(map[*ir.Value]*ir.Value)}
	for _, v := range wrt {
		g.needed[v] = true
	}
	forward := append([]*ir.Node(nil), f.Nodes...)
	for _, n := range forward {
		for _, v := range n.Operands {
			if g.needed[v] {
				for _, r := range n.Results {
					g.needed[r] = true
				}
			}
		}
	}
	for i, v := range outs {
		if err := g.add(v, seeds[i], ""); err != nil {
			return nil, err
		}
	}
	for i := len(forward) - 1; i >= 0; i-- {
		if err := g.node(forward[i]); err != nil {
			return nil, err
		}
	}
	out := make([]*ir.Value, len(wrt))
	for i, v := range wrt {
		out[i] = g.grad[v]
	}
	return out, nil
}

type backward struct {
	c      *Context
	m      *ir.Module
	b      *ir.Builder
	needed map[*ir.Value]bool
	grad   map[*ir.Value]*ir.Value
}

// node passes the gradients of n's results on to its operands.
func (g *backward) node(n *ir.Node) error {
	ctx := &ir.GradCtx{Node: n, B: g.b, Module: g.m, Want: make([]bool, len(n.Operands)), In: make([]*ir.Value, len(n.Operands))}
	some, wanted := false, false
	for _, r := range n.Results {
		ctx.Out = append(ctx.Out, g.grad[r])
		some = some || g.grad[r] != nil
	}
	for i, v := range n.Operands {
		ctx.Want[i] = g.needed[v]
		wanted = wanted || g.needed[v]
	}
	switch {
	case !some || !wanted:
		return nil
	case n.Op.Grad == nil:
		return fmt.Errorf("%s has no gradient", n.Subject())
	case ctx.Out[0] == nil:
		return fmt.Errorf("%s: only the first result may lead to the loss", n.Subject())
	}
	n.Op.Grad(ctx)
	if err := g.c.Remarks.Err(); err != nil {
		return err
	}
	for i, v := range n.Operands {
		if ctx.Want[i] && ctx.In[i] != nil {
			if err := g.add(v, ctx.In[i], n.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a part to the gradient of v.
func (g *backward) add(v, part *ir.Value, name string) error {
	if !part.Type.Equal(v.Type) {
		return fmt.Errorf("the gradient of %%%s is %s, the value %s", v.Name, part.Type, v.Type)
	}
	if g.grad[v] == nil {
		g.grad[v] = part
		return nil
	}
	sum := g.b.Node(ir.NodeSpec{Op: "nn.add", Name: name + ".grad", Value: v.Name + "_grad", Operands: []*ir.Value{g.grad[v], part}})
	if sum == nil {
		return g.c.Remarks.Err()
	}
	g.grad[v] = sum
	return nil
}
