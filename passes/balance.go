package passes

import (
	"fmt"
	"slices"

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
	k := findChannels(even.Main())
	wanted := make(map[string][]int) // by layer, its input channels
	for _, n := range k.layers {
		s := c.Settings.For(n.Name, true)
		if s.Skip || s.Balance == 0 && s.Smooth == 0 {
			k.fix(k.in[n], fmt.Sprintf("%s, which is not balanced, reads it", n.Subject()))
			continue
		}
		if err := checkStrength(n.Name, s); err != nil {
			return err
		}
		wanted[n.Name] = k.in[n]
	}
	if len(wanted) == 0 {
		return nil
	}
	k.settle()
	act, err := channelRanges(c, e, even, wanted, d)
	if err != nil {
		return err
	}
	for _, group := range k.streams(wanted) {
		if why := k.obstacle(group[0]); why != "" {
			n := group[0]
			c.multiplyBalance(n.Name, c.Settings.For(n.Name, true).balance(act[n.Name], readRange(n, len(k.in[n]))))
			continue
		}
		c.balanceStream(k, group, act)
	}
	return nil
}

// balanceStream finds one factor for each class of channels that the layers read, from the greatest
// activation and weight of any of them, with the strength of the first.
func (c *Context) balanceStream(k *channels, layers []*ir.Node, act map[string][]float32) {
	at := make(map[int]int) // place of a class in a and w
	var a, w []float32
	for _, n := range layers {
		x, r := act[n.Name], readRange(n, len(k.in[n]))
		for i, class := range k.classes(k.in[n]) {
			p, ok := at[class]
			if !ok {
				p = len(a)
				at[class] = p
				a, w = append(a, 0), append(w, 0)
			}
			a[p], w[p] = max(a[p], x[i]), max(w[p], r[i])
		}
	}
	f := c.Settings.For(layers[0].Name, true).balance(a, w)
	for _, n := range layers {
		out := make([]float32, len(k.in[n]))
		for i, class := range k.classes(k.in[n]) {
			out[i] = f[at[class]]
		}
		c.multiplyBalance(n.Name, out)
	}
}

// balance is the factors of the algorithm that the settings name.
func (s LayerSettings) balance(act, weight []float32) []float32 {
	if s.Smooth > 0 {
		return calib.Smooth(act, weight, s.Smooth)
	}
	return calib.DMQ(act, weight, s.Balance)
}

func checkStrength(layer string, s LayerSettings) error {
	switch {
	case s.Balance > 0 && s.Smooth > 0:
		return fmt.Errorf("layer %q: the DMQ balancer and SmoothQuant exclude each other", layer)
	case s.Balance != 0 && !(s.Balance >= 0.2 && s.Balance <= 0.8):
		return fmt.Errorf("layer %q: migration strength %v of the DMQ balancer is out of [0.2, 0.8]", layer, s.Balance)
	case s.Smooth != 0 && !(s.Smooth > 0 && s.Smooth < 1):
		return fmt.Errorf("layer %q: strength %v of SmoothQuant is out of (0, 1)", layer, s.Smooth)
	}
	return nil
}

// streams groups the wanted layers that read common classes, in order; a layer that can't be balanced by the
// layers before it is alone.
func (k *channels) streams(wanted map[string][]int) [][]*ir.Node {
	var out [][]*ir.Node
	of := make(map[int]int) // class to its place in out
	for _, n := range k.layers {
		if wanted[n.Name] == nil {
			continue
		}
		group := []*ir.Node{n}
		if k.obstacle(n) == "" {
			for _, class := range k.classes(k.in[n]) {
				if p, ok := of[class]; ok && out[p] != nil {
					group = append(out[p], group...)
					out[p] = nil
				}
			}
			for _, m := range group {
				for _, class := range k.classes(k.in[m]) {
					of[class] = len(out)
				}
			}
		}
		out = append(out, group)
	}
	return slices.DeleteFunc(out, func(g []*ir.Node) bool { return g == nil })
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

// channelRanges gives the greatest absolute input of each channel of the wanted layers, over all data.
func channelRanges(c *Context, e ir.Engine, m *ir.Module, wanted map[string][]int, d Data) (map[string][]float32, error) {
	observed, err := observe(c, m)
	if err != nil {
		return nil, err
	}
	f := observed.Main()
	uses := f.Uses()
	out := make(map[string][]float32)
	watch := make(map[*ir.Value]*ir.Node)
	for _, n := range f.Nodes {
		if n.Op.Name != "q.observe" {
			continue
		}
		if u := single(uses, n.Result()); u != nil && u.Op.Quant.IsLayer() && wanted[u.Name] != nil {
			watch[n.Result()] = u
			out[u.Name] = make([]float32, len(wanted[u.Name]))
		}
	}
	r, err := e.Prepare(f)
	if err != nil {
		return nil, fmt.Errorf("balance: %w", err)
	}
	var bad error
	err = runAll(c, r, d, "balance", func(v *ir.Value, t *tensor.Tensor) {
		n := watch[v]
		if n == nil || bad != nil {
			return
		}
		to := out[n.Name]
		inner := product(t.Shape[readAxis(n)+1:])
		for i, x := range t.F32 {
			if x-x != 0 {
				bad = unfit("balance", n.Name, fmt.Errorf("the activation %%%s has the invalid value %v", v.Name, x))
				return
			}
			ch := i / inner % len(to)
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
