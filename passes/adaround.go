package passes

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
	"github.com/amctc/amctc/passes/train"
	"github.com/amctc/amctc/runtime/f32"
)

// adaRows is the number of rows that a step of AdaRound sees (AMCT 2.7).
const adaRows = 32

// adaRound learns which way each weight is rounded so that the layer, with the operator that limits its
// output behind it, gives what it gives in the float network (AMCT 2.7; Nagel et al. 2020): Adam on
// variables a with soft weights (floor(w/s) + h(a))*s, h a stretched sigmoid, and a term that drives h to 0 or
// 1, its exponent falling by whole numbers. Steps draw rows by the seed.
func (c *Context) adaRound(e ir.Engine, original *ir.Module, n *ir.Node, cfg calib.AdaRoundConfig, rows, ideal *layerRows, scale []float32, bits int) ([]int8, error) {
	_, out, k := rowShape(n)
	w := constantWeights(n).F32
	bias := make([]float32, out)
	if len(n.Operands) == 3 {
		if !n.Operands[2].IsConst() {
			return nil, fmt.Errorf("its bias is computed")
		}
		copy(bias, n.Operands[2].Const.Data.F32)
	}
	step, err := c.adaStep(e, original, n, out, k)
	if err != nil {
		return nil, err
	}
	target, err := c.adaTarget(e, original, n, out, k, w, bias, ideal.groups[0])
	if err != nil {
		return nil, err
	}
	v := newSoft(w, scale, bits)
	x, y := tensor.New(tensor.F32, adaRows, k), tensor.New(tensor.F32, adaRows, out)
	soft, b := tensor.New(tensor.F32, out, k), tensor.FromF32(bias, out)
	count := len(rows.groups[0]) / k
	r := train.NewRandom(c.Settings.Seed, 5)
	opt := train.Optimizer{Kind: train.Adam, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	m1, m2 := make([]float32, len(w)), make([]float32, len(w))
	for i := range cfg.Iterations {
		if err := c.Err(); err != nil {
			return nil, err
		}
		for j := range adaRows {
			at := r.Below(count)
			copy(x.F32[j*k:(j+1)*k], rows.groups[0][at*k:])
			copy(y.F32[j*out:(j+1)*out], target[at*out:(at+1)*out])
		}
		v.weights(soft.F32)
		res, err := step.Run(c, []*tensor.Tensor{x, soft, b, y}, nil)
		if err != nil {
			return nil, err
		}
		if l := res[0].F32[0]; l-l != 0 {
			return nil, fmt.Errorf("the loss of AdaRound is %v", l)
		}
		v.gradient(res[1].F32, float32(out), cfg, i)
		opt.Step(i+1, 1e-3, false, v.a, v.g, [][]float32{m1, m2})
	}
	return v.codes(), nil
}

// adaStep is the layer on rows, with the loss and the gradient of its weights.
func (c *Context) adaStep(e ir.Engine, original *ir.Module, n *ir.Node, out, k int) (ir.Runner, error) {
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	x, w, bias := b.Param("x", ir.Float(adaRows, k)), b.Param("w", ir.Float(out, k)), b.Param("b", ir.Float(out))
	target := b.Param("target", ir.Float(adaRows, out))
	y := c.limited(b, original, n, b.Node(ir.NodeSpec{Op: "nn.dense", Name: n.Name, Operands: []*ir.Value{x, w, bias}}))
	loss := b.Node(ir.NodeSpec{Op: "t.mse", Name: "loss", Operands: []*ir.Value{y, target}})
	if loss == nil {
		return nil, c.Remarks.Err()
	}
	g, err := Backward(c, m, f, loss, []*ir.Value{w})
	if err != nil {
		return nil, err
	}
	f.Results = []*ir.Value{loss, g[0]}
	return e.Prepare(f)
}

// limited appends the operator that alone reads n's result in the float network when it limits it.
func (c *Context) limited(b *ir.Builder, original *ir.Module, n *ir.Node, y *ir.Value) *ir.Value {
	f := original.Main()
	for _, o := range f.Nodes {
		if o.Name != n.Name {
			continue
		}
		if u := single(f.Uses(), o.Result()); u != nil && u.Op.Bounds != nil {
			return b.Node(ir.NodeSpec{Op: u.Op.Name, Name: u.Name, Operands: []*ir.Value{y}, Attrs: u.Attrs.Clone()})
		}
	}
	return y
}

// adaTarget is what the float layer gives for the ideal rows.
func (c *Context) adaTarget(e ir.Engine, original *ir.Module, n *ir.Node, out, k int, w, bias, ideal []float32) ([]float32, error) {
	count := len(ideal) / k
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	x, wv, bv := b.Param("x", ir.Float(count, k)), b.Param("w", ir.Float(out, k)), b.Param("b", ir.Float(out))
	y := c.limited(b, original, n, b.Node(ir.NodeSpec{Op: "nn.dense", Name: n.Name, Operands: []*ir.Value{x, wv, bv}}))
	if y == nil {
		return nil, c.Remarks.Err()
	}
	f.Results = []*ir.Value{y}
	r, err := e.Prepare(f)
	if err != nil {
		return nil, err
	}
	res, err := r.Run(c, []*tensor.Tensor{tensor.FromF32(ideal[:count*k], count, k), tensor.FromF32(w, out, k), tensor.FromF32(bias, out)}, nil)
	if err != nil {
		return nil, err
	}
	return res[0].F32, nil
}

// soft are weights between two codes.
type soft struct {
	floor  []float32 // floor(w/s)
	scale  []float32
	lo, hi float32
	per    int
	a, g   []float32
	h, dh  []float32 // of the last weights
}

// The stretch of the sigmoid.
const (
	stretchLow  = -0.1
	stretchHigh = 1.1
)

func newSoft(w, scale []float32, bits int) *soft {
	lo, hi := calib.CodeRange(bits)
	v := &soft{scale: scale, lo: float32(lo), hi: float32(hi), per: len(w) / len(scale)}
	for _, s := range []*[]float32{&v.floor, &v.a, &v.g, &v.h, &v.dh} {
		*s = make([]float32, len(w))
	}
	for i, x := range w {
		t := float64(float32(x / scale[i/v.per]))
		fl := math.Floor(t)
		v.floor[i] = float32(fl)
		// h(a) is the part above the floor at the start.
		part := (t - fl - stretchLow) / (stretchHigh - stretchLow)
		v.a[i] = float32(-math.Log(1/part - 1))
	}
	return v
}

// weights computes h and its derivative, and writes the soft weights.
func (v *soft) weights(out []float32) {
	v.split(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := float32(1 / float32(1+f32.Exp(-v.a[i])))
			h := float32(float32(s*(stretchHigh-stretchLow)) + stretchLow)
			d := float32(float32(stretchHigh-stretchLow) * float32(s*float32(1-s)))
			if h <= 0 {
				h, d = 0, 0
			} else if h >= 1 {
				h, d = 1, 0
			}
			v.h[i], v.dh[i] = h, d
			out[i] = float32(min(max(float32(v.floor[i]+h), v.lo), v.hi) * v.scale[i/v.per])
		}
	})
}

// gradient is that of the mean squared error of a row, summed over outputs, and of the term that drives
// h to its ends.
func (v *soft) gradient(dw []float32, outputs float32, cfg calib.AdaRoundConfig, iteration int) {
	warm := cfg.WarmStart * float64(cfg.Iterations)
	drive, beta := float64(iteration) >= warm, 0
	if drive {
		part := (float64(iteration) - warm) / max(1, float64(cfg.Iterations)-warm)
		beta = max(2, int(math.Round(cfg.BetaEnd+0.5*(cfg.BetaStart-cfg.BetaEnd)*(1+math.Cos(math.Pi*part)))))
	}
	reg := float32(cfg.Reg)
	v.split(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			q := float32(v.floor[i] + v.h[i])
			g := float32(0)
			if q >= v.lo && q <= v.hi {
				g = float32(float32(float32(dw[i]*outputs)*v.scale[i/v.per]) * v.dh[i])
			}
			if drive {
				x := float32(float32(2*v.h[i]) - 1)
				p := x // |x|^(beta-1) with the sign of x
				for range beta - 2 {
					p = float32(p * float32(math.Abs(float64(x))))
				}
				g = float32(g - float32(float32(reg*float32(2*beta))*float32(p*v.dh[i])))
			}
			v.g[i] = g
		}
	})
}

// codes are the weights rounded as learned.
func (v *soft) codes() []int8 {
	out := make([]int8, len(v.a))
	v.weights(make([]float32, len(v.a)))
	for i, h := range v.h {
		q := v.floor[i]
		if h >= 0.5 {
			q++
		}
		out[i] = int8(min(max(q, v.lo), v.hi))
	}
	return out
}

// split runs f on parts of all weights side by side.
func (v *soft) split(f func(lo, hi int)) {
	n, workers := len(v.a), runtime.GOMAXPROCS(0)
	if n < 1<<13 || workers == 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { f(n*i/workers, n*(i+1)/workers) })
	}
	wg.Wait()
}
