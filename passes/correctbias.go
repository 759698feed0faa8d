package passes

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// correctBias adds to the bias of every quantized layer, for each output channel, the mean of float result
// minus quantized result over all samples and positions of the data. Layers are corrected in order of
// depth: a layer sees inputs from corrected ones. A bias is made where there is none. The quantized result
// is that of the fake-quantized network, before any activation function; the float one is that of c.Float.
func correctBias(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	levels := correctable(c, m.Main())
	if len(levels) == 0 {
		return nil
	}
	want, err := channelMeans(c, e, c.Float.Main(), slices.Concat(levels...), d, "bias correction, float")
	if err != nil {
		return err
	}
	fake, err := fakeQuantized(c, m)
	if err != nil {
		return err
	}
	for i, names := range levels {
		got, err := channelMeans(c, e, fake.Main(), names, d, fmt.Sprintf("bias correction, depth %d of %d", i+1, len(levels)))
		if err != nil {
			return err
		}
		for _, k := range []*ir.Module{m, fake} {
			for _, n := range k.Main().Nodes {
				if g := got[n.Name]; g != nil && n.Op.Quant.IsLayer() {
					shiftBias(k, n, want[n.Name], g)
				}
			}
		}
	}
	m.DropUnusedConsts()
	return nil
}

// correctable are the names of the layers with factors, by the number of such layers on the longest way
// to them.
func correctable(c *Context, f *ir.Func) (levels [][]string) {
	depth := make(map[*ir.Value]int)
	for _, n := range f.Nodes {
		at := 0
		for _, v := range n.Operands {
			at = max(at, depth[v])
		}
		k := c.Factors.Get(n.Name)
		if constantLayer(n) && k != nil && k.ScaleD != 0 && len(k.ScaleW) > 0 {
			if at == len(levels) {
				levels = append(levels, nil)
			}
			levels[at] = append(levels[at], n.Name)
			at++
		}
		for _, r := range n.Results {
			depth[r] = at
		}
	}
	return levels
}

// fakeQuantized is m with the fake quantization that c.Factors give it, the weights of layers as constants. Neither
// is changed.
func fakeQuantized(c *Context, m *ir.Module) (*ir.Module, error) {
	k := NewContext(c, c.Ops)
	k.Settings, k.Target = c.Settings, c.Target
	k.Factors = c.Factors.Clone()
	list := slices.Clone(Observe)
	for _, p := range Quantize {
		if p.Out == ir.StageFake {
			list = append(list, p)
		}
	}
	out := m.Clone()
	var g Manager
	if _, err := g.Run(k, out, list); err != nil {
		return nil, err
	}
	for _, n := range out.Main().Nodes {
		if !n.Op.Quant.IsLayer() {
			continue
		}
		if q := producer(n.Operands[1], "q.fake"); q != nil && q.Operands[0].IsConst() {
			l, w := k.Factors.Get(n.Name), q.Operands[0].Const
			data := calib.FakeQuantWeights(w.Data.F32, l.ScaleW, l.WtsBits)
			n.Operands[1] = out.AddConst(w.Name, w.Type(), tensor.FromF32(data, w.Data.Shape...))
		}
	}
	return out, deadNodes(k, out, out.Main())
}

// channelMeans gives the mean of each output channel of the named layers of f over all data. Only what they
// depend on is executed. Sums are taken in float64 in the order of the samples, however they are batched.
func channelMeans(c *Context, e ir.Engine, f *ir.Func, names []string, d Data, label string) (map[string][]float64, error) {
	part, layers, err := resultsOf(c, f, names)
	if err != nil {
		return nil, err
	}
	r, err := e.Prepare(part)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	sums, count := make(map[string][]float64), make(map[string]int)
	err = runAll(c, r, d, label, func(v *ir.Value, t *tensor.Tensor) {
		n := layers[v]
		if n == nil {
			return
		}
		axis := channelAxis(n)
		ch, inner := t.Shape[axis], product(t.Shape[axis+1:])
		if sums[n.Name] == nil {
			sums[n.Name] = make([]float64, ch)
		}
		s := sums[n.Name]
		for i, x := range t.F32 {
			s[i/inner%ch] += float64(x)
		}
		count[n.Name] += t.Len() / ch
	})
	if err != nil {
		return nil, err
	}
	for name, s := range sums {
		for i := range s {
			s[i] /= float64(count[name])
		}
	}
	return sums, nil
}

// resultsOf is the part of f that the results of the named layers depend on, with these as its results, and the layers
// by them.
func resultsOf(c *Context, f *ir.Func, names []string) (part *ir.Func, layers map[*ir.Value]*ir.Node, err error) {
	part = f.Clone()
	layers = make(map[*ir.Value]*ir.Node)
	part.Results = nil
	for _, n := range part.Nodes {
		if n.Op.Quant.IsLayer() && slices.Contains(names, n.Name) {
			layers[n.Result()] = n
			part.Results = append(part.Results, n.Result())
		}
	}
	return part, layers, deadNodes(c, &ir.Module{Funcs: []*ir.Func{part}}, part)
}

// shiftBias adds want-got to the bias of n; a sum that is not finite in float32 is left out.
func shiftBias(m *ir.Module, n *ir.Node, want, got []float64) {
	bias := make([]float32, len(want))
	if len(n.Operands) == 3 {
		copy(bias, n.Operands[2].Const.Data.F32)
	}
	for i, b := range bias {
		if v := float32(float64(b) + (want[i] - got[i])); v-v == 0 {
			bias[i] = v
		}
	}
	if len(n.Operands) == 3 {
		setConst(m, n, 2, bias)
		return
	}
	v := m.AddConst(ir.Identifier(n.Name)+"_b", ir.Float(len(bias)), tensor.FromF32(bias, len(bias)))
	n.Operands = append(n.Operands, v)
}
