package passes

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// Data is a re-iterable source of input batches: one tensor for each parameter.
type Data interface {
	// Samples is the number of samples in one sweep.
	Samples() int
	// Batches iterates over the data from the start.
	Batches() iter.Seq2[[]*tensor.Tensor, error]
}

// Calibrate finds the activation factors of the observed function m.Main() by sweeps of data
// through engine, and weight scales by ARQ, and stores both in c.Factors. Memory is bounded by
// the number of observed tensors, whatever the number of samples: each IFMR observer keeps
// calib.IFMRBytes. Observed are float activations behind fake-quantized weights, as AMCT does
// (AMCT 1.1), unless the settings say otherwise.
func Calibrate(c *Context, engine ir.Engine, m *ir.Module, data Data) error {
	f := m.Main()
	weightScales(c, f)
	run := m.Clone()
	if !c.Settings.FloatWeights {
		fakeWeights(c, run)
	}
	watch := newWatchers(c, run.Main())
	if len(watch.list) == 0 {
		return c.nothing(f)
	}
	r, err := engine.Prepare(run.Main())
	if err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	for pass := 0; ; pass++ {
		for _, w := range watch.list {
			if !w.done {
				w.obs.Begin(pass)
			}
		}
		if err := sweep(c, r, watch, data, run.Main(), pass); err != nil {
			return err
		}
		more, err := watch.end()
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	return watch.store(c)
}

var errEmpty = errors.New("the data is empty")

// unfit says why the data, or the weights of the network, give no factors.
func unfit(step, layer string, err error) error {
	return diag.Errorf("Q030", diag.Span{}, "", "%s: layer %q: %v", step, layer, err)
}

// nothing says that no operator of f takes factors, and why each does not that could.
func (c *Context) nothing(f *ir.Func) error {
	d := diag.Errorf("Q031", diag.Span{}, "", "nothing to quantize: no operator of @%s takes factors", f.Name)
	for _, r := range c.Remarks.Sorted() {
		d.Note(diag.Span{}, "%s: %s", r.Subject, r.Message)
	}
	return d
}

func sweep(c *Context, r ir.Runner, watch *watchers, data Data, f *ir.Func, pass int) error {
	crew := newCrew(watch)
	var seen *inputs
	if pass == 0 {
		seen = &inputs{}
	}
	err := feed(c, r, crew, data, seen, f, fmt.Sprintf("calibrate, sweep %d", pass+1))
	if seen != nil && err == nil {
		seen.tell(c)
	}
	if bad := crew.wait(); bad != nil {
		return bad
	}
	return err
}

// feed shows the crew every tensor of one sweep, and seen, when not nil, what it is given.
func feed(c *Context, r ir.Runner, crew *crew, data Data, seen *inputs, f *ir.Func, label string) error {
	done, total := 0, data.Samples()
	for in, err := range data.Batches() {
		if err != nil {
			return err
		}
		if _, err := r.Run(c, in, func(v *ir.Value, t *tensor.Tensor) { crew.see(v, t, done) }); err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
		if seen != nil {
			seen.see(f, in)
		}
		if crew.failed.Load() {
			return nil
		}
		if len(in) > 0 && len(in[0].Shape) > 0 {
			done += in[0].Shape[0]
		}
		c.Progress(label, done, total)
	}
	if done == 0 {
		return unfit("calibration", crew.watch.list[0].keys[0], errEmpty)
	}
	return nil
}

// A watcher observes one tensor, or several that share factors, with one scheme on behalf of every
// key that wants it.
type watcher struct {
	obs    calib.Observer
	keys   []string
	bits   int // width of the codes
	values []*ir.Value
	done   bool
}

// bound tells the observer of the clamps behind its values, when there is one behind each.
func (w *watcher) bound() {
	lowest, highest := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range w.values {
		lo, hi, ok := bounds(v)
		if !ok {
			return
		}
		lowest, highest = min(lowest, lo), max(highest, hi)
	}
	w.obs.Bound(lowest, highest)
}

type watchers struct {
	list    []*watcher
	byValue map[*ir.Value][]*watcher
	// home is the same for all values that share watchers: they are seen in one order.
	home map[*ir.Value]*ir.Value
}

func newWatchers(c *Context, f *ir.Func) *watchers {
	ws := &watchers{byValue: make(map[*ir.Value][]*watcher), home: make(map[*ir.Value]*ir.Value)}
	var joint map[*ir.Value]*ir.Value
	if c.Settings.Joint {
		joint = jointly(f)
	}
	chosen := make(map[*ir.Value]ActivationSettings) // of joint values: those of the first operand
	type id struct {
		v      *ir.Value
		scheme string
	}
	known := make(map[id]*watcher)
	uses := f.Uses()
	for _, n := range f.Nodes {
		if n.Op.Name != "q.observe" {
			continue
		}
		key := n.Attr("key").(string)
		layer := false
		if u := single(uses, n.Result()); u != nil {
			layer = u.Op.Quant.IsLayer()
		}
		s := c.Settings.For(n.Name, layer).Activation
		if o, ok := c.Settings.Operands[key]; ok {
			s = o
		}
		if s.Bits != 8 && !layer {
			if u := single(uses, n.Result()); u != nil && c.Settings.names(n.Name, key) {
				c.Warn("Q009", u, "activations take 8 bits: codes of %d bits are for layers with constant weights", s.Bits)
			}
			s.Bits = 8
		}
		v := n.Operands[0]
		root := joint[v]
		symmetric := false
		if u := single(uses, n.Result()); u != nil && u.Op.Quant != nil && u.Op.Quant.Symmetric {
			s.Asymmetric, symmetric = false, true
		}
		if s.Bits != 8 || symmetric { // such an operand has codes of its own
			root = nil
		}
		if root != nil {
			if first, ok := chosen[root]; ok {
				s = first
			}
			chosen[root] = s
			ws.home[n.Result()] = root
			v = root
		}
		k := id{v, s.scheme()}
		w := known[k]
		if w == nil {
			w = &watcher{obs: s.Observer(), bits: s.Bits}
			known[k] = w
			ws.list = append(ws.list, w)
		}
		w.keys = append(w.keys, key)
		if !slices.Contains(w.values, n.Operands[0]) {
			w.values = append(w.values, n.Operands[0])
			ws.byValue[n.Result()] = append(ws.byValue[n.Result()], w)
		}
	}
	for _, w := range ws.list {
		w.bound()
	}
	return ws
}

// bounds is the constant range of v when a clamp is behind it, looking through operators that
// only move elements.
func bounds(v *ir.Value) (lo, hi float32, ok bool) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	for v.Def != nil {
		switch d := v.Def; {
		case d.Op.Bounds != nil:
			l, h := d.Op.Bounds(d)
			return l, h, true
		case d.Op.Has(ir.KeepsParams) && len(d.Operands) == 1 && d.Op.Name != "nn.pad", d.Op.Has(ir.Identity):
			v = d.Operands[0]
		default:
			return lo, hi, false
		}
	}
	return lo, hi, false
}

func (ws *watchers) end() (more bool, err error) {
	for _, w := range ws.list {
		if w.done {
			continue
		}
		again, err := w.obs.End()
		if err != nil {
			return false, unfit("calibration", w.keys[0], err)
		}
		w.done = !again
		more = more || again
	}
	return more, nil
}

func (ws *watchers) store(c *Context) error {
	for _, w := range ws.list {
		p, err := w.obs.Result()
		if err != nil {
			return unfit("calibration", w.keys[0], err)
		}
		if c.Settings.Half {
			half, ok := op.HalfScale(p.Scale)
			if !ok {
				return unfit("calibration", w.keys[0], fmt.Errorf("the scale %v has no float16, nor has its root", p.Scale))
			}
			p.Scale = half
		}
		for _, k := range w.keys {
			l := c.Factors.At(k)
			l.Half = c.Settings.Half
			l.ScaleD, l.OffsetD, l.ActBits = p.Scale, p.Offset, w.bits
		}
	}
	return nil
}

// weightScales finds the ARQ scales of every layer that is observed and has none yet.
func weightScales(c *Context, f *ir.Func) {
	for _, n := range f.Nodes {
		if !n.Op.Quant.IsLayer() || producer(n.Operands[0], "q.observe") == nil {
			continue
		}
		w := n.Operands[n.Op.Quant.Weights]
		s := c.Settings.For(n.Name, true)
		l := c.Factors.At(n.Name)
		if l.ScaleW != nil {
			continue // chosen with the codes
		}
		bits, why := WeightBits(n, s.Weight)
		if why != "" {
			c.Warn("Q008", n, "%s", why)
		}
		l.ScaleW, _ = calib.ARQ(w.Const.Data.F32, w.Type.Shape[n.Op.Quant.ChannelAxis], perChannel(n, s), bits)
		l.WtsBits = bits
	}
}

// fakeWeights replaces the weights of observed layers by what their codes stand for.
func fakeWeights(c *Context, m *ir.Module) {
	for _, n := range m.Main().Nodes {
		l := c.Factors.Get(n.Name)
		if !n.Op.Quant.IsLayer() || l == nil || l.ScaleW == nil {
			continue
		}
		w := n.Operands[1].Const
		fake := calib.FakeQuantWeights(w.Data.F32, l.ScaleW, l.WtsBits)
		n.Operands[1] = ir.NewConst(w.Name, w.Type(), tensor.FromF32(fake, w.Data.Shape...)).Value()
	}
}
