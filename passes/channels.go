package passes

import (
	"fmt"
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// channels says which channels of a float function can be divided by a common factor f > 0 without changing what
// it computes. Layers with constant weights make channels and read them; between lie operators that are homogeneous
// in each channel: relu, pooling, zeros around and beside maps, transposes, reshapes, sums, concatenations. Channels
// tied by these form a class. When its makers divide the rows of their weights and biases by f and its readers
// multiply the weights that read them, all results stay. A class that anything else sees is fixed: f must be 1.
type channels struct {
	parent []int // of each label; a class is a tree of labels
	why    []string
	// in and out are the labels of the input and output channels of every constant layer.
	in, out map[*ir.Node][]int
	layers  []*ir.Node
	at      map[*ir.Value]marked
}

// marked are the labels of a value along one axis.
type marked struct {
	axis   int
	labels []int
}

// constantLayer says whether n is a layer whose weights and bias are constants.
func constantLayer(n *ir.Node) bool {
	return n.Op.Quant.IsLayer() && (n.Op.Quant.Applies == nil || n.Op.Quant.Applies(n) == "") &&
		!slices.ContainsFunc(n.Operands[1:], func(v *ir.Value) bool { return !v.IsConst() })
}

// findChannels finds the classes of f.
func findChannels(f *ir.Func) *channels {
	c := &channels{in: make(map[*ir.Node][]int), out: make(map[*ir.Node][]int), at: make(map[*ir.Value]marked)}
	for _, p := range f.Params {
		c.fresh(p, inputAxis(p.Type), fmt.Sprintf("%%%s is an input of the network", p.Name))
	}
	for _, n := range f.Nodes {
		c.visit(n)
	}
	for _, r := range f.Results {
		c.fix(c.at[r].labels, fmt.Sprintf("%%%s is a result of the network", r.Name))
	}
	return c
}

// inputAxis is the axis of channels of a value that no layer made: 1 of maps, otherwise the last.
func inputAxis(t ir.Type) int {
	if len(t.Shape) == 4 {
		return 1
	}
	return max(0, len(t.Shape)-1)
}

// readAxis is the axis of a layer's input that its channels run along.
func readAxis(n *ir.Node) int {
	if n.Op.Name == "nn.conv2d" {
		return 1
	}
	return len(n.Operands[0].Type.Shape) - 1
}

// fresh gives v labels of its own along axis, fixed when why is not empty.
func (c *channels) fresh(v *ir.Value, axis int, why string) []int {
	size := 1
	if s := v.Type.Bind(1).Shape; axis < len(s) {
		size = s[axis]
	}
	labels := c.free(size)
	c.fix(labels, why)
	c.at[v] = marked{axis, labels}
	return labels
}

// free makes n labels, each a class of its own that nothing fixes.
func (c *channels) free(n int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = len(c.parent)
		c.parent = append(c.parent, labels[i])
		c.why = append(c.why, "")
	}
	return labels
}

func (c *channels) find(l int) int {
	for c.parent[l] != l {
		c.parent[l] = c.parent[c.parent[l]]
		l = c.parent[l]
	}
	return l
}

// join ties the channels of a and b together, pair by pair.
func (c *channels) join(a, b []int) {
	for i := range a {
		x, y := c.find(a[i]), c.find(b[i])
		if x == y {
			continue
		}
		c.parent[y] = x
		if c.why[x] == "" {
			c.why[x] = c.why[y]
		}
	}
}

// fix fixes the classes of labels. The first reason stays.
func (c *channels) fix(labels []int, why string) {
	for _, l := range labels {
		if r := c.find(l); c.why[r] == "" {
			c.why[r] = why
		}
	}
}

// visit labels n's result.
func (c *channels) visit(n *ir.Node) {
	if constantLayer(n) {
		v := n.Operands[0]
		x := c.at[v]
		c.in[n] = x.labels
		if v.IsConst() || x.axis != readAxis(n) {
			why := fmt.Sprintf("%s reads %%%s along another axis than that of its channels", n.Subject(), v.Name)
			c.fix(x.labels, why)
			c.in[n] = c.fresh(v, readAxis(n), why)
			c.at[v] = x
		}
		c.out[n] = c.fresh(n.Result(), channelAxis(n), "")
		c.layers = append(c.layers, n)
		return
	}
	if m, ok := c.through(n); ok {
		c.at[n.Result()] = m
		return
	}
	why := fmt.Sprintf("%s does not keep channels apart", n.Subject())
	for _, v := range n.Operands {
		c.fix(c.at[v].labels, why)
	}
	for _, r := range n.Results {
		c.fresh(r, inputAxis(r.Type), why)
	}
}

// through gives the labels of the result of an operator that is homogeneous in each channel.
func (c *channels) through(n *ir.Node) (marked, bool) {
	if n.Op.Name == "nn.concat" {
		return c.joined(n)
	}
	if len(n.Operands) == 0 || slices.ContainsFunc(n.Operands, (*ir.Value).IsConst) {
		return marked{}, false
	}
	v, y := n.Operands[0], n.Result()
	x := c.at[v]
	switch n.Op.Name {
	case "nn.relu":
		return x, true
	case "nn.clip":
		return x, homogeneous(n.Float("min")) && homogeneous(n.Float("max"))
	case "nn.max_pool2d", "nn.avg_pool2d":
		return x, x.axis == 1
	case "nn.pad":
		if n.Float("value") != 0 {
			return marked{}, false
		}
		p, r := n.Ints("pad"), len(v.Type.Shape)
		return marked{x.axis, slices.Concat(c.free(p[x.axis]), x.labels, c.free(p[x.axis+r]))}, true
	case "nn.transpose":
		return marked{slices.Index(n.Ints("perm"), x.axis), x.labels}, true
	case "nn.reshape":
		return reshaped(x, v.Type.Bind(1).Shape, y.Type.Bind(1).Shape)
	case "nn.add":
		w := c.at[n.Operands[1]]
		if !v.Type.Equal(n.Operands[1].Type) || x.axis != w.axis {
			return marked{}, false
		}
		c.join(x.labels, w.labels)
		return x, true
	}
	return marked{}, false
}

// joined gives the labels of a concatenation. Constants in it, such as the zeros that give a map more channels, have
// channels of their own: those of zeros are free, others fixed.
func (c *channels) joined(n *ir.Node) (marked, bool) {
	first := slices.IndexFunc(n.Operands, func(v *ir.Value) bool { return !v.IsConst() })
	if first < 0 {
		return marked{}, false
	}
	axis := c.at[n.Operands[first]].axis
	for _, v := range n.Operands {
		if !v.IsConst() && c.at[v].axis != axis {
			return marked{}, false
		}
	}
	var parts [][]int
	for _, v := range n.Operands {
		if v.IsConst() {
			parts = append(parts, c.constant(n, v, axis))
		} else {
			parts = append(parts, c.at[v].labels)
		}
	}
	if n.Int("axis") == axis {
		return marked{axis, slices.Concat(parts...)}, true
	}
	for _, labels := range parts[1:] {
		c.join(parts[0], labels)
	}
	return marked{axis, parts[0]}, true
}

// constant labels the channels of a constant operand of n along axis.
func (c *channels) constant(n *ir.Node, v *ir.Value, axis int) []int {
	labels := c.free(v.Type.Shape[axis])
	inner := product(v.Type.Shape[axis+1:])
	for i, x := range v.Const.Data.F32 {
		if x != 0 {
			l := labels[i/inner%len(labels)]
			c.fix([]int{l}, fmt.Sprintf("%s puts a constant beside it", n.Subject()))
		}
	}
	return labels
}

// homogeneous says whether a clamp to bound b commutes with every positive factor: b is zero or no bound.
func homogeneous(b float32) bool { return b == 0 || math.Abs(float64(b)) >= math.MaxFloat32 }

// reshaped finds the axis of shape to on which the channels lie after a reshape of from: as many elements
// stand in front of it, and it is either as long, or as long as the channels with all that lies behind them.
func reshaped(x marked, from, to []int) (marked, bool) {
	n, front, behind := len(x.labels), product(from[:x.axis]), product(from[x.axis+1:])
	for at := range to {
		if product(to[:at]) != front || at == 0 && x.axis > 0 {
			continue
		}
		switch {
		case to[at] == n:
			return marked{at, x.labels}, true
		case to[at] == n*behind:
			labels := make([]int, to[at])
			for i := range labels {
				labels[i] = x.labels[i/behind]
			}
			return marked{at, labels}, true
		}
	}
	return marked{}, false
}

func product(d []int) int {
	n := 1
	for _, v := range d {
		n *= v
	}
	return n
}

// obstacle says why the input of a layer can't be divided in the layers that make it, or "".
func (c *channels) obstacle(n *ir.Node) string {
	for _, l := range c.in[n] {
		if why := c.why[c.find(l)]; why != "" {
			return why
		}
	}
	return ""
}

// settle fixes every class of a layer that has a fixed one: a layer is balanced in one way, by layers before it
// or by a multiplication in front of it.
func (c *channels) settle() {
	for again := true; again; {
		again = false
		for _, n := range c.layers {
			why := c.obstacle(n)
			if why == "" {
				continue
			}
			for _, l := range c.in[n] {
				if r := c.find(l); c.why[r] == "" {
					c.why[r] = why
					again = true
				}
			}
		}
	}
}
