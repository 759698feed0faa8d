package amctc

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
	"github.com/amctc/amctc/passes/train"
)

// QATOptions say how a network is trained with quantization in its forward pass.
type QATOptions struct {
	Default QATLayer
	Layers  map[string]QATLayer // by node name; others take Default
	// BatchNum is how many batches of the data the bounds start from; 0 is all that calibration is given.
	BatchNum int
	// Factors are where the bounds of activations start: those of calibration. Layers that have none stay float.
	// nil finds them on Data.
	Factors *passes.Factors
	// Data are those that bounds start from, and that the factors of operators without weights are found on.
	Data *Data
}

// A QATLayer says how one layer is trained with quantization.
type QATLayer struct {
	Skip    bool
	ActBits int // width of the codes that it reads: 4, 8 or 16
	// ClipMin and ClipMax are where the bounds of its input start, below and above 0; both 0 are those of
	// calibration.
	ClipMin, ClipMax float64
	FixedMin         *bool // the lower bound is 0 and stays; nil: behind a relu
	WtsBits          int   // width of weight codes, 2 to 8
	// Trained lets the scales of weights be trained (AMCT's ulq_retrain); otherwise they are found from
	// the range of the weights in every step (arq_retrain).
	Trained    bool
	PerChannel *bool // nil: the operator's default
}

// DefaultQAT are options of 8 bits with trained scales.
func DefaultQAT() *QATOptions {
	return &QATOptions{Default: QATLayer{ActBits: 8, WtsBits: 8, Trained: true}}
}

// For is what holds for a layer.
func (q *QATOptions) For(layer string) QATLayer {
	if l, ok := q.Layers[layer]; ok {
		return l
	}
	return q.Default
}

// Check reports what is out of range.
func (q *QATOptions) Check() error {
	list := map[string]QATLayer{"": q.Default}
	maps.Copy(list, q.Layers)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		l, what := list[name], "layers"
		if name != "" {
			what = fmt.Sprintf("layer %q", name)
		}
		switch {
		case l.WtsBits < 2 || l.WtsBits > 8:
			return fmt.Errorf("%s: weights of %d bits: the width must lie between 2 and 8", what, l.WtsBits)
		case !slices.Contains(passes.Support.ActivationBits, l.ActBits):
			return fmt.Errorf("%s: activations of %d bits: the width must be one of %v", what, l.ActBits, passes.Support.ActivationBits)
		case (l.ClipMin != 0 || l.ClipMax != 0) && !(l.ClipMin < 0 && l.ClipMax > 0):
			return fmt.Errorf("%s: bounds %v and %v must lie below and above 0", what, l.ClipMin, l.ClipMax)
		}
	}
	return nil
}

// Settings are those of calibration for a network that is, or has been, trained so.
func (q *QATOptions) Settings(s *passes.Settings) {
	s.BatchNum = q.BatchNum
	layer := func(l QATLayer) passes.LayerSettings {
		out := s.Default
		out.Skip = l.Skip
		out.Activation.Bits, out.Weight.Bits, out.Weight.PerChannel = l.ActBits, l.WtsBits, l.PerChannel
		return out
	}
	for name, l := range q.Layers {
		if s.Layers == nil {
			s.Layers = make(map[string]passes.LayerSettings)
		}
		s.Layers[name] = layer(l)
	}
	s.Default = layer(q.Default)
}

// The roles of parameters that quantization aware training adds.
const (
	roleWeight = ""
	roleHigh   = "clip_max"
	roleLow    = "clip_min"
	roleScale  = "scale_w"
)

// quantizer adds fake quantization with trained factors to a network that becomes trainable.
type quantizer struct {
	opt  *QATOptions
	f    *ir.Func                    // the float network
	made map[*ir.Node]quantizedLayer // layers so far
}

// A quantizedLayer is what the bias of a layer is rounded by.
type quantizedLayer struct{ input, scale *ir.Value }

// input quantizes what a layer reads, between trained bounds; the lower one is 0 behind a relu.
func (q *quantizer) input(t *passes.Trainable, n *ir.Node, x *ir.Value) (*ir.Value, error) {
	l := q.opt.Factors.Get(n.Name)
	if l == nil || l.ScaleD == 0 {
		return x, nil
	}
	set := q.opt.For(n.Name)
	lo, hi := calib.CodeRange(set.ActBits)
	high, low := float32(float32(hi-l.OffsetD)*l.ScaleD), float32(float32(lo-l.OffsetD)*l.ScaleD)
	if set.ClipMax != 0 {
		high, low = float32(set.ClipMax), float32(set.ClipMin)
	}
	src := n.Operands[0]
	fixed := src.Def != nil && src.Def.Op.Name == "nn.relu" || low == 0
	if set.FixedMin != nil {
		fixed = *set.FixedMin
	}
	if fixed {
		low = 0
	}
	a := q.parameter(t, n, roleHigh, []float32{max(high, calib.Eps)})
	b := q.parameter(t, n, roleLow, []float32{min(low, 0)})
	y := t.Builder.Node(ir.NodeSpec{Op: "t.ulq", Name: n.Name + ".quant", Value: x.Name + "_q", Operands: []*ir.Value{x, a, b}, Attrs: ir.AttrsOf("bits", set.ActBits, "fixed_min", fixed)})
	q.made[n] = quantizedLayer{input: y}
	return y, nil
}

// weights quantizes a layer's weights, by trained scales or by their range.
func (q *quantizer) weights(t *passes.Trainable, n *ir.Node, w *ir.Value) (*ir.Value, error) {
	l := q.opt.Factors.Get(n.Name)
	if l == nil || l.ScaleD == 0 {
		return w, nil
	}
	set, perChannel := q.opt.For(n.Name), len(l.ScaleW) > 1
	spec := ir.NodeSpec{Op: "t.arq", Name: n.Name + ".weights", Value: w.Name + "_q", Operands: []*ir.Value{w}, Attrs: ir.AttrsOf("bits", set.WtsBits, "per_channel", perChannel)}
	if set.Trained {
		data := n.Operands[n.Op.Quant.Weights].Const.Data
		scale, _ := calib.ARQ(data.F32, data.Shape[0], perChannel, set.WtsBits)
		s := q.parameter(t, n, roleScale, scale)
		spec.Op, spec.Operands, spec.Attrs = "t.lsq", []*ir.Value{w, s}, ir.AttrsOf("bits", set.WtsBits)
		q.made[n] = quantizedLayer{q.made[n].input, s}
		return t.Builder.Node(spec), nil
	}
	y := t.Builder.Node(spec)
	q.made[n] = quantizedLayer{q.made[n].input, ir.Results(y)[1]}
	return y, nil
}

// bias rounds a layer's biases to what int32 holds.
func (q *quantizer) bias(t *passes.Trainable, n *ir.Node, b *ir.Value) (*ir.Value, error) {
	l, ok := q.made[n]
	if !ok {
		return b, nil
	}
	x := l.input.Def
	return t.Builder.Node(ir.NodeSpec{Op: "t.bias", Name: n.Name + ".bias", Value: b.Name + "_q", Operands: []*ir.Value{b, x.Operands[1], x.Operands[2], l.scale}, Attrs: x.Attrs.Clone()}), nil
}

func (q *quantizer) parameter(t *passes.Trainable, n *ir.Node, role string, start []float32) *ir.Value {
	v := t.Builder.Param(n.Name+"."+role, ir.Float(len(start)))
	t.Parameters = append(t.Parameters, passes.Parameter{Node: n.Name, Operand: -1, Role: role, Value: v, Start: tensor.FromF32(start, len(start))})
	return v
}

// guard takes factors back to what they were where a step made them useless: bounds on the wrong side of
// 0 or none apart, scales that are not positive (AMCT 2.8).
func (r *Trainer) guard(before [][]float32) {
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

// faked is a fitted network with fake quantization by the factors of its layers.
func (r *Trainer) faked(m *ir.Module) (*ir.Module, error) {
	c := NewContext(r.ctx)
	r.opt.Quantize.Settings(c.Settings)
	c.Factors = r.factors(m)
	float, err := Prepare(c, m)
	if err != nil {
		return nil, err
	}
	return FakeQuantize(c, float)
}

// ranges are the bounds of activations now; nil without quantization.
func (r *Trainer) ranges() []train.Range {
	var out []train.Range
	values := r.state.current()
	for i, p := range r.t.Parameters {
		switch p.Role {
		case roleHigh:
			out = append(out, train.Range{Layer: p.Node, Max: values[i][0]})
		case roleLow:
			out[len(out)-1].Min = values[i][0] // follows the upper bound
		}
	}
	return out
}

// factors are those that training found, for the fitted network with merged batch normalization: a weight
// scale is multiplied by what the normalization multiplies the channel's weights with (AMCT 2.9).
func (r *Trainer) factors(fitted *ir.Module) *passes.Factors {
	out := passes.NewFactors()
	values := r.state.current()
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
		set, l := q.For(n.Name), out.At(n.Name)
		l.ScaleD, l.OffsetD = op.AsymmetricMap(low[0], high[0], set.ActBits)
		l.ActBits, l.WtsBits = set.ActBits, set.WtsBits
		data := n.Operands[n.Op.Quant.Weights].Const.Data
		l.ScaleW = append([]float32(nil), find(n.Name, roleScale)...)
		if l.ScaleW == nil {
			l.ScaleW, _ = calib.ARQ(data.F32, data.Shape[0], len(q.Factors.Get(n.Name).ScaleW) > 1, set.WtsBits)
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

// Save writes what came of training to a folder, whole or not at all, as WriteAll does: NAME.amir with its
// constants in NAME.safetensors, NAME.history.json, and with factors NAME.record.txt, which belongs to that
// module.
func (t *Trained) Save(dir, name string) error {
	text, side, err := parser.Marshal(t.Module)
	if err != nil {
		return err
	}
	files := map[string][]byte{name + ".amir": text, name + ".safetensors": side}
	if files[name+".history.json"], err = train.FormatHistory(t.History); err != nil {
		return err
	}
	if t.Factors != nil {
		files[name+".record.txt"] = ToRecord(t.Factors).Format()
	}
	return WriteAll(dir, files)
}
