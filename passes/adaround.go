package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
	"github.com/amctc/amctc/passes/train"
)

// adaRows is the number of rows that a step of AdaRound sees (AMCT 2.7).
const adaRows = 32

// adaRound learns which way each weight is rounded so that the layer, with the operator that limits its
// output behind it, gives on rows, the inputs that the layers rounded before give, what it gives in the
// float network on ideal rows (AMCT 2.7): Adam on calib.Rounding, each step on rows drawn by the seed.
func (c *Context) adaRound(e ir.Engine, original *ir.Module, n *ir.Node, cfg calib.AdaRoundConfig, rows, ideal *layerRows, scale []float32, bits int) ([]int8, error) {
	w := constantWeights(n)
	_, out, _ := rowShape(n)
	out *= len(rows.groups)
	bias := tensor.New(tensor.F32, out)
	if len(n.Operands) == 3 {
		if !n.Operands[2].IsConst() {
			return nil, fmt.Errorf("its bias is computed")
		}
		copy(bias.F32, n.Operands[2].Const.Data.F32)
	}
	count := rows.count()
	if count == 0 {
		return nil, calib.ErrEmpty
	}
	step, f, err := c.rowStep(e, original, n, adaRows, true)
	if err != nil {
		return nil, err
	}
	target, err := c.rowTargets(e, original, n, ideal, w, bias)
	if err != nil {
		return nil, err
	}
	v := calib.NewRounding(w.F32, scale, bits, cfg)
	x, soft := tensor.New(tensor.F32, f.Params[0].Type.Shape...), tensor.New(tensor.F32, f.Params[1].Type.Shape...)
	y := tensor.New(tensor.F32, f.Params[3].Type.Shape...)
	r := train.NewRandom(c.Settings.Seed, 5)
	opt := train.Optimizer{Kind: train.Adam, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	moments := [][]float32{make([]float32, len(w.F32)), make([]float32, len(w.F32))}
	for i := range cfg.Iterations {
		if err := c.Err(); err != nil {
			return nil, err
		}
		for j := range adaRows {
			at := r.Below(count)
			rows.copy(x.F32, j, at)
			copy(y.F32[j*out:(j+1)*out], target[at*out:])
		}
		v.Weights(soft.F32)
		res, err := step.Run(c, []*tensor.Tensor{x, soft, bias, y}, nil)
		if err != nil {
			return nil, err
		}
		if l := res[0].F32[0]; l-l != 0 {
			return nil, fmt.Errorf("the loss of AdaRound is %v", l)
		}
		// The loss is the mean over outputs too; AMCT sums them.
		v.Learn(res[1].F32, float32(out), i)
		opt.Step(i+1, 1e-3, false, v.A, v.Gradient, moments)
	}
	return v.Codes(), nil
}

// rowStep is the layer on so many rows, with the operator that limits it: a function of rows, weights and bias.
// With loss it also takes targets, and gives the mean squared error and its gradient by the weights;
// otherwise it gives the layer's outputs.
func (c *Context) rowStep(e ir.Engine, original *ir.Module, n *ir.Node, rows int, loss bool) (ir.Runner, *ir.Func, error) {
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	groups, out, k := rowShape(n)
	spec := ir.NodeSpec{Op: "nn.dense", Name: n.Name}
	in, weights, result := []int{rows, k}, []int{out, k}, []int{rows, out}
	if groups > 1 {
		// Rows are images of the size of the window.
		w := n.Operands[1].Type.Shape
		in, weights, result = []int{rows, groups * w[1], w[2], w[3]}, w, []int{rows, groups * out, 1, 1}
		spec.Op, spec.Attrs = "nn.conv2d", ir.AttrsOf("group", groups)
	}
	x, w, bias := b.Param("x", ir.Float(in...)), b.Param("w", ir.Float(weights...)), b.Param("b", ir.Float(groups*out))
	spec.Operands = []*ir.Value{x, w, bias}
	y := c.limited(b, original, n, b.Node(spec))
	if y == nil {
		return nil, nil, c.Remarks.Err()
	}
	f.Results = []*ir.Value{y}
	if loss {
		l := b.Node(ir.NodeSpec{Op: "t.mse", Name: "loss", Operands: []*ir.Value{y, b.Param("target", ir.Float(result...))}})
		if l == nil {
			return nil, nil, c.Remarks.Err()
		}
		g, err := Backward(c, m, f, l, []*ir.Value{w})
		if err != nil {
			return nil, nil, err
		}
		f.Results = []*ir.Value{l, g[0]}
	}
	r, err := e.Prepare(f)
	return r, f, err
}

// limited appends the operator that alone reads n's result in the float network when it limits it.
func (c *Context) limited(b *ir.Builder, original *ir.Module, n *ir.Node, y *ir.Value) *ir.Value {
	f := original.Main()
	if o := named(f, n.Name); o != nil && y != nil {
		if u := single(f.Uses(), o.Result()); u != nil && u.Op.Bounds != nil {
			return b.Node(ir.NodeSpec{Op: u.Op.Name, Name: u.Name, Operands: []*ir.Value{y}, Attrs: u.Attrs.Clone()})
		}
	}
	return y
}

// rowTargets are what the float layer gives for rows.
func (c *Context) rowTargets(e ir.Engine, original *ir.Module, n *ir.Node, rows *layerRows, w, bias *tensor.Tensor) ([]float32, error) {
	r, f, err := c.rowStep(e, original, n, adaRows, false)
	if err != nil {
		return nil, err
	}
	x := tensor.New(tensor.F32, f.Params[0].Type.Shape...)
	w = tensor.FromF32(w.F32, f.Params[1].Type.Shape...)
	count := rows.count()
	out := bias.Len()
	all := make([]float32, 0, count*out)
	for at := 0; at < count; at += adaRows {
		n := min(adaRows, count-at)
		for j := range n {
			rows.copy(x.F32, j, at+j)
		}
		res, err := r.Run(c, []*tensor.Tensor{x, w, bias}, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, res[0].F32[:n*out]...)
	}
	return all, nil
}
