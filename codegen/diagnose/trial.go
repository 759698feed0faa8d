package diagnose

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// A form is one way to quantize a unit.
type form struct {
	acts    []affine  // as many as operands; scale 0 leaves the operand float
	weights []float32 // nil for the float ones
	bias    []float32 // with weights
	balance []float32 // for each input channel: the activation is divided by it; weights hold the product
}

// present is the unit as it is quantized now.
func (u *unit) present() form {
	f := form{}
	for _, o := range u.acts {
		f.acts = append(f.acts, o.codes)
	}
	if u.w != nil {
		f.weights = calib.FakeQuantWeights(u.w.fitted, u.w.scale, u.w.bits)
		f.bias = u.w.fittedBias
	}
	return f
}

// actsOnly quantizes the activations only, weightsOnly the weights.
func (f form) actsOnly() form { return form{acts: f.acts} }

func (f form) weightsOnly() form {
	return form{acts: make([]affine, len(f.acts)), weights: f.weights, bias: f.bias}
}

// withActs is f with other maps of activations.
func (f form) withActs(a ...affine) form {
	f.acts = a
	return f
}

// withWeights is f with other rounded weights and the float network's bias.
func (u *unit) withWeights(f form, w []float32) form {
	f.weights, f.bias = w, u.w.floatBias
	return f
}

// round gives what codes of x stand for.
func (a affine) round(x []float32) []float32 {
	lo, hi := calib.CodeRange(a.bits)
	r := op.Reciprocal(a.scale)
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = op.DequantizeCode(op.QuantizeCode(v, r, a.offset, lo, hi), a.scale, a.offset)
	}
	return out
}

// A trial runs one form of a unit alone on the unit's float operands.
type trial struct {
	u    *unit
	form form
	run  ir.Runner
	out  []float32 // of the last run

	ratio []float64 // noise over signal of each sample
}

// quantizes says whether operand i has factors of activations.
func (u *unit) quantizes(i int) bool {
	return slices.ContainsFunc(u.acts, func(a operand) bool { return a.index == i })
}

// of is a value of one sample, or a constant's data.
func of(at map[*ir.Value]*tensor.Tensor, v *ir.Value) *tensor.Tensor {
	if v.IsConst() {
		return v.Const.Data
	}
	return at[v]
}

// alone is a function of u's node with the given weights. Its parameters are the node's operands that
// have factors or are no constants, each once for each operand.
func (u *unit) alone(weights, bias []float32) (*ir.Func, error) {
	f := &ir.Func{Name: "main", Stage: ir.StageFloat}
	var diags diag.List
	b := ir.NewBuilder(op.All(), f, &diags)
	n := u.node
	spec := ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: n.From, Value: n.Result().Name, Attrs: n.Attrs}
	for i, v := range n.Operands {
		if !v.IsConst() || u.quantizes(i) {
			v = b.Param(v.Name, v.Type)
		}
		spec.Operands = append(spec.Operands, v)
	}
	if b.Node(spec) == nil {
		return nil, diags.Err()
	}
	if weights != nil {
		setWeights(f.Nodes[0], weights, bias)
	}
	f.Results = []*ir.Value{f.Nodes[0].Result()}
	return f, nil
}

func newTrial(e ir.Engine, u *unit, fm form) (*trial, error) {
	t := &trial{u: u, form: fm}
	f, err := u.alone(fm.weights, fm.bias)
	if err != nil {
		return nil, err
	}
	t.run, err = e.Prepare(f)
	return t, err
}

// feed makes the trial's inputs from the float operands.
func (t *trial) feed(in map[*ir.Value]*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for i, v := range t.u.node.Operands {
		if v.IsConst() && !t.u.quantizes(i) {
			continue
		}
		x := of(in, v)
		for k, a := range t.u.acts {
			if a.index != i {
				continue
			}
			data := x.F32
			if t.form.balance != nil {
				data = divide(data, t.form.balance, tensor.Elems(x.Shape[2:]))
			}
			if q := t.form.acts[k]; q.scale != 0 {
				data = q.round(data)
			}
			x = tensor.FromF32(data, x.Shape...)
		}
		out = append(out, x)
	}
	return out
}

// divide divides each channel, the axis behind the batch, by its factor.
func divide(x, by []float32, inner int) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v / by[i/inner%len(by)])
	}
	return out
}

// noise is the power of a-b and that of a, in order.
func noise(a, b []float32) (noise, signal float64) {
	for i, v := range a {
		d := float64(v) - float64(b[i])
		noise += float64(d * d)
		signal += float64(float64(v) * float64(v))
	}
	return noise, signal
}

// ratioOf is noise over signal, as large as a number may be when there is noise only.
func ratioOf(noise, signal float64) float64 {
	switch {
	case noise == 0:
		return 0
	case signal == 0 || !(noise/signal <= 1e12):
		return 1e12
	}
	return noise / signal
}

// A drift is the mean error of each channel of a unit's present output, by sample.
type drift struct {
	inner int
	sum   [][]float64 // by sample, by channel
	noise []float64   // by sample
	power []float64   // signal by sample
}

func (d *drift) add(ref, got []float32, shape []int) {
	ch := 1
	if len(shape) >= 2 {
		ch = shape[1]
	}
	d.inner = max(1, len(ref)/max(1, ch))
	sum := make([]float64, ch)
	for i, v := range ref {
		sum[i/d.inner%ch] += float64(got[i]) - float64(v)
	}
	n, s := noise(ref, got)
	d.sum, d.noise, d.power = append(d.sum, sum), append(d.noise, n), append(d.power, s)
}

// corrected is noise over signal of each sample when the mean error of each channel over the other
// half of the samples, even against odd, is taken out. With one sample nothing is corrected.
func (d *drift) corrected() []float64 {
	out := make([]float64, len(d.noise))
	for i := range d.noise {
		n, others := d.noise[i], 0
		mean := make([]float64, len(d.sum[i]))
		for j := 1 - i%2; j < len(d.sum); j += 2 {
			for c, v := range d.sum[j] {
				mean[c] += v
			}
			others++
		}
		for c := range mean {
			if others == 0 {
				break
			}
			m := mean[c] / float64(others*d.inner)
			n += float64(float64(d.inner)*float64(m*m)) - float64(2*float64(m*d.sum[i][c]))
		}
		out[i] = ratioOf(max(0, n), d.power[i])
	}
	return out
}

// share is the part of the noise that is mean error of channels, over all samples.
func (d *drift) share() float64 {
	var all, mean float64
	for _, n := range d.noise {
		all += n
	}
	if len(d.sum) == 0 {
		return 0
	}
	for c := range d.sum[0] {
		var s float64
		for i := range d.sum {
			s += d.sum[i][c]
		}
		mean += float64(s*s) / float64(d.inner*len(d.sum))
	}
	if all == 0 {
		return 0
	}
	return min(1, mean/all)
}

// clipped counts the values outside of what codes reach, by more than half a step.
func (a affine) clipped(x []float32) (n int) {
	lo, hi := a.span()
	lo, hi = lo-a.scale/2, hi+a.scale/2
	for _, v := range x {
		if v < lo || v > hi {
			n++
		}
	}
	return n
}

// finite says whether all numbers are.
func finite(x []float32) bool {
	for _, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}
