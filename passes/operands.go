package passes

import (
	"fmt"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// operands holds what the partner of n reads against what n reads and the pass promises to make of it, and lets n
// go on with it.
func (l *lockstep) operands(n *ir.Node, in []number) error {
	if n.Op.Quant == nil && l.keeps != Codes && l.keeps != PairCodes {
		return nil
	}
	m := l.partner(n)
	if m == nil {
		return nil
	}
	switch l.keeps {
	case Divided:
		if n.Op.Quant.IsLayer() {
			return l.divided(n, m, in)
		}
	case OnGrid:
		return l.activations(n, m, in)
	case GridWeights:
		if n.Op.Quant.IsLayer() && producer(n.Operands[0], "q.fake") != nil {
			return l.weights(n, m, in)
		}
	case HeldBiases:
		if q := n.Op.Quant; q.IsLayer() && q.Bias < len(n.Operands) && producer(n.Operands[0], "q.fake") != nil && producer(n.Operands[q.Weights], "q.fake") != nil {
			return l.held(n, m, in)
		}
	case Codes, PairCodes:
		return l.codes(n, m, in)
	}
	return nil
}

// held: constant biases are multiples of the accumulator's unit, the nearest ones.
func (l *lockstep) held(n, m *ir.Node, in []number) error {
	q := n.Op.Quant
	x, w := op.FakeQuant(n.Operands[0].Def), op.FakeQuant(n.Operands[q.Weights].Def)
	out := tensor.New(tensor.F32, in[q.Bias].t.Shape...)
	for i, b := range in[q.Bias].t.F32 {
		unit := float64(float64(x.Scale[0]) * float64(w.Scale[i%len(w.Scale)]))
		out.F32[i] = float32(float64(math.RoundToEven(float64(b)/unit)) * unit)
	}
	want := number{t: out}
	v := m.Operands[q.Bias]
	if err := l.compare(n.Operands[q.Bias], want, v, l.value(l.new, v), false); err != nil {
		return err
	}
	in[q.Bias] = want
	return nil
}

// divided: operand 0 is divided by the balance factors.
func (l *lockstep) divided(n, m *ir.Node, in []number) error {
	x, y := in[0], l.value(l.new, m.Operands[0])
	if x.rounds == unbounded || y.rounds == unbounded {
		l.v.Unbounded++
		return nil
	}
	var f []float32
	if k := l.c.Factors.Get(m.Name); k != nil && constantLayer(m) {
		f = k.Balance
	}
	axis := readAxis(n)
	inner, size := tensor.Elems(x.t.Shape[axis+1:]), x.t.Shape[axis]
	out := tensor.New(tensor.F32, x.t.Shape...)
	for i := range out.F32 {
		by := float32(1)
		if f != nil {
			by = f[i/inner%size]
		}
		out.F32[i] = float32(y.t.F32[i] * by)
		bound := x.bound(i) + float64(y.bound(i)*float64(by)) + float64(math.Abs(float64(out.F32[i]))*0x1p-22)
		if a, b := float64(x.t.F32[i]), float64(out.F32[i]); !near(a, b, bound) {
			return &Miscompiled{Func: l.before.Name, Value: n.Operands[0].Name, Sample: l.sample, Index: i, Before: a, After: b, Bound: bound, Promise: l.keeps,
				Why: fmt.Sprintf("%s reads it divided by %v", n.Subject(), by)}
		}
	}
	l.v.Values++
	in[0] = number{t: out, rounds: 1}
	return nil
}

// activations: observed operands with factors lie on their grid, when the node has all of them.
func (l *lockstep) activations(n, m *ir.Node, in []number) error {
	complete := true
	for _, i := range n.Op.Quant.Activations {
		complete = complete && producer(n.Operands[i], "q.observe") != nil && l.c.factors(n, i) != nil
	}
	for _, i := range n.Op.Quant.Activations {
		o := producer(n.Operands[i], "q.observe")
		if o == nil {
			continue
		}
		want := number{t: in[i].t}
		if complete {
			want.t = gridded(want.t, activationMap(l.c.factors(n, i)))
		}
		w := m.Operands[i]
		if err := l.compare(o.Operands[0], want, w, l.value(l.new, w), false); err != nil {
			return err
		}
		in[i] = want
	}
	return nil
}

// weights: constant weights lie on the grid of the factors, of which a scale changes only where its bias does not fit.
func (l *lockstep) weights(n, m *ir.Node, in []number) error {
	q := n.Op.Quant
	k, was := l.c.Factors.Get(n.Name), l.was.Get(n.Name)
	v, w := n.Operands[q.Weights], m.Operands[q.Weights]
	for i, s := range was.ScaleW {
		if k.ScaleW[i] != s && !needsRoom(n, was, i) {
			return l.whole(v, fmt.Sprintf("weight scale %d became %v from %v, and its bias fits", i, k.ScaleW[i], s))
		}
	}
	want := number{t: gridded(in[q.Weights].t, weightMap(n, k))}
	if err := l.compare(v, want, w, l.value(l.new, w), false); err != nil {
		return err
	}
	in[q.Weights] = want
	return nil
}

// needsRoom says whether scale c of a layer's weights may not stay: a bias beyond 2^28 units, or no code but 0 beside
// a bias.
func needsRoom(n *ir.Node, k *LayerFactors, c int) bool {
	if len(n.Operands) < 3 {
		return false
	}
	w, b := n.Operands[1].Const.Data.F32, n.Operands[2].Const.Data.F32
	per, biases := len(w)/len(k.ScaleW), len(b)/len(k.ScaleW)
	var most float64
	for _, v := range b[c*biases : (c+1)*biases] {
		most = max(most, math.Abs(float64(v)))
	}
	codes := calib.QuantizeWeights(w[c*per:(c+1)*per], k.ScaleW[c:c+1], k.WtsBits)
	dead := !slices.ContainsFunc(codes, func(q int8) bool { return q != 0 })
	return most > 0 && (dead || most*0x1p-28 > float64(k.ScaleD)*float64(k.ScaleW[c])*(1-0x1p-20))
}

// codes: operands behind fake quantization are codes of its map where n became an integer operator, and what was
// before it where n stayed float. In a pair, float operators read the numbers of codes.
func (l *lockstep) codes(n, m *ir.Node, in []number) error {
	if n.Op.Name == "q.fake" {
		return nil
	}
	twin := m.Op != n.Op
	for i, v := range n.Operands {
		fake := producer(v, "q.fake")
		if fake == nil {
			continue
		}
		src, w := fake.Operands[0], m.Operands[i]
		pre, got := l.formOf(src, w), l.value(l.new, w)
		l.v.Values++
		switch want := op.FakeQuant(fake); {
		case twin:
			if !w.Type.IsQuant() {
				return l.whole(src, n.Subject()+" reads no codes of it")
			}
			if err := l.compareCodes(src, pre, w.Type.Quant, real(got.t, w.Type), want); err != nil {
				return err
			}
		case l.keeps == PairCodes && !n.Op.Quant.IsLayer() && n.Op.Quant.Function == nil:
			if err := l.compare(src, number{t: gridded(pre.t, want)}, w, got, false); err != nil {
				return err
			}
		default:
			if err := l.compare(src, pre, w, got, false); err != nil {
				return err
			}
		}
		in[i] = number{t: real(got.t, w.Type)}
		if q := w.Type.Quant; q != nil && q.Storage() == tensor.I16 {
			in[i].magnitude = halves(in[i], q.Scale[0])
		}
	}
	if twin && n.Op.Quant.IsLayer() {
		return l.bias(n, m, in)
	}
	return nil
}

// halves is the magnitude of codes that are multiplied as 256*h + l: up to two times 256 units more.
func halves(x number, scale float32) *tensor.Tensor {
	out := absolute(x)
	for i := range out.F32 {
		out.F32[i] = float32(out.F32[i] + float32(512*scale))
	}
	return out
}

// bias: int32 in units of the accumulator, to half a unit.
func (l *lockstep) bias(n, m *ir.Node, in []number) error {
	q := n.Op.Quant
	x, w := m.Operands[0].Type.Quant, m.Operands[q.Weights].Type.Quant
	got := m.Operands[q.Bias]
	out := tensor.New(tensor.F32, got.Const.Data.Shape...)
	for i, code := range got.Const.Data.I32 {
		s, _ := w.At(i)
		unit := float64(float64(x.Scale[0]) * float64(s))
		b := float64(float64(code) * unit)
		out.F32[i] = float32(b)
		var a float64
		if len(in) > q.Bias {
			a = float64(in[q.Bias].t.F32[i])
		}
		bound := unit/2 + float64(math.Abs(a)*0x1p-22)
		if !near(a, b, bound) {
			return &Miscompiled{Func: l.before.Name, Value: n.Result().Name, Sample: l.sample, Index: i, Before: a, After: b, Bound: bound, Promise: l.keeps,
				Why: "this is its bias, in units of the accumulator"}
		}
	}
	if len(in) > q.Bias {
		in[q.Bias] = number{t: out}
	}
	return nil
}

// activationMap is the map of the codes that factors give an operand.
func activationMap(k *LayerFactors) *ir.Quant {
	q := ir.PerTensor(k.ScaleD, k.OffsetD)
	q.Min, q.Max = calib.CodeRange(k.ActBits)
	return q
}

// weightMap is the map of the codes that factors give the weights of n.
func weightMap(n *ir.Node, k *LayerFactors) *ir.Quant {
	q := ir.PerTensor(k.ScaleW[0], 0)
	if len(k.ScaleW) > 1 {
		q = ir.PerChannel(n.Op.Quant.ChannelAxis, k.ScaleW)
	}
	q.Min, q.Max = calib.CodeRange(k.WtsBits)
	return q
}
