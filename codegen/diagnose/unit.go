package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
)

// A unit is one operator of the float function that is quantized: a layer with weights, or an operator
// whose operands have factors.
type unit struct {
	node *ir.Node
	acts []operand
	w    *weights // nil without
	set  passes.LayerSettings
}

// An operand is an activation with its factors.
type operand struct {
	index int // of the node's operands
	key   string
	value *ir.Value
	codes affine
}

// An affine map of activation codes.
type affine struct {
	scale  float32
	offset int32
	bits   int
}

// span is the numbers that the lowest and the highest code stand for.
func (a affine) span() (lo, hi float32) {
	l, h := calib.CodeRange(a.bits)
	return float32(float32(l-a.offset) * a.scale), float32(float32(h-a.offset) * a.scale)
}

// weights are a layer's: as the float network has them, channel-major, and as they are rounded.
type weights struct {
	channels   int
	perIn      int // input channels that one output channel reads
	taps       int // elements for each of them
	group      int
	float      []float32
	floatBias  []float32 // nil without
	fitted     []float32
	fittedBias []float32
	scale      []float32
	bits       int
	kept       bool // rounded, but what they were before is not known
}

func (w *weights) perChannel() bool { return len(w.scale) > 1 || w.channels == 1 }

// input is the channel of the layer's input that element i of the weights is multiplied with.
func (w *weights) input(i int) int {
	o := i / (w.perIn * w.taps)
	return o/(w.channels/w.group)*w.perIn + i/w.taps%w.perIn
}

// inputs is the number of input channels.
func (w *weights) inputs() int { return w.perIn * w.group }

// base is the float function with the structure of the fitted one, and its units in order.
type base struct {
	module *ir.Module
	units  []*unit
	// remarks are about layers whose float weights are not known.
	remarks []string
}

// newBase takes out of the fitted module what rounding did: weights that lie within a step of the float
// network's are replaced by those. What else the fitting changed, a balanced or equalized pair of
// layers, computes the same function and stays. integer says which operators became integer ones.
func newBase(c *passes.Context, float, fitted, integer *ir.Module) (*base, error) {
	original, _, err := observed(c, float, passes.NewFactors())
	if err != nil {
		return nil, err
	}
	m, keys, err := observed(c, fitted, c.Factors)
	if err != nil {
		return nil, err
	}
	was := make(map[string]*ir.Node)
	for _, n := range original.Main().Nodes {
		was[n.Name] = n
	}
	done := make(map[string]bool)
	for _, n := range integer.Main().Nodes {
		done[n.Name] = done[n.Name] || strings.HasPrefix(n.Op.Name, "q.")
	}
	b := &base{module: m}
	for _, n := range m.Main().Nodes {
		k := keys[n]
		if k == nil || !done[n.Name] {
			continue
		}
		u := &unit{node: n, set: c.Settings.For(n.Name, n.Op.Quant.IsLayer())}
		for _, i := range n.Op.Quant.Activations {
			f := factors(c, n, i)
			if f == nil || k[i] == "" {
				u = nil
				break
			}
			u.acts = append(u.acts, operand{i, k[i], n.Operands[i], affine{f.ScaleD, f.OffsetD, f.ActBits}})
		}
		if u == nil {
			continue
		}
		if n.Op.Quant.IsLayer() {
			if u.w = layerWeights(n, was[n.Name], c.Factors.Get(n.Name)); u.w == nil {
				continue
			}
			setWeights(n, u.w.float, u.w.floatBias)
			if u.w.kept {
				b.remarks = append(b.remarks, fmt.Sprintf("%s: its weights were changed and then rounded; the errors here are against the rounded ones", n.Subject()))
			}
		}
		b.units = append(b.units, u)
	}
	if len(b.units) == 0 {
		return nil, fmt.Errorf("nothing to diagnose: no operator of the network is quantized")
	}
	return b, nil
}

// observed is a copy with unique node names, and the record keys of each node's operands. Factors that balance
// channels are applied where the module has not been balanced yet.
func observed(c *passes.Context, m *ir.Module, known *passes.Factors) (*ir.Module, map[*ir.Node]map[int]string, error) {
	out := m.Clone()
	quiet := passes.NewContext(c, c.Ops)
	quiet.Settings, quiet.Factors = c.Settings, known
	var g passes.Manager
	if _, err := g.Run(quiet, out, slices.Clone(passes.Observe)); err != nil {
		return nil, nil, err
	}
	f := out.Main()
	keys := make(map[*ir.Node]map[int]string)
	var keep []*ir.Node
	for _, n := range f.Nodes {
		for i, v := range n.Operands {
			if v.Def != nil && v.Def.Op.Name == "q.observe" {
				if keys[n] == nil {
					keys[n] = make(map[int]string)
				}
				keys[n][i] = v.Def.Attr("key").(string)
				n.Operands[i] = v.Def.Operands[0]
			}
		}
		if n.Op.Name != "q.observe" {
			keep = append(keep, n)
		}
	}
	f.Nodes, f.Stage = keep, ir.StageFloat
	return out, keys, nil
}

// factors are those of operand i as quantization takes them.
func factors(c *passes.Context, n *ir.Node, i int) *passes.LayerFactors {
	k := c.Factors.Get(passes.Key(n, i))
	if k == nil && len(n.Op.Quant.Activations) == 1 {
		k = c.Factors.Get(n.Name)
	}
	if k == nil || k.ScaleD == 0 {
		return nil
	}
	return k
}

// layerWeights are those of the fitted node n, which the float network has as was.
func layerWeights(n, was *ir.Node, f *passes.LayerFactors) *weights {
	q := n.Op.Quant
	v := n.Operands[q.Weights]
	if !v.IsConst() || f == nil || len(f.ScaleW) == 0 || q.ChannelAxis != 0 {
		return nil
	}
	s := v.Type.Shape
	w := &weights{channels: s[0], perIn: s[1], taps: tensor.Elems(s[2:]), group: 1, fitted: v.Const.Data.F32, scale: f.ScaleW, bits: f.WtsBits}
	if n.Op.Name == "nn.conv2d" {
		w.group = n.Int("group")
	}
	if len(n.Operands) == 3 && n.Operands[2].IsConst() {
		w.fittedBias = n.Operands[2].Const.Data.F32
	}
	w.float, w.floatBias = w.fitted, w.fittedBias
	if was == nil || len(was.Operands) < 2 || !was.Operands[q.Weights].IsConst() {
		return w
	}
	o := was.Operands[q.Weights].Const.Data.F32
	levels := f.Cluster != nil && f.Balance == nil && len(o) == len(w.fitted) && onGrid(w.fitted, w.scale) // rounded farther than to neighbours
	if !levels && !near(o, w.fitted, w.scale) {
		w.kept = onGrid(w.fitted, w.scale)
		return w
	}
	w.float = o
	if len(was.Operands) == 3 && was.Operands[2].IsConst() {
		w.floatBias = was.Operands[2].Const.Data.F32
	} else if len(was.Operands) == 2 && w.fittedBias != nil {
		w.floatBias = make([]float32, w.channels)
	}
	return w
}

// nearSteps is how far rounding may move a weight, in steps: one for any choice between the two
// neighbours, and a little for the float arithmetic that a scale went through.
const nearSteps = 1.01

// near says whether b is a, rounded: every weight moved by at most nearSteps steps, or, where errors were fed
// from weight to weight, every weight a whole number of steps and the mean square of the moves within one.
func near(a, b, scale []float32) bool {
	if len(a) != len(b) || len(scale) == 0 {
		return false
	}
	per := len(a) / len(scale)
	close, square := true, 0.0
	for i := range a {
		s := float64(scale[i/per])
		d := (float64(a[i]) - float64(b[i])) / s
		square += float64(d * d)
		close = close && math.Abs(d) <= nearSteps
	}
	return close || square <= float64(len(a)) && onGrid(b, scale)
}

// onGrid says whether all weights are whole numbers of steps.
func onGrid(w, scale []float32) bool {
	per := len(w) / len(scale)
	for i, v := range w {
		code := float64(v) / float64(scale[i/per])
		if math.Abs(code-math.Round(code)) >= 1e-3 {
			return false
		}
	}
	return true
}

// setWeights gives a node of a function of ours other weights and another bias.
func setWeights(n *ir.Node, w, bias []float32) {
	v := n.Operands[1]
	n.Operands[1] = ir.NewConst(v.Name, v.Type, tensor.FromF32(w, v.Type.Shape...)).Value()
	switch {
	case bias == nil:
		n.Operands = n.Operands[:2:2]
	case len(n.Operands) == 3:
		v := n.Operands[2]
		n.Operands[2] = ir.NewConst(v.Name, v.Type, tensor.FromF32(bias, len(bias))).Value()
	default:
		n.Operands = append(n.Operands[:2:2], ir.NewConst(v.Name+"_b", ir.Float(len(bias)), tensor.FromF32(bias, len(bias))).Value())
	}
}
