package passes

import (
	"fmt"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// An edge is the input of a layer with constant weights, seen as channels: axis 1 of a convolution's input,
// the last axis of a dense layer's. Dividing channel i by f[i] > 0 and multiplying the weights that
// read it by f[i] leaves the layer's result as it is.
type edge struct {
	layer    *ir.Node
	channels int
	// sources are the layers that alone make the input, through operators that are homogeneous in each
	// channel: they can be divided instead. nil when there is something else between.
	sources []source
	// why says what stands in the way of dividing layers before it.
	why string
	// group has for each channel the first one that must have the same factor for sources to be divided.
	group []int
}

// A source makes channels of an edge: output channel j of its layer becomes the channels of the edge from
// lo + j*block on, block of them (a reshape lays the positions of one map side by side).
type source struct {
	layer     *ir.Node
	lo, block int
}

// constantLayer says whether n is a layer whose weights and bias are constants.
func constantLayer(n *ir.Node) bool {
	return n.Op.Quant.IsLayer() && (n.Op.Quant.Applies == nil || n.Op.Quant.Applies(n) == "") &&
		!slices.ContainsFunc(n.Operands[1:], func(v *ir.Value) bool { return !v.IsConst() })
}

// edgeOf describes the input of layer n.
func edgeOf(uses map[*ir.Value][]ir.Use, n *ir.Node) *edge {
	x := n.Operands[0]
	axis := 1
	if n.Op.Name != "nn.conv2d" {
		axis = len(x.Type.Shape) - 1
	}
	e := &edge{layer: n, channels: x.Type.Shape[axis]}
	e.group = make([]int, e.channels)
	for i := range e.group {
		e.group[i] = -1
	}
	if !e.walk(uses, x, axis, 0, 1) || !e.label() {
		e.sources = nil
		for i := range e.group {
			e.group[i] = i
		}
	}
	return e
}

// walk looks for the layers behind v, whose index p along axis stands for channels lo+p*block… of the edge.
// v and everything looked through must have one use: dividing it must be seen by this edge alone.
func (e *edge) walk(uses map[*ir.Value][]ir.Use, v *ir.Value, axis, lo, block int) bool {
	d := v.Def
	switch {
	case d == nil:
		e.why = fmt.Sprintf("%%%s is an input or a constant", v.Name)
		return false
	case single(uses, v) == nil:
		e.why = fmt.Sprintf("%%%s has another consumer", v.Name)
		return false
	}
	e.why = fmt.Sprintf("channels are not kept apart by %s", d.Subject())
	if constantLayer(d) {
		e.sources = append(e.sources, source{d, lo, block})
		return channelAxis(d) == axis
	}
	x := d.Operands[0]
	switch d.Op.Name {
	case "nn.relu":
		return e.walk(uses, x, axis, lo, block)
	case "nn.clip":
		return homogeneous(d.Float("min")) && homogeneous(d.Float("max")) && e.walk(uses, x, axis, lo, block)
	case "nn.max_pool2d", "nn.avg_pool2d":
		return axis == 1 && e.walk(uses, x, axis, lo, block)
	case "nn.pad":
		p, r := d.Ints("pad"), len(x.Type.Shape)
		return d.Float("value") == 0 && p[axis] == 0 && p[axis+r] == 0 && e.walk(uses, x, axis, lo, block)
	case "nn.transpose":
		return e.walk(uses, x, d.Ints("perm")[axis], lo, block)
	case "nn.reshape":
		from, wide, ok := unfold(x.Type.Bind(1).Shape, v.Type.Bind(1).Shape, axis)
		return ok && e.walk(uses, x, from, lo, block*wide)
	case "nn.add":
		for _, w := range d.Operands {
			if !w.Type.Equal(v.Type) || !e.walk(uses, w, axis, lo, block) {
				return false
			}
		}
		return true
	case "nn.concat":
		at := lo
		for _, w := range d.Operands {
			if !e.walk(uses, w, axis, at, block) {
				return false
			}
			if d.Int("axis") == axis {
				at += w.Type.Shape[axis] * block
			}
		}
		return true
	}
	return false
}

// homogeneous says whether a clamp to bound b commutes with every positive factor: b is zero or no bound.
func homogeneous(b float32) bool { return b == 0 || math.Abs(float64(b)) >= math.MaxFloat32 }

// unfold finds the axis of shape from that reshape made axis of shape to out of, with the wide elements
// behind each of its indices: the axis in front of which as many elements lie, when nothing lies behind
// axis in to.
func unfold(from, to []int, axis int) (at, wide int, ok bool) {
	front := product(to[:axis])
	if product(to[axis+1:]) != 1 {
		return 0, 0, false
	}
	for at = range from {
		if product(from[:at]) == front && (at > 0 || axis == 0) {
			return at, product(from[at+1:]), true
		}
	}
	return 0, 0, false
}

func product(d []int) int {
	n := 1
	for _, v := range d {
		n *= v
	}
	return n
}

// label fills group from the sources; two sources that would group differently cannot both be divided.
func (e *edge) label() bool {
	for _, s := range e.sources {
		for j := range outputs(s.layer) {
			first := s.lo + j*s.block
			for i := first; i < first+s.block; i++ {
				if e.group[i] >= 0 && e.group[i] != first {
					return false
				}
				e.group[i] = first
			}
		}
	}
	return !slices.Contains(e.group, -1)
}

// unlike is why factors that differ within a group can't be folded.
const unlike = "its factors differ between positions of one channel"

// foldable says whether the sources can be divided by f.
func (e *edge) foldable(f []float32) bool {
	if e.sources == nil {
		return false
	}
	for i, g := range e.group {
		if f[i] != f[g] {
			e.why = unlike
			return false
		}
	}
	return true
}

// outputs is the number of output channels of a layer.
func outputs(n *ir.Node) int { return n.Operands[1].Type.Shape[n.Op.Quant.ChannelAxis] }

// readers calls f for every weight of a layer with its index and the input channel that it reads.
func readers(n *ir.Node, f func(i, channel int)) {
	shape := n.Operands[1].Type.Shape
	of, inner := shape[1], product(shape[2:])
	group := 1
	if n.Op.Name == "nn.conv2d" {
		group = n.Int("group")
	}
	each := shape[0] / group
	i := 0
	for o := range shape[0] {
		for ch := range of {
			for range inner {
				f(i, o/each*of+ch)
				i++
			}
		}
	}
}

// readRange is the greatest absolute weight that reads each input channel.
func (e *edge) readRange() []float32 {
	out := make([]float32, e.channels)
	w := e.layer.Operands[1].Const.Data.F32
	readers(e.layer, func(i, ch int) { out[ch] = max(out[ch], magnitude(w[i])) })
	return out
}

// merge gives every channel the greatest value of its group.
func (e *edge) merge(v []float32) {
	for i, g := range e.group {
		v[g] = max(v[g], v[i])
	}
	for i, g := range e.group {
		v[i] = v[g]
	}
}

func magnitude(v float32) float32 { return float32(math.Abs(float64(v))) }
