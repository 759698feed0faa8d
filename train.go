package amctc

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/train"
)

// TrainOptions say how a float network is trained.
type TrainOptions struct {
	Epochs  int
	Batch   int
	Threads int
	Seed    uint64
	// Loss is cross_entropy of the first output with labels, or mse of the first output with the teacher's,
	// or without a teacher with the first input, for networks that reconstruct it.
	Loss string
	// Teacher is a float network with the inputs and the first output of the trained one. Cross entropy takes
	// part Distill of a sample's target from the softmax of its output (Hinton et al. 2015, temperature 1).
	Teacher   *ir.Module
	Distill   float64
	Smoothing float64 // part of a label's probability that all classes share
	Optimizer train.Optimizer
	Schedule  train.Schedule
	Clip      float64 // greatest norm of all gradients; 0 is no limit
	Average   float64 // what an exponential average of the parameters keeps in a step; 0 takes no average
	Augment   train.Augmentation
	// Fresh draws new weights; otherwise training goes on from those that are there.
	Fresh bool
	// Frozen keeps the statistics of batch normalization.
	Frozen bool
	// Checkpoint is a file that the run is saved in, every Every steps and after each epoch; a run
	// whose checkpoint is there goes on from it. Empty saves nothing.
	Checkpoint string
	Every      int
	// Quantize, when not nil, puts fake quantization with trained factors into the forward pass.
	Quantize *QATOptions
	// Validate, when not nil, is evaluated after each epoch, with fake quantization if that is trained.
	Validate Evaluator
	Progress func(TrainStatus)
}

// DefaultTrain are options that suit small networks for images.
func DefaultTrain() TrainOptions {
	return TrainOptions{Epochs: 10, Batch: 64, Threads: 2, Seed: 1, Loss: "cross_entropy",
		Optimizer: train.Optimizer{Kind: train.SGD, Momentum: 0.9, Nesterov: true, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 5e-4},
		Schedule:  train.Schedule{Kind: "cosine", Rate: 0.05, Factor: 0.1}}
}

// TrainStatus is where a run is.
type TrainStatus struct {
	Epoch, Epochs int // from 1
	Step, Steps   int // of the epoch
	Loss          float64
	Right         float64 // part of the epoch's samples so far that are classified right; NaN without labels
}

// TrainEpoch is what an epoch came to.
type TrainEpoch = train.Epoch

// TrainSet is data in memory, with labels when the loss wants them.
type TrainSet struct {
	n      int
	inputs [][]float32 // of each parameter, one sample after another
	shapes [][]int     // of a sample
	labels []int
	// targets of the mean squared error, one sample after another; nil: the teacher's output or the input.
	targets []float32
}

// Samples is how many there are.
func (s *TrainSet) Samples() int { return s.n }

// maxTrainBytes bounds the data that is kept in memory.
const maxTrainBytes int64 = 16 << 30

// LoadTrainSet reads all samples. labels may be nil.
func LoadTrainSet(d *Data, labels []int) (*TrainSet, error) {
	s := &TrainSet{n: d.Samples(), labels: labels}
	if labels != nil && len(labels) < s.n {
		return nil, fmt.Errorf("%d labels for %d samples", len(labels), s.n)
	}
	for _, p := range d.params {
		shape := CallShape(p)
		if bytes := 4 * int64(tensor.Elems(shape)) * int64(s.n); bytes > min(maxTrainBytes, math.MaxInt) {
			return nil, fmt.Errorf("input %q: %d samples take %d bytes of memory, more than %d; use --limit", p.Name, s.n, bytes, min(maxTrainBytes, math.MaxInt))
		}
		s.shapes = append(s.shapes, shape)
		s.inputs = append(s.inputs, make([]float32, 0, tensor.Elems(shape)*s.n))
	}
	for in, err := range d.Batches() {
		if err != nil {
			return nil, err
		}
		for i, t := range in {
			s.inputs[i] = append(s.inputs[i], t.F32...)
		}
	}
	return s, nil
}

// A Trainer is one run of training.
type Trainer struct {
	ctx     context.Context
	opt     TrainOptions
	set     *TrainSet
	m       *ir.Module // the float network
	t       *passes.Trainable
	run     ir.Runner
	in      []*tensor.Tensor // inputs, parameters, target
	first   int              // of the parameters in in
	state   trainState
	teacher ir.Runner
	asked   []*tensor.Tensor // inputs of the teacher
	classes int
	steps   int // of an epoch
}

// Trained is what a run of training came to.
type Trained struct {
	Module *ir.Module // the float network, in the form in which it was given
	// Factors are those of all operators after training with quantization, for the network as Prepare leaves
	// it; nil after training without.
	Factors *passes.Factors
	History []TrainEpoch
}

// Train trains a float module, as it was loaded or simplified without merging batch normalization: NewTrainer,
// then Run.
func Train(ctx context.Context, m *ir.Module, set *TrainSet, opt TrainOptions) (*Trained, error) {
	t, err := NewTrainer(ctx, m, set, opt)
	if err != nil {
		return nil, err
	}
	return t.Run(ctx)
}

// NewTrainer prepares a run from its first step on, or from where opt.Checkpoint left it. With opt.Quantize
// the bounds of activations start from its factors, or are found on its data.
func NewTrainer(ctx context.Context, m *ir.Module, set *TrainSet, opt TrainOptions) (*Trainer, error) {
	r := &Trainer{ctx: ctx, opt: opt, set: set, m: m}
	if q := opt.Quantize; q != nil && q.Factors == nil {
		q := *q
		r.opt.Quantize = &q
		if err := q.Check(); err != nil {
			return nil, err
		}
		c, err := r.calibrated(m)
		if err != nil {
			return nil, err
		}
		q.Factors = c.Factors
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := r.build(NewContext(ctx)); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	return r, nil
}

// Restore goes on from a checkpoint of the same network, data and options.
func (r *Trainer) Restore(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return r.state.load(path, r.task())
}

// Run trains the epochs that are left and gives the result.
func (r *Trainer) Run(ctx context.Context) (*Trained, error) {
	r.ctx = ctx
	if closer, ok := r.run.(interface{ Close() }); ok {
		defer closer.Close()
	}
	for r.state.Epoch < r.opt.Epochs {
		if err := r.epoch(); err != nil {
			return nil, err
		}
	}
	return r.Trained()
}

// Trained is the network as it is now. After training with quantization, factors of operators without
// weights are found on the data of opt.Quantize, if there are any.
func (r *Trainer) Trained() (*Trained, error) {
	m, err := r.fitted()
	if err != nil {
		return nil, err
	}
	out := &Trained{Module: m, History: r.state.History}
	q := r.opt.Quantize
	if q == nil {
		return out, nil
	}
	out.Factors = r.factors(m)
	if q.Data == nil {
		return out, nil
	}
	c, err := r.calibrated(m)
	if err != nil {
		return nil, err
	}
	for _, l := range out.Factors.All() {
		*c.Factors.At(l.Key) = l.Clone()
	}
	out.Factors = c.Factors
	return out, nil
}

// calibrated finds factors of a network in the form of r.m on the data of the options.
func (r *Trainer) calibrated(m *ir.Module) (*passes.Context, error) {
	q := r.opt.Quantize
	if q.Data == nil {
		return nil, fmt.Errorf("training with quantization needs factors to start from, or data to find them on")
	}
	c := NewContext(r.ctx)
	q.Settings(c.Settings)
	float, err := Prepare(c, m)
	if err != nil {
		return nil, err
	}
	_, err = Calibrate(c, float, q.Data)
	return c, err
}

func (r *Trainer) check() error {
	o := &r.opt
	if o.Progress == nil {
		o.Progress = func(TrainStatus) {}
	}
	switch {
	case o.Epochs < 1 || o.Batch < 1:
		return fmt.Errorf("epochs %d and batch %d must be positive", o.Epochs, o.Batch)
	case r.set.n < o.Batch:
		return fmt.Errorf("%d samples do not fill a batch of %d", r.set.n, o.Batch)
	case o.Loss != "cross_entropy" && o.Loss != "mse":
		return fmt.Errorf("there is no loss %q: want cross_entropy or mse", o.Loss)
	case o.Loss == "cross_entropy" && r.set.labels == nil:
		return fmt.Errorf("cross entropy needs labels")
	case !(o.Smoothing >= 0 && o.Smoothing < 1):
		return fmt.Errorf("label smoothing %v must lie in [0, 1)", o.Smoothing)
	case !(o.Distill >= 0 && o.Distill <= 1), o.Distill > 0 && o.Teacher == nil:
		return fmt.Errorf("distillation takes part %v of the targets from a teacher: want a part in [0, 1], and a teacher", o.Distill)
	case o.Augment.Shift < 0 || !(o.Augment.Crop >= 0 && o.Augment.Crop <= 1):
		return fmt.Errorf("images shift by %d and keep part %v: want a shift of 0 or more, and a part in [0, 1]", o.Augment.Shift, o.Augment.Crop)
	case !(o.Average >= 0 && o.Average < 1):
		return fmt.Errorf("the average keeps %v, want a part in [0, 1)", o.Average)
	}
	if err := o.Optimizer.Check(); err != nil {
		return err
	}
	if o.Quantize != nil {
		if err := o.Quantize.Check(); err != nil {
			return err
		}
	}
	return o.Schedule.Check()
}

func (r *Trainer) build(c *passes.Context) error {
	var err error
	to := passes.TrainOptions{Batch: r.opt.Batch, Frozen: r.opt.Frozen}
	if r.opt.Quantize != nil {
		q := &quantizer{opt: r.opt.Quantize, f: r.m.Main(), made: make(map[*ir.Node]quantizedLayer)}
		to.Input, to.Weights, to.Bias = q.input, q.weights, q.bias
	}
	if r.t, err = passes.NewTrainable(c, r.m, to); err != nil {
		return err
	}
	if len(r.t.Parameters) == 0 {
		return fmt.Errorf("the network has nothing to train")
	}
	if t := r.t.Outputs[0].Type; !t.IsFloat() {
		return fmt.Errorf("the first output is %s, which has no slope; train the network without what gives indices", t)
	}
	y := r.t.Outputs[0].Type.Shape
	if r.opt.Loss == "cross_entropy" {
		if len(y) != 2 {
			return fmt.Errorf("cross entropy is of outputs of shape [batch, classes], the first output is %v", y)
		}
		r.classes = y[1]
		for i, l := range r.set.labels[:r.set.n] {
			if l < 0 || l >= r.classes {
				return fmt.Errorf("label %d of sample %d is not one of the %d classes", l, i, r.classes)
			}
		}
	} else if n := tensor.Elems(y[1:]); r.set.targets != nil {
		if len(r.set.targets) != n*r.set.n {
			return fmt.Errorf("%d target numbers for %d samples of %v", len(r.set.targets), r.set.n, y[1:])
		}
	} else if r.opt.Teacher == nil && n != tensor.Elems(r.set.shapes[0]) {
		return fmt.Errorf("the first output is %v, the first input %v: mse is for networks that reconstruct their input", y[1:], r.set.shapes[0])
	}
	if _, _, err := r.t.Loss(c, "t."+r.opt.Loss); err != nil {
		return err
	}
	if r.run, err = (exec.Engine{Threads: r.opt.Threads}).Prepare(r.t.Func); err != nil {
		return err
	}
	if err := r.prepareTeacher(y); err != nil {
		return err
	}
	r.steps = r.set.n / r.opt.Batch
	for _, p := range r.t.Func.Params {
		r.in = append(r.in, tensor.New(tensor.F32, p.Type.Shape...))
	}
	r.first = len(r.t.Inputs) - 1
	return nil
}

// prepareTeacher makes the teacher run at the batch; y is the shape of what it must give.
func (r *Trainer) prepareTeacher(y []int) error {
	if r.opt.Teacher == nil {
		return nil
	}
	f := r.opt.Teacher.Main()
	if len(f.Params) != len(r.set.shapes) {
		return fmt.Errorf("the teacher has %d inputs, the trained network %d", len(f.Params), len(r.set.shapes))
	}
	for i, p := range f.Params {
		if got, want := p.Type.Bind(r.opt.Batch).Shape, r.t.Inputs[i].Type.Shape; !slices.Equal(got, want) {
			return fmt.Errorf("input %d of the teacher is %v, that of the trained network %v", i, got, want)
		}
	}
	if got := f.Results[0].Type.Bind(r.opt.Batch).Shape; !slices.Equal(got, y) {
		return fmt.Errorf("the teacher's output is %v, that of the trained network %v", got, y)
	}
	var err error
	r.teacher, err = (exec.Engine{Threads: r.opt.Threads}).Prepare(f)
	return err
}

// begin sets the parameters: from the checkpoint, drawn, or those of the network.
func (r *Trainer) begin() error {
	for i, p := range r.t.Parameters {
		w := append([]float32(nil), p.Start.F32...)
		if r.opt.Fresh {
			r.draw(i, w)
		}
		r.state.Parameters = append(r.state.Parameters, w)
		for range r.opt.Optimizer.Slots() {
			r.state.Slots = append(r.state.Slots, make([]float32, len(w)))
		}
		if r.opt.Average > 0 {
			r.state.Averages = append(r.state.Averages, append([]float32(nil), w...))
		}
	}
	for _, s := range r.t.Statistics {
		for k := range 2 {
			v := append([]float32(nil), s.Start[k].F32...)
			if r.opt.Fresh {
				for i := range v {
					v[i] = float32(k)
				}
			}
			r.state.Running = append(r.state.Running, v)
		}
	}
	if r.opt.Checkpoint == "" {
		return nil
	}
	return r.state.load(r.opt.Checkpoint, r.task())
}

// draw fills a parameter anew: weights uniform within sqrt(6/inputs) of 0 (He et al. 2015), factors of
// channels 1, everything else 0.
func (r *Trainer) draw(i int, w []float32) {
	p := &r.t.Parameters[i]
	switch {
	case len(p.Value.Type.Shape) > 1:
		limit := math.Sqrt(6 / float64(len(w)/p.Value.Type.Shape[0]))
		random := train.NewRandom(r.opt.Seed, 1, uint64(i))
		for k := range w {
			w[k] = float32((float64(2*random.Uniform()) - 1) * limit)
		}
	case p.Role != roleWeight: // factors start where they are
	case p.Operand == 1: // gamma of batch normalization
		for k := range w {
			w[k] = 1
		}
	default:
		clear(w)
	}
}

func (r *Trainer) epoch() error {
	s := &r.state
	order := train.NewRandom(r.opt.Seed, 2, uint64(s.Epoch)).Order(r.set.n)
	for ; s.Step < r.steps; s.Step++ {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if r.opt.Every > 0 && s.Step > 0 && s.Step%r.opt.Every == 0 && s.Step != s.Saved {
			if err := r.save(); err != nil {
				return err
			}
		}
		if err := r.step(order[s.Step*r.opt.Batch:][:r.opt.Batch]); err != nil {
			return err
		}
		r.opt.Progress(TrainStatus{Epoch: s.Epoch + 1, Epochs: r.opt.Epochs, Step: s.Step + 1, Steps: r.steps, Loss: s.LossSum / float64(s.Step+1), Right: r.right(s.Step + 1)})
	}
	e := TrainEpoch{Epoch: s.Epoch + 1, Loss: s.LossSum / float64(r.steps), Ranges: r.ranges()}
	e.Rate = r.opt.Schedule.At((s.Epoch+1)*r.steps-1, r.opt.Epochs*r.steps)
	if right := r.right(r.steps); right == right {
		e.Right = &right
	}
	if r.opt.Validate != nil {
		m, err := r.fitted()
		if err != nil {
			return err
		}
		if r.opt.Quantize != nil {
			if m, err = r.faked(m); err != nil {
				return err
			}
		}
		ev, err := r.opt.Validate.Evaluate(r.ctx, m, func(string, int, int) {})
		if err != nil {
			return err
		}
		e.Validate = &ev.Value
	}
	s.History = append(s.History, e)
	s.Epoch, s.Step, s.Saved, s.LossSum, s.Hits = s.Epoch+1, 0, 0, 0, 0
	return r.save()
}

func (r *Trainer) right(steps int) float64 {
	if r.classes == 0 {
		return math.NaN()
	}
	return float64(r.state.Hits) / float64(steps*r.opt.Batch)
}

// step runs one batch and changes the parameters.
func (r *Trainer) step(samples []int) error {
	s := &r.state
	if err := r.fill(samples); err != nil {
		return err
	}
	for i, p := range s.Parameters {
		copy(r.in[r.first+i].F32, p)
	}
	out, err := r.run.Run(r.ctx, r.in, nil)
	if err != nil {
		return err
	}
	loss := float64(out[0].F32[0])
	var gradients [][]float32
	at := 1 + len(r.t.Outputs)
	for i := range r.t.Parameters {
		gradients = append(gradients, out[at+i].F32)
	}
	if k := train.Finite(gradients); k >= 0 || loss-loss != 0 {
		where := ""
		if k >= 0 {
			where = fmt.Sprintf(", the gradient of layer %q is not finite", r.t.Parameters[k].Node)
		}
		return fmt.Errorf("epoch %d, step %d: the loss is %v%s; lower the learning rate, or limit gradients", s.Epoch+1, s.Step+1, loss, where)
	}
	train.Clip(gradients, r.opt.Clip)
	step := s.Epoch*r.steps + s.Step
	rate := r.opt.Schedule.At(step, r.opt.Epochs*r.steps)
	slots := r.opt.Optimizer.Slots()
	before := r.state.copyFactors(r.t)
	for i, p := range r.t.Parameters {
		r.opt.Optimizer.Step(step+1, rate, p.Decay, s.Parameters[i], gradients[i], s.Slots[i*slots:(i+1)*slots])
		if r.opt.Average > 0 {
			train.Average(min(r.opt.Average, float64(step+1)/float64(step+10)), s.Averages[i], s.Parameters[i])
		}
	}
	if r.opt.Quantize != nil {
		r.guard(before)
	}
	r.running(out[at+len(gradients):])
	s.LossSum += loss
	if r.classes > 0 {
		y := out[1].F32
		for k, i := range samples {
			if argmax(y[k*r.classes:(k+1)*r.classes]) == r.set.labels[i] {
				s.Hits++
			}
		}
	}
	return nil
}

// momentum is the part of a batch's statistics in the running ones.
const momentum = 0.1

// running moves the statistics of batch normalization towards those of the batch; the variance is that
// of a sample, with n-1.
func (r *Trainer) running(batch []*tensor.Tensor) {
	for k, s := range r.t.Statistics {
		shape := s.Mean.Def.Operands[0].Type.Shape
		n := float64(tensor.Elems(shape) / shape[1])
		train.Average(1-momentum, r.state.Running[2*k], batch[2*k].F32)
		v := r.state.Running[2*k+1]
		for i, x := range batch[2*k+1].F32 {
			v[i] = float32(float64(float64(float32(1-momentum))*float64(v[i])) + float64(momentum*float64(x))*n/max(1, n-1))
		}
	}
}

// masks draws which elements dropouts leave out in this step.
func (r *Trainer) masks() {
	for k, m := range r.t.Masks {
		random := train.NewRandom(r.opt.Seed, 4, uint64(r.state.Epoch), uint64(r.state.Step), uint64(k))
		keep := float32(1 / (1 - float64(m.Ratio)))
		mask := r.in[r.first+len(r.t.Parameters)+k].F32
		for i := range mask {
			mask[i] = 0
			if random.Uniform() >= float64(m.Ratio) {
				mask[i] = keep
			}
		}
	}
}

// fill puts samples and their targets into the inputs.
func (r *Trainer) fill(samples []int) error {
	r.masks()
	for i, shape := range r.set.shapes {
		n := tensor.Elems(shape)
		to := r.in[i].F32
		for k, sample := range samples {
			src, dst := r.set.inputs[i][sample*n:(sample+1)*n], to[k*n:(k+1)*n]
			if i == 0 && len(shape) == 3 && (r.opt.Augment != train.Augmentation{}) {
				random := train.NewRandom(r.opt.Seed, 3, uint64(r.state.Epoch), uint64(sample))
				r.opt.Augment.Image(random, dst, src, shape[0], shape[1], shape[2])
			} else {
				copy(dst, src)
			}
		}
	}
	target := r.in[len(r.in)-1].F32
	var taught []float32
	if r.teacher != nil {
		out, err := r.teacher.Run(r.ctx, r.in[:len(r.set.shapes)], nil)
		if err != nil {
			return err
		}
		taught = out[0].F32
	}
	if r.classes == 0 {
		switch n := len(target) / len(samples); {
		case taught != nil:
			copy(target, taught)
		case r.set.targets != nil:
			for k, sample := range samples {
				copy(target[k*n:(k+1)*n], r.set.targets[sample*n:])
			}
		default:
			copy(target, r.in[0].F32)
		}
		return nil
	}
	share := float32(r.opt.Smoothing / float64(r.classes))
	for i := range target {
		target[i] = share
	}
	for k, sample := range samples {
		target[k*r.classes+r.set.labels[sample]] = float32(1 - r.opt.Smoothing + float64(share))
	}
	if taught != nil {
		for k := range samples {
			train.Blend(target[k*r.classes:(k+1)*r.classes], taught[k*r.classes:(k+1)*r.classes], r.opt.Distill)
		}
	}
	return nil
}

// fitted is the float network with the trained numbers in the place of its own.
func (r *Trainer) fitted() (*ir.Module, error) {
	values := r.state.current()
	out := r.m.Clone()
	nodes := make(map[string]*ir.Node)
	for _, n := range out.Main().Nodes {
		nodes[n.Name] = n
	}
	set := func(node string, operand int, data []float32) error {
		n := nodes[node]
		if n == nil {
			return fmt.Errorf("layer %q has gone", node)
		}
		c := n.Operands[operand].Const
		n.Operands[operand] = out.AddConst(c.Name, c.Type(), tensor.FromF32(append([]float32(nil), data...), c.Data.Shape...))
		return nil
	}
	for i, p := range r.t.Parameters {
		if p.Role != roleWeight {
			continue
		}
		if err := set(p.Node, p.Operand, values[i]); err != nil {
			return nil, err
		}
	}
	for k, s := range r.t.Statistics {
		for j := range 2 {
			if err := set(s.Node, 3+j, r.state.Running[2*k+j]); err != nil {
				return nil, err
			}
		}
	}
	out.DropUnusedConsts()
	return out, nil
}
