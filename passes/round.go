package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// Rounds says whether any layer's weights are rounded otherwise than to the nearest code of ARQ's scale.
func (s *Settings) Rounds() bool {
	if s.Default.Weight.Algorithm != ARQ {
		return true
	}
	for _, l := range s.Layers {
		if l.Weight.Algorithm != ARQ {
			return true
		}
	}
	return false
}

// roundWeights chooses codes of weights, layer by layer in the order of the network, and puts what the
// codes stand for in the place of the weights: rounding to nearest with the scales in c.Factors then
// gives these codes. Layers that need data see those that the layers before them, already rounded, give;
// they are compared with what the float network gives.
func roundWeights(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	original := m.Clone()
	c.Float = original
	f := m.Main()
	UniqueNames(f)
	UniqueNames(original.Main())
	layers := 0
	for _, n := range f.Nodes {
		if n.Op.Quant.IsLayer() {
			layers++
		}
	}
	done := 0
	for _, n := range f.Nodes {
		if !n.Op.Quant.IsLayer() {
			continue
		}
		done++
		s := c.Settings.For(n.Name, true)
		if s.Skip || s.Weight.Algorithm == ARQ || constantWeights(n) == nil {
			continue
		}
		c.Progress("round weights", done, layers)
		if err := c.roundLayer(e, m, original, n, s, d); err != nil {
			return fmt.Errorf("layer %q: %w", n.Name, err)
		}
	}
	m.DropUnusedConsts()
	return nil
}

// constantWeights are a layer's weights, or nil when they are computed.
func constantWeights(n *ir.Node) *tensor.Tensor {
	if v := n.Operands[n.Op.Quant.Weights]; v.IsConst() {
		return v.Const.Data
	}
	return nil
}

func (c *Context) roundLayer(e ir.Engine, m, original *ir.Module, n *ir.Node, s LayerSettings, d Data) error {
	data := constantWeights(n)
	bits, why := WeightBits(n, s.Weight)
	if why != "" {
		c.Warn("Q008", n, "%s", why)
	}
	perChannel := perChannel(n, s)
	if err := calib.CheckWeights(data.F32, bits); err != nil {
		return err
	}
	var codes []int8
	var scale []float32
	l := c.Factors.At(n.Name)
	switch s.Weight.Algorithm {
	case NUQ:
		scale, _ = calib.ARQ(data.F32, data.Shape[0], perChannel, 8)
		var cluster []int8
		codes, cluster, scale = calib.NUQ(data.F32, scale, s.Weight.NUQ)
		bits = 8
		var err error
		if codes, err = c.roundByData(e, m, original, n, s, d, scale, cluster, bits); err != nil {
			return err
		}
		l.Cluster = nil
		for _, q := range cluster {
			l.Cluster = append(l.Cluster, int32(q))
		}
	case MSEWeights:
		scale = calib.MSEScales(data.F32, data.Shape[0], perChannel, bits)
		codes = calib.QuantizeWeights(data.F32, scale, bits)
	case GPTQ, AdaRound:
		if scale = calib.MSEScales(data.F32, data.Shape[0], perChannel, bits); s.Weight.Algorithm == AdaRound && bits == 8 {
			scale = calib.KLScales(data.F32, data.Shape[0], perChannel, bits)
		}
		var err error
		if codes, err = c.roundByData(e, m, original, n, s, d, scale, calib.Levels(bits), bits); err != nil {
			return err
		}
	default:
		return fmt.Errorf("there is no way %q to round weights", s.Weight.Algorithm)
	}
	l.ScaleW, l.WtsBits = scale, bits
	numbers := make([]float32, len(codes))
	per := len(codes) / len(scale)
	for i, q := range codes {
		numbers[i] = float32(float32(q) * scale[i/per])
	}
	w := n.Operands[n.Op.Quant.Weights]
	n.Operands[n.Op.Quant.Weights] = m.AddConst(w.Name, w.Type, tensor.FromF32(numbers, data.Shape...))
	return nil
}

// perChannel says whether a layer has a scale for each output channel.
func perChannel(n *ir.Node, s LayerSettings) bool {
	if s.Weight.PerChannel != nil {
		return *s.Weight.PerChannel
	}
	return n.Op.Quant.PerChannel
}

// WeightBits is the width of a layer's weight codes, and why it is not the wanted one (AMCT 2.3): 6 and 7
// bits are for two-dimensional convolutions. Layers of any shape are computed with 4 bits; where AMCT's
// configurations ask for them, reading these has already gone by what AMCT packs: one group, an even number of inputs.
func WeightBits(n *ir.Node, w WeightSettings) (bits int, why string) {
	if (w.Bits == 6 || w.Bits == 7) && n.Op.Name != "nn.conv2d" {
		return 8, fmt.Sprintf("weights take 8 bits: %d are for two-dimensional convolutions", w.Bits)
	}
	return w.Bits, ""
}

// roundByData rounds with the layer's inputs: to make up for the errors of the weights rounded before
// (GPTQ, and NUQ with the levels of its code book), or by learning which way to round (AdaRound).
func (c *Context) roundByData(e ir.Engine, m, original *ir.Module, n *ir.Node, s LayerSettings, d Data, scale []float32, levels []int8, bits int) ([]int8, error) {
	rows, err := rowsOf(c, e, m.Main(), n.Name, d)
	if err != nil {
		return nil, err
	}
	ideal, err := rowsOf(c, e, original.Main(), n.Name, d)
	if err != nil {
		return nil, err
	}
	if s.Weight.Algorithm == AdaRound {
		return c.adaRound(e, original, n, s.Weight.AdaRound, rows, ideal, scale, bits)
	}
	w := constantWeights(n).F32
	groups, out, k := rowShape(n)
	codes := make([]int8, 0, len(w))
	for g := range groups {
		scales := scale
		if len(scale) > 1 {
			scales = scale[g*out : (g+1)*out]
		}
		q, err := roundGroup(w[g*out*k:(g+1)*out*k], scales, rows.groups[g], ideal.groups[g], k, levels)
		if err != nil {
			return nil, err
		}
		codes = append(codes, q...)
	}
	return codes, nil
}

// maxInputs is the greatest number of inputs that are rounded together: the work grows with its cube, the memory
// with its square. Layers with more have their inputs cut into parts, whose errors do not make up for
// each other.
const maxInputs = 2304

// roundGroup rounds weights [out][k] by rows of their inputs and the ideal ones.
func roundGroup(w, scales, rows, ideal []float32, k int, levels []int8) ([]int8, error) {
	if k <= maxInputs {
		return roundPart(w, scales, rows, ideal, k, levels)
	}
	codes := make([]int8, len(w))
	parts := (k + maxInputs - 1) / maxInputs
	for i := range parts {
		lo, hi := k*i/parts, k*(i+1)/parts
		q, err := roundPart(columns(w, k, lo, hi), scales, columns(rows, k, lo, hi), columns(ideal, k, lo, hi), hi-lo, levels)
		if err != nil {
			return nil, err
		}
		for o := range len(w) / k {
			copy(codes[o*k+lo:o*k+hi], q[o*(hi-lo):])
		}
	}
	return codes, nil
}

// columns are the elements [lo, hi) of every k.
func columns(x []float32, k, lo, hi int) []float32 {
	out := make([]float32, 0, len(x)/k*(hi-lo))
	for ; len(x) >= k; x = x[k:] {
		out = append(out, x[lo:hi]...)
	}
	return out
}

func roundPart(w, scales, rows, ideal []float32, k int, levels []int8) ([]int8, error) {
	gram := calib.NewGram(k)
	gram.Add(rows)
	if gram.Rows == 0 {
		return nil, calib.ErrEmpty
	}
	want, err := calib.Corrected(w, gram, rows, ideal)
	if err != nil {
		return nil, err
	}
	q, err := calib.GPTQ(want, scales, gram, levels)
	if err != nil {
		return nil, err
	}
	nearest := calib.NearestLevels(want, scales, levels)
	calib.Descend(q, want, scales, gram, levels, slack)
	calib.Descend(nearest, want, scales, gram, levels, slack)
	better(q, nearest, want, scales, gram, len(w)/k)
	return q, nil
}

// slack keeps the descent from fitting inputs that the samples hardly tell apart.
const slack = 0.01

// better takes each output's codes from the second list where they err less.
func better(q, other []int8, w, scale []float32, g *calib.Gram, out int) {
	k := g.K
	for o := range out {
		s := scale[0]
		if len(scale) > 1 {
			s = scale[o]
		}
		a, b := q[o*k:(o+1)*k], other[o*k:(o+1)*k]
		if calib.OutputError(b, w[o*k:(o+1)*k], s, g) < calib.OutputError(a, w[o*k:(o+1)*k], s, g) {
			copy(a, b)
		}
	}
}
