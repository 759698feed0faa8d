package faults

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
)

// Causes are what can be planted.
var Causes = []report.Cause{report.Outlier, report.Disparity, report.Saturation, report.BiasShift, report.Accumulated}

// A Fault is a network with one fault, calibrated and quantized.
type Fault struct {
	Cause  report.Cause
	Layers []string // any of which is the right place; none: everywhere
	Detail string

	Context *passes.Context
	Net     amctc.Quantized
	Calib   passes.Data
}

// A planter knows the sound network and draws.
type planter struct {
	rand  *rand.Rand
	float *ir.Module
	calib [][]*tensor.Tensor
	fault *Fault
}

// matters is how much worse than the sound network's, in dB, the output must be for a fault to be one:
// half the noise again.
const matters = 3

// tries bounds how often a fault is drawn again because it does not matter.
const tries = 50

// Plant draws a fault of the given cause for a prepared float network. calib are single samples of
// calibration data; they are not changed. A fault that leaves the integer network's output, on the first
// samples of calib, within a few dB of the sound one's is drawn again.
func Plant(ctx context.Context, float *ir.Module, calib [][]*tensor.Tensor, cause report.Cause, seed uint64) (*Fault, error) {
	sound, err := None(ctx, float, calib)
	if err != nil {
		return nil, err
	}
	least, err := sound.output(ctx, calib)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, uint64(slices.Index(Causes, cause))))
	for range tries {
		p := &planter{rand: r, float: float.Clone(), calib: calib, fault: &Fault{Cause: cause, Context: amctc.NewContext(ctx)}}
		if err := p.plant(); err != nil {
			return nil, err
		}
		db, err := p.fault.output(ctx, calib)
		if err != nil {
			return nil, err
		}
		if db <= least-matters {
			return p.fault, nil
		}
	}
	return nil, fmt.Errorf("seed %d: no fault of cause %q that matters in %d draws", seed, cause, tries)
}

func (p *planter) plant() error {
	switch p.fault.Cause {
	case report.Outlier:
		return p.outlier()
	case report.Disparity:
		return p.disparity()
	case report.Saturation:
		return p.saturation()
	case report.BiasShift:
		return p.biasShift()
	case report.Accumulated:
		return p.accumulated()
	}
	return fmt.Errorf("cause %q cannot be planted", p.fault.Cause)
}

// output is the integer network's first result against the float network's on a few samples, in dB.
func (f *Fault) output(ctx context.Context, data [][]*tensor.Tensor) (float64, error) {
	return sqnr(ctx, f.Net.Float, f.Net.Integer, data[:min(len(data), 16)])
}

// sqnr is the median over samples of the integer network's first result against the float network's, in dB.
func sqnr(ctx context.Context, float, integer *ir.Module, data [][]*tensor.Tensor) (float64, error) {
	a, err := exec.Engine{}.Prepare(float.Main())
	if err != nil {
		return 0, err
	}
	b, err := exec.Engine{}.Prepare(integer.Main())
	if err != nil {
		return 0, err
	}
	var all []float64
	for _, in := range data {
		x, err := a.Run(ctx, in, nil)
		if err != nil {
			return 0, err
		}
		y, err := b.Run(ctx, in, nil)
		if err != nil {
			return 0, err
		}
		var noise, signal float64
		for i, v := range x[0].F32 {
			d := float64(v) - float64(y[0].F32[i])
			noise += d * d
			signal += float64(v) * float64(v)
		}
		all = append(all, 10*math.Log10(signal/noise))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// finish calibrates, lets change touch what calibration found, and quantizes.
func (p *planter) finish(change func(fitted *ir.Module) (*ir.Module, error)) error {
	f := p.fault
	f.Calib = samples(p.calib)
	c := f.Context
	fitted, err := passes.Fit(c, exec.Engine{}, p.float, f.Calib)
	if err != nil {
		return err
	}
	if change != nil {
		if fitted, err = change(fitted); err != nil {
			return err
		}
	}
	integer, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
	f.Net = amctc.Quantized{Float: p.float, Fitted: fitted, Integer: integer}
	return err
}

// layers are the nodes with weights.
func (p *planter) layers() (out []*ir.Node) {
	for _, n := range p.float.Main().Nodes {
		if n.Op.Quant.IsLayer() && n.Operands[1].IsConst() {
			out = append(out, n)
		}
	}
	return out
}

func (p *planter) draw(list []*ir.Node) *ir.Node { return list[p.rand.IntN(len(list))] }

// between is a number drawn evenly on the logarithm's scale.
func (p *planter) between(lo, hi float64) float64 {
	return lo * math.Pow(hi/lo, p.rand.Float64())
}

// setting changes the settings of one layer.
func (p *planter) setting(name string, change func(*passes.LayerSettings)) {
	s := p.fault.Context.Settings
	l := s.For(name, true)
	change(&l)
	if s.Layers == nil {
		s.Layers = make(map[string]passes.LayerSettings)
	}
	s.Layers[name] = l
}

// outlier blows up rare activations: pixels of a few calibration images, or a channel of a layer that
// hardly ever fires.
func (p *planter) outlier() error {
	var pairs []pair
	for _, x := range pairsOf(p.float.Main()) {
		if x.relu {
			pairs = append(pairs, x)
		}
	}
	if len(pairs) == 0 || p.rand.IntN(2) == 0 {
		return p.pixels()
	}
	return p.rareChannel(pairs[p.rand.IntN(len(pairs))])
}

// pixels multiplies what two to five pixels of the calibration images may be.
func (p *planter) pixels() error {
	f := p.float.Main()
	var top float32
	for _, in := range p.calib {
		for _, v := range in[0].F32 {
			top = max(top, v, -v)
		}
	}
	factor := float32(p.between(30, 300))
	count := 2 + p.rand.IntN(4)
	calib := append([][]*tensor.Tensor(nil), p.calib...)
	for range count {
		i := p.rand.IntN(len(calib))
		x := calib[i][0]
		data := append([]float32(nil), x.F32...)
		data[p.rand.IntN(len(data))] = top * factor
		calib[i] = append([]*tensor.Tensor{tensor.FromF32(data, x.Shape...)}, calib[i][1:]...)
	}
	p.calib = calib
	for _, n := range p.layers() {
		if source(n.Operands[0]) == f.Params[0] {
			p.fault.Layers = append(p.fault.Layers, n.Name)
		}
	}
	p.fault.Detail = fmt.Sprintf("%d calibration pixels of %.0f times the greatest", count, factor)
	return p.finish(nil)
}

// rareChannel lets one channel before a ReLU fire in a few places of the calibration data only, and then
// far beyond all others.
func (p *planter) rareChannel(x pair) error {
	v := x.from.Result()
	ch := p.rand.IntN(v.Type.Shape[1])
	r, err := exec.Engine{}.Prepare(p.float.Main())
	if err != nil {
		return err
	}
	// The few greatest values of the channel, and the greatest of all channels.
	var all, own []float32
	for _, in := range p.calib {
		if _, err := r.Run(p.fault.Context, in, func(w *ir.Value, t *tensor.Tensor) {
			if w != v {
				return
			}
			inner := tensor.Elems(t.Shape[2:])
			all = append(all, t.F32...)
			own = append(own, t.F32[ch*inner:(ch+1)*inner]...)
		}); err != nil {
			return err
		}
	}
	few := 1 + p.rand.IntN(3)
	threshold, peak := topOf(own, few)
	_, top := topOf(all, 1)
	if !(peak > threshold) || !(top > 0) {
		return fmt.Errorf("channel %d of %s has no values to tell apart", ch, x.from.Name)
	}
	factor := float32(p.between(30, 300)) * top / (peak - threshold)
	w, b := x.from.Operands[1], bias(p.float, x.from)
	scaleRows(p.float, x.from, 1, ch, w.Type.Shape[0], factor)
	data := append([]float32(nil), b...)
	data[ch] = (data[ch] - threshold) * factor
	setConst(p.float, x.from, 2, data)
	// What the channel says now must not reach the output by a thousandfold.
	scaleColumns(p.float, x.to, ch, w.Type.Shape[0], 1/factor)
	p.fault.Layers = []string{x.to.Name}
	p.fault.Detail = fmt.Sprintf("channel %d of %s fires %d times in the calibration data", ch, x.from.Name, few)
	// The weights of the layer that fires get scales of their own, so that the activations are the fault.
	p.setting(x.from.Name, func(l *passes.LayerSettings) { each := true; l.Weight.PerChannel = &each })
	return p.finish(nil)
}

// disparity multiplies output channels of one layer, lets the next layer divide, and gives the layer one
// weight scale.
func (p *planter) disparity() error {
	pairs := pairsOf(p.float.Main())
	if len(pairs) == 0 {
		return fmt.Errorf("no pair of layers passes a channel's factor on")
	}
	x := pairs[p.rand.IntN(len(pairs))]
	ch := x.from.Operands[1].Type.Shape[0]
	count := 1 + p.rand.IntN(2)
	for _, c := range p.rand.Perm(ch)[:count] {
		factor := float32(math.Exp2(float64(4 + p.rand.IntN(3))))
		scaleRows(p.float, x.from, 1, c, ch, factor)
		if len(x.from.Operands) == 3 {
			scaleRows(p.float, x.from, 2, c, ch, factor)
		}
		x.scaleInput(p.float, c, ch, 1/factor)
	}
	p.setting(x.from.Name, func(l *passes.LayerSettings) { one := false; l.Weight.PerChannel = &one })
	p.fault.Layers = []string{x.from.Name, x.to.Name}
	p.fault.Detail = fmt.Sprintf("%d channels of %s, one weight scale", count, x.from.Name)
	return p.finish(nil)
}

// saturation gives one layer a range that is far too small, or calibrates with data that are.
func (p *planter) saturation() error {
	factor := float32(p.between(4, 16))
	if p.rand.IntN(3) == 0 {
		calib := make([][]*tensor.Tensor, len(p.calib))
		for i, in := range p.calib {
			for _, x := range in {
				data := make([]float32, len(x.F32))
				for k, v := range x.F32 {
					data[k] = v / factor
				}
				calib[i] = append(calib[i], tensor.FromF32(data, x.Shape...))
			}
		}
		p.calib = calib
		p.fault.Detail = fmt.Sprintf("calibration data %.1f times smaller", factor)
		return p.finish(nil)
	}
	n := p.draw(p.layers())
	p.fault.Layers = []string{n.Name}
	p.fault.Detail = fmt.Sprintf("range of %s %.1f times smaller", n.Name, factor)
	return p.finish(func(m *ir.Module) (*ir.Module, error) {
		p.fault.Context.Factors.Get(n.Name).ScaleD /= factor
		return m, nil
	})
}

// biasShift rounds the weights of one layer one way, or shifts its bias.
func (p *planter) biasShift() error {
	n := p.draw(p.layers())
	p.fault.Layers = []string{n.Name}
	down := p.rand.IntN(2) == 0
	return p.finish(func(m *ir.Module) (*ir.Module, error) {
		m = m.Clone()
		var to *ir.Node
		for _, k := range m.Main().Nodes {
			if k.Name == n.Name {
				to = k
			}
		}
		scale, w := p.fault.Context.Factors.Get(n.Name).ScaleW, to.Operands[1].Const.Data
		if down {
			data := make([]float32, w.Len())
			per := w.Len() / len(scale)
			for i, v := range w.F32 {
				s := float64(scale[i/per])
				data[i] = float32(math.Max(math.Floor(float64(v)/s), -128) * s)
			}
			setConst(m, to, 1, data)
			p.fault.Detail = "weights of " + n.Name + " rounded down"
			return m, nil
		}
		// A shift of 5 to 20 % of what the output channels' results are.
		size := p.outputSize(n) * p.between(0.05, 0.2)
		data := append([]float32(nil), bias(m, to)...)
		for i := range data {
			data[i] += float32(size * (0.5 + p.rand.Float64()))
		}
		setConst(m, to, 2, data)
		p.fault.Detail = fmt.Sprintf("bias of %s shifted by about %.3g", n.Name, size)
		return m, nil
	})
}

// outputSize is the root mean square of a node's result over the calibration data.
func (p *planter) outputSize(n *ir.Node) float64 {
	var sum float64
	count := 0
	r, err := exec.Engine{}.Prepare(p.float.Main())
	if err != nil {
		return 0
	}
	for _, in := range p.calib[:min(len(p.calib), 16)] {
		_, _ = r.Run(p.fault.Context, in, func(v *ir.Value, t *tensor.Tensor) {
			if v == n.Result() {
				for _, x := range t.F32 {
					sum += float64(x) * float64(x)
				}
				count += len(t.F32)
			}
		})
	}
	return math.Sqrt(sum / float64(max(1, count)))
}

// accumulated gives every layer too few bits, some fewer than others.
func (p *planter) accumulated() error {
	bits := []int{4, 6}[p.rand.IntN(2)]
	each := true
	for _, n := range p.layers() {
		own := bits
		if p.rand.IntN(4) == 0 {
			own = 10 - bits
		}
		p.setting(n.Name, func(l *passes.LayerSettings) { l.Weight.Bits, l.Weight.PerChannel = own, &each })
	}
	p.fault.Detail = fmt.Sprintf("weights of %d bits in most layers, of %d in others", bits, 10-bits)
	return p.finish(nil)
}

// None is the sound network, calibrated and quantized.
func None(ctx context.Context, float *ir.Module, calib [][]*tensor.Tensor) (*Fault, error) {
	p := &planter{float: float.Clone(), calib: calib, fault: &Fault{Context: amctc.NewContext(ctx)}}
	return p.fault, p.finish(nil)
}

// Right says whether a finding names the planted cause in a right place.
func (f *Fault) Right(x report.Finding) bool {
	return x.Cause == f.Cause && (len(f.Layers) == 0 || slices.Contains(f.Layers, x.Layer))
}
