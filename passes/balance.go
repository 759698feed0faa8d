package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// wantsBalance says whether any setting asks for other ranges of channels.
func wantsBalance(s *Settings) bool {
	if s.Equalize || s.Default.Balance > 0 || s.Default.Smooth > 0 {
		return true
	}
	for _, l := range s.Layers {
		if l.Balance > 0 || l.Smooth > 0 {
			return true
		}
	}
	return false
}

// balance finds factors for the input channels of layers and applies them to m: cross-layer
// equalization first, then, on the network that it gives, the DMQ balancer or SmoothQuant of each layer that
// the settings name. The factors are left in c.Factors as one product for each channel, from which
// apply-balance makes the same network again. What the network computes stays.
func balance(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	for _, l := range c.Factors.All() {
		l.Balance = nil
	}
	if c.Settings.Equalize {
		equalize(c, m.Main())
	}
	if err := measuredBalance(c, e, m, d); err != nil {
		return err
	}
	return applyBalance(c, m, m.Main())
}

// measuredBalance multiplies the factors that need data into c.Factors.
func measuredBalance(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	even := m.Clone()
	if err := applyBalance(c, even, even.Main()); err != nil {
		return err
	}
	edges := make(map[string]*edge)
	uses := even.Main().Uses()
	for _, n := range even.Main().Nodes {
		if !constantLayer(n) {
			continue
		}
		s := c.Settings.For(n.Name, true)
		if s.Skip || s.Balance == 0 && s.Smooth == 0 {
			continue
		}
		if s.Balance > 0 && s.Smooth > 0 {
			return fmt.Errorf("layer %q: the DMQ balancer and SmoothQuant exclude each other", n.Name)
		}
		if s.Balance != 0 && !(s.Balance >= 0.2 && s.Balance <= 0.8) {
			return fmt.Errorf("layer %q: migration strength %v of the DMQ balancer is out of [0.2, 0.8]", n.Name, s.Balance)
		}
		if s.Smooth != 0 && !(s.Smooth > 0 && s.Smooth < 1) {
			return fmt.Errorf("layer %q: strength %v of SmoothQuant is out of (0, 1)", n.Name, s.Smooth)
		}
		edges[n.Name] = edgeOf(uses, n)
	}
	if len(edges) == 0 {
		return nil
	}
	act, err := channelRanges(c, e, even, edges, d)
	if err != nil {
		return err
	}
	for _, n := range even.Main().Nodes {
		g := edges[n.Name]
		if g == nil {
			continue
		}
		s := c.Settings.For(n.Name, true)
		a, w := act[n.Name], g.readRange()
		g.merge(a)
		g.merge(w)
		f := calib.DMQ(a, w, s.Balance)
		if s.Smooth > 0 {
			f = calib.Smooth(a, w, s.Smooth)
		}
		c.multiplyBalance(n.Name, f)
	}
	return nil
}

// multiplyBalance multiplies factors into those of a layer.
func (c *Context) multiplyBalance(layer string, f []float32) {
	l := c.Factors.At(layer)
	if l.Balance == nil {
		l.Balance = f
		return
	}
	out := make([]float32, len(f))
	for i := range f {
		out[i] = calib.Product(l.Balance[i], f[i])
	}
	l.Balance = out
}

// channelRanges gives the greatest absolute input of each channel of the layers in edges, over all data.
func channelRanges(c *Context, e ir.Engine, m *ir.Module, edges map[string]*edge, d Data) (map[string][]float32, error) {
	observed, err := observe(c, m)
	if err != nil {
		return nil, err
	}
	f := observed.Main()
	uses := f.Uses()
	out := make(map[string][]float32)
	watch := make(map[*ir.Value]string)
	for _, n := range f.Nodes {
		if n.Op.Name != "q.observe" {
			continue
		}
		if u := single(uses, n.Result()); u != nil && u.Op.Quant.IsLayer() && edges[u.Name] != nil {
			watch[n.Result()] = u.Name
			out[u.Name] = make([]float32, edges[u.Name].channels)
		}
	}
	r, err := e.Prepare(f)
	if err != nil {
		return nil, fmt.Errorf("balance: %w", err)
	}
	var bad error
	err = runAll(c, r, d, "balance", func(v *ir.Value, t *tensor.Tensor) {
		name, ok := watch[v]
		if !ok || bad != nil {
			return
		}
		g := edges[name]
		inner := 1
		if g.layer.Op.Name == "nn.conv2d" {
			inner = product(t.Shape[2:])
		}
		to := out[name]
		for i, x := range t.F32 {
			if x-x != 0 {
				bad = fmt.Errorf("balance: layer %q (%%%s): the activation has the invalid value %v", name, v.Name, x)
				return
			}
			ch := i / inner % g.channels
			to[ch] = max(to[ch], magnitude(x))
		}
	})
	if bad != nil {
		return nil, bad
	}
	return out, err
}

// runAll shows every node result of all data to see, batch after batch.
func runAll(c *Context, r ir.Runner, d Data, label string, see ir.Tap) error {
	done, total := 0, d.Samples()
	for in, err := range d.Batches() {
		if err != nil {
			return err
		}
		if _, err := r.Run(c, in, see); err != nil {
			return fmt.Errorf("%s: %w", label, err)
		}
		if len(in) > 0 && len(in[0].Shape) > 0 {
			done += in[0].Shape[0]
		}
		c.Progress(label, done, total)
	}
	if done == 0 {
		return fmt.Errorf("%s: the data is empty", label)
	}
	return nil
}

// Balanced is float module m with the balance factors of c.Factors applied, m itself where there are none
// or it has them already. It computes what m computes; its tensors have the ranges that are quantized.
func Balanced(c *Context, m *ir.Module) (*ir.Module, error) {
	out, k := m.Clone(), NewContext(c, c.Ops)
	k.Factors = c.Factors
	if err := applyBalance(k, out, out.Main()); err != nil {
		return nil, err
	}
	if out.Balanced == m.Balanced {
		return m, nil
	}
	return out, nil
}

// applyBalance applies the balance factors of the record (AMCT 2.5, tensor_balance_factor): the weights that
// read channel i of a layer's input are multiplied by f[i], and the layers that make the channel are
// divided by it, weights and bias. Where something that is not homogeneous lies between, or another
// consumer sees the channel, a multiplication by 1/f stands in front of the layer, as AMCT has it; it stays
// float, because codes with one scale for all channels would undo it.
func applyBalance(c *Context, m *ir.Module, f *ir.Func) error {
	if m.Balanced || !c.hasBalance() {
		return nil
	}
	uniqueNames(f)
	uses := f.Uses()
	for _, n := range append([]*ir.Node(nil), f.Nodes...) {
		k := c.Factors.Get(n.Name)
		if k == nil || k.Balance == nil || !n.Op.Quant.IsLayer() {
			continue
		}
		if !constantLayer(n) {
			c.Warn("Q006", n, "is not balanced: its weights are computed")
			continue
		}
		g := edgeOf(uses, n)
		if err := g.check(k.Balance); err != nil {
			return err
		}
		if !g.apply(c, m, f, k.Balance) {
			return nil
		}
		uses = f.Uses()
		if err := g.finite(); err != nil {
			return err
		}
	}
	m.Balanced = true
	m.DropUnusedConsts()
	return nil
}

func (c *Context) hasBalance() bool {
	for _, l := range c.Factors.All() {
		if l.Balance != nil {
			return true
		}
	}
	return false
}
