package amctc

import (
	"context"
	"fmt"
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/train"
)

// DistillOptions say how a quantized network learns from the float one, some layers at a time (AMCT 1.8). No
// labels are needed.
type DistillOptions struct {
	// Quantize says how layers are quantized; its Data are what bounds start from.
	Quantize *QATOptions
	// GroupSize is how many layers that follow each other are trained together, with the activations behind
	// them; at least 1.
	GroupSize int
	// Groups are groups of layers by the names of their first and last ones, in the place of those of
	// GroupSize: what lies between is trained together. It must depend on the first layer's input alone.
	Groups []DistillGroup
	// Train has epochs, batch, rate, optimizer, seed and threads.
	Train    TrainOptions
	Progress func(group, groups int, s TrainStatus)
}

// A DistillGroup is the layers from Start to End.
type DistillGroup struct{ Start, End string }

// A Distilled is what the training of one group came to: the mean squared difference from the float network's
// values.
type Distilled struct {
	Start   string       `json:"start"`
	End     string       `json:"end"`
	History []TrainEpoch `json:"history"`
}

// DefaultDistill are AMCT's: one epoch with the rate 0.001, one layer at a time.
func DefaultDistill() DistillOptions {
	t := DefaultTrain()
	t.Epochs, t.Batch, t.Loss, t.Schedule = 1, 32, "mse", train.Schedule{Kind: "constant", Rate: 0.001, Factor: 0.1}
	t.Optimizer.Kind, t.Optimizer.Decay = train.Adam, 0
	return DistillOptions{Quantize: DefaultQAT(), GroupSize: 1, Train: t}
}

// span is a part of the network between two values, by name.
type span struct{ start, end, from, to string }

// Distill trains a float network, as it was loaded, group by group in the order of execution: each group of
// the quantized network learns to give the values of the float one from what the quantized groups before it
// give. The result is the network as Prepare leaves it, trained, with the factors of all operators.
func Distill(ctx context.Context, m *ir.Module, data *Data, opt DistillOptions) (*Trained, []Distilled, error) {
	q := *opt.Quantize
	if err := q.Check(); err != nil {
		return nil, nil, err
	}
	if opt.GroupSize < 1 && len(opt.Groups) == 0 {
		return nil, nil, fmt.Errorf("groups of %d layers: want 1 or more", opt.GroupSize)
	}
	c := NewContext(ctx)
	q.Settings(c.Settings)
	teacher, err := Prepare(c, m)
	if err != nil {
		return nil, nil, err
	}
	calibration := q.Data
	if calibration == nil {
		calibration = data.Limited(CalibrationSamples)
	}
	if _, err := Calibrate(c, teacher, calibration); err != nil {
		return nil, nil, err
	}
	groups, err := opt.groups(c, teacher.Main())
	if err != nil {
		return nil, nil, err
	}
	student := teacher.Clone()
	var report []Distilled
	for i, g := range groups {
		part, err := passes.Extract(student, g.from, g.to)
		if err != nil {
			return nil, nil, fmt.Errorf("layers %q to %q: %w", g.start, g.end, err)
		}
		set, err := captured(ctx, c, teacher, student, g, data)
		if err != nil {
			return nil, nil, err
		}
		t := opt.Train
		own := q
		own.Factors, own.Data = c.Factors, nil
		t.Loss, t.Quantize, t.Batch = "mse", &own, min(t.Batch, set.n)
		if opt.Progress != nil {
			t.Progress = func(s TrainStatus) { opt.Progress(i+1, len(groups), s) }
		}
		trained, err := Train(ctx, part, set, t)
		if err != nil {
			return nil, nil, fmt.Errorf("layers %q to %q: %w", g.start, g.end, err)
		}
		adopt(student, trained.Module)
		for _, l := range trained.Factors.All() {
			*c.Factors.At(l.Key) = l.Clone()
		}
		report = append(report, Distilled{g.start, g.end, trained.History})
	}
	last := NewContext(ctx)
	q.Settings(last.Settings)
	if _, err := Calibrate(last, student, calibration); err != nil {
		return nil, nil, err
	}
	for _, l := range c.Factors.All() { // those of layers are trained
		if slices.ContainsFunc(student.Main().Nodes, func(n *ir.Node) bool { return n.Name == l.Key && n.Op.Quant.IsLayer() }) {
			*last.Factors.At(l.Key) = l.Clone()
		}
	}
	return &Trained{Module: student, Factors: last.Factors}, report, nil
}

// groups are the parts that are trained, in the order of execution.
func (opt *DistillOptions) groups(c *passes.Context, f *ir.Func) ([]span, error) {
	uses := f.Uses()
	end := func(n *ir.Node) *ir.Value {
		v := n.Result()
		if u := uses[v]; len(u) == 1 && u[0].Node != nil && u[0].Node.Op.Bounds != nil {
			v = u[0].Node.Result()
		}
		return v
	}
	quantized := func(n *ir.Node) bool {
		l := c.Factors.Get(n.Name)
		return n.Op.Quant.IsLayer() && l != nil && l.ScaleD != 0
	}
	find := func(name string) (*ir.Node, error) {
		for _, n := range f.Nodes {
			if n.Name == name || slices.Contains(n.From, name) {
				if !quantized(n) {
					return nil, fmt.Errorf("layer %q of a distill group is not quantized", name)
				}
				return n, nil
			}
		}
		return nil, fmt.Errorf("there is no layer %q, which a distill group names", name)
	}
	var out []span
	for _, g := range opt.Groups {
		a, err := find(g.Start)
		if err != nil {
			return nil, err
		}
		b, err := find(g.End)
		if err != nil {
			return nil, err
		}
		out = append(out, span{a.Name, b.Name, a.Operands[0].Name, end(b).Name})
	}
	if len(opt.Groups) > 0 {
		return out, nil
	}
	size := 0
	for _, n := range f.Nodes {
		if !quantized(n) {
			continue
		}
		x := n.Operands[0]
		if k := len(out) - 1; k >= 0 && size < opt.GroupSize && out[k].to == x.Name && len(uses[x]) == 1 {
			out[k].end, out[k].to = n.Name, end(n).Name
			size++
			continue
		}
		out = append(out, span{n.Name, n.Name, x.Name, end(n).Name})
		size = 1
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the network has no quantized layers to train")
	}
	return out, nil
}

// captured are the values that a group reads in the quantized network, and those that it gives in the float one.
func captured(ctx context.Context, c *passes.Context, teacher, student *ir.Module, g span, data *Data) (*TrainSet, error) {
	own := NewContext(ctx)
	own.Settings, own.Factors = c.Settings, c.Factors
	fake, err := FakeQuantize(own, student)
	if err != nil {
		return nil, err
	}
	set := &TrainSet{n: data.Samples(), inputs: make([][]float32, 1)}
	for _, v := range []struct {
		f    *ir.Func
		name string
		to   *[]float32
		dims *[][]int
	}{{fake.Main(), g.from, &set.inputs[0], &set.shapes}, {teacher.Main(), g.to, &set.targets, nil}} {
		dims, err := collect(ctx, v.f, v.name, data, v.to)
		if err != nil {
			return nil, err
		}
		if v.dims != nil {
			*v.dims = [][]int{dims}
		}
	}
	return set, nil
}

// collect appends a value's elements over all samples to a list, and gives the shape of a sample.
func collect(ctx context.Context, f *ir.Func, name string, data *Data, to *[]float32) ([]int, error) {
	for i, p := range f.Params {
		if p.Name != name {
			continue
		}
		for in, err := range data.Batches() {
			if err != nil {
				return nil, err
			}
			*to = append(*to, in[i].F32...)
		}
		return CallShape(p), nil
	}
	r, err := (exec.Engine{}).Prepare(f)
	if err != nil {
		return nil, err
	}
	var shape []int
	for in, err := range data.Batches() {
		if err != nil {
			return nil, err
		}
		_, err := r.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) {
			if v.Name == name {
				shape = append([]int(nil), t.Shape[1:]...)
				*to = append(*to, t.F32...)
			}
		})
		if err != nil {
			return nil, err
		}
		if 4*int64(len(*to)) > maxTrainBytes/4 {
			return nil, fmt.Errorf("the values of %%%s take more than 4 GiB of memory; use fewer samples", name)
		}
	}
	return shape, nil
}

// adopt takes the constants of the layers of a part over.
func adopt(m, part *ir.Module) {
	from := make(map[string]*ir.Node)
	for _, n := range part.Main().Nodes {
		from[n.Name] = n
	}
	for _, n := range m.Main().Nodes {
		p := from[n.Name]
		if p == nil || !n.Op.Quant.IsLayer() {
			continue
		}
		for i, v := range p.Operands {
			if v.IsConst() {
				n.Operands[i] = m.AddConst(n.Operands[i].Const.Name, v.Type, v.Const.Data)
			}
		}
	}
	m.DropUnusedConsts()
}

// CalibrationSamples are those that bounds start from where nothing else is said.
const CalibrationSamples = 128
