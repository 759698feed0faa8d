package amctc

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
)

// QATOptions say how a network is trained with quantization in its forward pass.
type QATOptions struct {
	WtsBits int // width of weight codes; those of activations have 8 bits
	// Trained lets the scales of weights be trained (AMCT's ulq_retrain); otherwise they are found from
	// the range of the weights in every step (arq_retrain).
	Trained bool
	// Factors are where the bounds of activations start: those of calibration. Layers that have none stay float.
	Factors *passes.Factors
}

// Check reports widths out of range.
func (q *QATOptions) Check() error {
	if q.WtsBits < 2 || q.WtsBits > 8 {
		return fmt.Errorf("weights of %d bits: the width must lie between 2 and 8", q.WtsBits)
	}
	return nil
}

// actBits is the width of the codes that enter a layer.
const actBits = 8

// The roles of parameters that quantization aware training adds.
const (
	roleWeight = ""
	roleHigh   = "clip_max"
	roleLow    = "clip_min"
	roleScale  = "scale_w"
)

// quantizer adds fake quantization with trained factors to a network that becomes trainable.
type quantizer struct {
	opt *QATOptions
	f   *ir.Func // the float network
}

// input quantizes what a layer reads, between trained bounds; the lower one is 0 behind a relu.
func (q *quantizer) input(t *passes.Trainable, n *ir.Node, x *ir.Value) (*ir.Value, error) {
	l := q.opt.Factors.Get(n.Name)
	if l == nil || l.ScaleD == 0 {
		return x, nil
	}
	lo, hi := calib.CodeRange(8)
	high, low := float32(hi-l.OffsetD)*l.ScaleD, float32(lo-l.OffsetD)*l.ScaleD
	src := n.Operands[0]
	fixed := src.Def != nil && src.Def.Op.Name == "nn.relu" || low == 0
	a := q.parameter(t, n, roleHigh, []float32{max(high, calib.Eps)})
	b := q.parameter(t, n, roleLow, []float32{min(low, 0)})
	y := t.Builder.Node(ir.NodeSpec{Op: "t.ulq", Name: n.Name + ".quant", Value: x.Name + "_q", Operands: []*ir.Value{x, a, b}, Attrs: ir.AttrsOf("bits", actBits, "fixed_min", fixed)})
	return y, nil
}

// weights quantizes a layer's weights, by trained scales or by their range.
func (q *quantizer) weights(t *passes.Trainable, n *ir.Node, w *ir.Value) (*ir.Value, error) {
	l := q.opt.Factors.Get(n.Name)
	if l == nil || l.ScaleD == 0 {
		return w, nil
	}
	perChannel := len(l.ScaleW) > 1
	spec := ir.NodeSpec{Op: "t.arq", Name: n.Name + ".weights", Value: w.Name + "_q", Operands: []*ir.Value{w}, Attrs: ir.AttrsOf("bits", q.opt.WtsBits, "per_channel", perChannel)}
	if q.opt.Trained {
		data := n.Operands[n.Op.Quant.Weights].Const.Data
		scale, _ := calib.ARQ(data.F32, data.Shape[0], perChannel, q.opt.WtsBits)
		s := q.parameter(t, n, roleScale, scale)
		spec.Op, spec.Operands, spec.Attrs = "t.lsq", []*ir.Value{w, s}, ir.AttrsOf("bits", q.opt.WtsBits)
	}
	return t.Builder.Node(spec), nil
}

func (q *quantizer) parameter(t *passes.Trainable, n *ir.Node, role string, start []float32) *ir.Value {
	v := t.Builder.Param(n.Name+"."+role, ir.Float(len(start)))
	t.Parameters = append(t.Parameters, passes.Parameter{Node: n.Name, Operand: -1, Role: role, Value: v, Start: tensor.FromF32(start, len(start))})
	return v
}

// guard takes factors back to what they were where a step made them useless: bounds on the wrong side of
// 0 or none apart, scales that are not positive (AMCT 2.8).
func (r *trainer) guard(before [][]float32) {
	index := make(map[string]int)
	for i, p := range r.t.Parameters {
		if p.Role != roleWeight {
			index[p.Node+" "+p.Role] = i
		}
	}
	for i, p := range r.t.Parameters {
		v := r.state.Parameters[i]
		switch p.Role {
		case roleHigh:
			if !(v[0] > 0) {
				copy(v, before[i])
			}
			if low := index[p.Node+" "+roleLow]; !(v[0]-r.state.Parameters[low][0] >= calib.Eps) {
				copy(v, before[i])
				copy(r.state.Parameters[low], before[low])
			}
		case roleLow:
			if !(v[0] <= 0) {
				copy(v, before[i])
			}
		case roleScale:
			for k, s := range v {
				if !(s >= calib.Eps) {
					v[k] = before[i][k]
				}
			}
		}
	}
}

// factors are those that training found, for the fitted network with merged batch normalization: a weight
// scale is multiplied by what the normalization multiplies the channel's weights with (AMCT 2.9).
func (r *trainer) factors(fitted *ir.Module) *passes.Factors {
	out := passes.NewFactors()
	values := r.state.Parameters
	if r.opt.Average > 0 {
		values = r.state.Averages
	}
	q := r.opt.Quantize
	find := func(node, role string) []float32 {
		for i, p := range r.t.Parameters {
			if p.Node == node && p.Role == role && (role != roleWeight || p.Operand == 1) {
				return values[i]
			}
		}
		return nil
	}
	f := fitted.Main()
	uses := f.Uses()
	for _, n := range f.Nodes {
		high, low := find(n.Name, roleHigh), find(n.Name, roleLow)
		if !n.Op.Quant.IsLayer() || high == nil {
			continue
		}
		l := out.At(n.Name)
		l.ScaleD, l.OffsetD = op.AsymmetricMap(low[0], high[0], actBits)
		l.ActBits, l.WtsBits = actBits, q.WtsBits
		data := n.Operands[n.Op.Quant.Weights].Const.Data
		l.ScaleW = append([]float32(nil), find(n.Name, roleScale)...)
		if l.ScaleW == nil {
			l.ScaleW, _ = calib.ARQ(data.F32, data.Shape[0], len(q.Factors.Get(n.Name).ScaleW) > 1, q.WtsBits)
		}
		if u := uses[n.Result()]; len(u) == 1 && u[0].Node != nil && u[0].Node.Op.Name == "nn.batch_norm" {
			b := u[0].Node
			c := func(i int) []float32 { return b.Operands[i].Const.Data.F32 }
			a, _ := op.BatchNormAffine(c(1), c(2), c(3), c(4), b.Float("eps"))
			merged := make([]float32, data.Shape[0])
			for k := range merged {
				merged[k] = float32(l.ScaleW[k%len(l.ScaleW)] * float32(math.Abs(float64(a[k]))))
				if merged[k] < calib.Eps {
					merged[k] = 1 // all of the channel's weights are 0 to within rounding
				}
			}
			l.ScaleW = merged
		}
	}
	return out
}
