package passes

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// A Parameter is a constant of a float network that training changes.
type Parameter struct {
	Node    string         // the layer's name
	Operand int            // -1 for a factor of quantization
	Role    string         // empty for what the network has, else the factor's name
	Value   *ir.Value      // the function's parameter
	Start   *tensor.Tensor // the constant
	Decay   bool           // weight decay applies: it is a matrix, not a bias or a factor of a channel
}

// Statistics are the running mean and variance of one batch normalization.
type Statistics struct {
	Node           string
	Mean, Variance *ir.Value         // results: those of the batch
	Start          [2]*tensor.Tensor // mean and variance of the float network
}

// A Mask is what a dropout multiplies by: 0 with probability Ratio, else 1/(1-Ratio).
type Mask struct {
	Value *ir.Value // a parameter of the function
	Ratio float32
}

// Trainable is a float network as a function of stage train at a fixed batch: its inputs come first,
// then its parameters, then the masks of dropouts.
type Trainable struct {
	Module     *ir.Module
	Func       *ir.Func
	Inputs     []*ir.Value
	Outputs    []*ir.Value
	Parameters []Parameter
	Statistics []Statistics
	Masks      []Mask
	Builder    *ir.Builder
}

// TrainOptions say how a network becomes trainable.
type TrainOptions struct {
	Batch int
	// Frozen keeps batch normalization as it is, with fixed statistics.
	Frozen bool
	// Weights, when not nil, gives the value that a layer uses in place of its weights, and Input that
	// in place of what it reads: fake quantization with trained factors.
	Weights func(t *Trainable, n *ir.Node, w *ir.Value) (*ir.Value, error)
	// Bias, when not nil, gives what a layer uses in place of its bias; it is called after the others.
	Bias  func(t *Trainable, n *ir.Node, b *ir.Value) (*ir.Value, error)
	Input func(t *Trainable, n *ir.Node, x *ir.Value) (*ir.Value, error)
}

// NewTrainable rebuilds a float module at a batch of the given size, weights, biases and the factors of
// batch normalization as parameters. Batch normalization takes the statistics of the batch.
func NewTrainable(c *Context, m *ir.Module, opt TrainOptions) (*Trainable, error) {
	src := m.Main()
	if src.Stage != ir.StageFloat {
		return nil, fmt.Errorf("a float network is wanted, @%s is in stage %s", src.Name, src.Stage)
	}
	out := m.Clone()
	f := &ir.Func{Name: src.Name, Stage: ir.StageTrain}
	out.Funcs = []*ir.Func{f}
	t := &Trainable{Module: out, Func: f, Builder: ir.NewBuilder(c.Ops, f, &c.Remarks)}
	to := make(map[*ir.Value]*ir.Value)
	for _, p := range src.Params {
		v := t.Builder.Param(p.Name, p.Type.Bind(opt.Batch))
		to[p], t.Inputs = v, append(t.Inputs, v)
	}
	// Parameters stand before the nodes that use them: one for each use, so that layers do not share.
	params := make(map[*ir.Node]map[int]*ir.Value)
	for _, n := range src.Nodes {
		params[n] = make(map[int]*ir.Value)
		for _, i := range trained(n) {
			v := n.Operands[i]
			if !v.IsConst() {
				return nil, fmt.Errorf("%s: operand %d is computed, not a constant", n.Subject(), i)
			}
			p := t.Builder.Param(v.Name, v.Type)
			params[n][i] = p
			t.Parameters = append(t.Parameters, Parameter{Node: n.Name, Operand: i, Value: p, Start: v.Const.Data, Decay: len(v.Type.Shape) > 1})
		}
	}
	masks := make(map[*ir.Node]*ir.Value)
	for _, n := range src.Nodes {
		if n.Op.Name == "nn.dropout" && n.Float("ratio") > 0 {
			masks[n] = t.Builder.Param(n.Result().Name+"_mask", n.Result().Type.Bind(opt.Batch))
			t.Masks = append(t.Masks, Mask{masks[n], n.Float("ratio")})
		}
	}
	for _, n := range src.Nodes {
		if n.Op.Name == "nn.dropout" {
			to[n.Result()] = to[n.Operands[0]]
			if m := masks[n]; m != nil {
				to[n.Result()] = t.Builder.Node(ir.NodeSpec{Op: "nn.mul", Name: n.Name, Value: n.Result().Name, Operands: []*ir.Value{to[n.Operands[0]], m}, Span: n.Span})
			}
			continue
		}
		if err := t.add(c, n, params[n], to, opt); err != nil {
			return nil, err
		}
	}
	for _, r := range src.Results {
		f.Results, t.Outputs = append(f.Results, to[r]), append(t.Outputs, to[r])
	}
	return t, nil
}

// trained are the operands of a node that training changes.
func trained(n *ir.Node) []int {
	switch {
	case n.Op.Quant.IsLayer():
		list := []int{n.Op.Quant.Weights}
		if b := n.Op.Quant.Bias; b >= 0 && b < len(n.Operands) {
			list = append(list, b)
		}
		return list
	case n.Op.Name == "nn.batch_norm":
		return []int{1, 2}
	}
	return nil
}

func (t *Trainable) add(c *Context, n *ir.Node, params map[int]*ir.Value, to map[*ir.Value]*ir.Value, opt TrainOptions) error {
	operands := make([]*ir.Value, len(n.Operands))
	for i, v := range n.Operands {
		switch {
		case params[i] != nil:
			operands[i] = params[i]
		case v.IsConst():
			operands[i] = v
		default:
			operands[i] = to[v]
		}
	}
	spec := ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: n.From, Value: n.Result().Name, Attrs: n.Attrs.Clone(), Span: n.Span}
	if n.Op.Name == "nn.batch_norm" {
		if opt.Frozen {
			return t.frozen(c, n, operands, to)
		}
		spec.Op, operands = "t.batch_norm", operands[:3]
	}
	if q := n.Op.Quant; q.IsLayer() {
		var err error
		if opt.Input != nil {
			if operands[0], err = opt.Input(t, n, operands[0]); err != nil {
				return err
			}
		}
		if opt.Weights != nil {
			if operands[q.Weights], err = opt.Weights(t, n, operands[q.Weights]); err != nil {
				return err
			}
		}
		if opt.Bias != nil && q.Bias >= 0 && q.Bias < len(operands) {
			if operands[q.Bias], err = opt.Bias(t, n, operands[q.Bias]); err != nil {
				return err
			}
		}
	}
	spec.Operands = operands
	y := t.Builder.Node(spec)
	if y == nil {
		return c.Remarks.Err()
	}
	to[n.Result()] = y
	if spec.Op == "t.batch_norm" {
		r := ir.Results(y)
		t.Statistics = append(t.Statistics, Statistics{Node: n.Name, Mean: r[1], Variance: r[2],
			Start: [2]*tensor.Tensor{n.Operands[3].Const.Data, n.Operands[4].Const.Data}})
	}
	return nil
}

// frozen is batch normalization with fixed statistics and trained factors: (x-mean)/deviation is a
// constant product and sum, then gamma and beta follow.
func (t *Trainable) frozen(c *Context, n *ir.Node, operands []*ir.Value, to map[*ir.Value]*ir.Value) error {
	shape := make([]int, len(n.Operands[0].Type.Shape))
	for i := range shape {
		shape[i] = 1
	}
	shape[1] = n.Operands[1].Type.Shape[0]
	ones := make([]float32, shape[1])
	for i := range ones {
		ones[i] = 1
	}
	one := t.Module.AddConst("one", ir.Float(shape[1]), tensor.FromF32(ones, shape[1]))
	zero := t.Module.AddConst("zero", ir.Float(shape[1]), tensor.New(tensor.F32, shape[1]))
	node := func(op string, attrs ir.Attrs, list ...*ir.Value) *ir.Value {
		return t.Builder.Node(ir.NodeSpec{Op: op, Name: n.Name, From: n.From, Value: n.Result().Name, Operands: list, Attrs: attrs, Span: n.Span})
	}
	y := node("nn.batch_norm", n.Attrs.Clone(), operands[0], one, zero, n.Operands[3], n.Operands[4])
	gamma := node("nn.reshape", ir.AttrsOf("shape", slices.Clone(shape)), operands[1])
	beta := node("nn.reshape", ir.AttrsOf("shape", slices.Clone(shape)), operands[2])
	y = node("nn.mul", nil, y, gamma)
	y = node("nn.add", nil, y, beta)
	if y == nil {
		return c.Remarks.Err()
	}
	to[n.Result()] = y
	return nil
}

// Loss appends a loss of the first output and a target of its shape, which becomes the last input, and
// the gradients of all parameters, which become results behind the outputs and the loss.
func (t *Trainable) Loss(c *Context, op string) (loss *ir.Value, gradients []*ir.Value, err error) {
	y := t.Outputs[0]
	target := t.Builder.Param("target", y.Type)
	t.Inputs = append(t.Inputs, target)
	if loss = t.Builder.Node(ir.NodeSpec{Op: op, Name: "loss", Value: "loss", Operands: []*ir.Value{y, target}}); loss == nil {
		return nil, nil, c.Remarks.Err()
	}
	var wrt []*ir.Value
	for _, p := range t.Parameters {
		wrt = append(wrt, p.Value)
	}
	if gradients, err = Backward(c, t.Module, t.Func, loss, wrt); err != nil {
		return nil, nil, err
	}
	for i, g := range gradients {
		if g == nil {
			return nil, nil, fmt.Errorf("the loss does not depend on operand %d of layer %q", t.Parameters[i].Operand, t.Parameters[i].Node)
		}
	}
	t.Func.Results = append(append([]*ir.Value{loss}, t.Outputs...), gradients...)
	for _, s := range t.Statistics {
		t.Func.Results = append(t.Func.Results, s.Mean, s.Variance)
	}
	t.Module.DropUnusedConsts()
	if l := ir.Verify(t.Module); l.HasErrors() {
		return nil, nil, l.Err()
	}
	return loss, gradients, nil
}
