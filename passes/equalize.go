package passes

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes/calib"
)

// Equalization ends when no factor of a sweep is off by more than evenEnough, or after evenSweeps sweeps:
// a change of one class moves the ranges of its neighbours.
const (
	evenEnough = 1e-2
	evenSweeps = 20
)

// equalize finds the factors of cross-layer equalization (Nagel 2019): every class of channels gets the same
// greatest absolute weight where it is made and where it is read, in sweeps over the layers in order. They are
// multiplied into c.Factors; f is not changed. Channels that a bounded activation such as ReLU6 sees are
// fixed, so that they keep their range.
func equalize(c *Context, f *ir.Func) {
	k := findChannels(f)
	for _, n := range k.layers {
		if c.Settings.For(n.Name, true).Skip {
			k.fix(k.in[n], "a layer that stays float reads it")
		}
	}
	k.settle()
	taps := make(map[*ir.Node][]float64)
	for _, n := range k.layers {
		taps[n] = greatestTaps(n)
	}
	total := make([]float64, len(k.parent))
	for i := range total {
		total[i] = 1
	}
	for range evenSweeps {
		if k.sweep(taps, total) < evenEnough {
			break
		}
	}
	for _, n := range k.layers {
		if k.obstacle(n) != "" {
			continue
		}
		out := make([]float32, len(k.in[n]))
		for i, l := range k.in[n] {
			out[i] = float32(total[k.find(l)])
		}
		c.multiplyBalance(n.Name, out)
	}
}

// sweep equalizes the classes that each layer reads, one layer after the other, under the factors so far, by
// label; the answer is the greatest change, as a logarithm.
func (c *channels) sweep(taps map[*ir.Node][]float64, total []float64) float64 {
	worst := 0.
	made := make(map[int][]*ir.Node) // by class, its makers and readers
	read := make(map[int][]*ir.Node)
	for _, n := range c.layers {
		c.note(made, n, c.out[n])
		c.note(read, n, c.in[n])
	}
	done := make(map[int]bool)
	for _, n := range c.layers {
		if c.obstacle(n) != "" {
			continue
		}
		var todo []int
		for _, l := range c.in[n] {
			if r := c.find(l); !done[r] {
				done[r] = true
				todo = append(todo, r)
			}
		}
		before, after := c.ranges(todo, made, taps, total, false), c.ranges(todo, read, taps, total, true)
		for _, r := range todo {
			s := calib.Equalizing(before[r], after[r])
			if !calib.BalanceRange(float32(total[r] * s)) {
				continue
			}
			total[r] = float64(total[r] * s)
			worst = max(worst, math.Abs(math.Log(s)))
		}
	}
	return worst
}

// note adds n to the layers of each class among labels.
func (c *channels) note(to map[int][]*ir.Node, n *ir.Node, labels []int) {
	for _, l := range labels {
		r := c.find(l)
		if k := to[r]; len(k) == 0 || k[len(k)-1] != n {
			to[r] = append(k, n)
		}
	}
}

// ranges is the greatest absolute weight by class, on the side that reads or makes it, of the layers behind
// the given classes, as the weights stand under the factors so far.
func (c *channels) ranges(classes []int, by map[int][]*ir.Node, taps map[*ir.Node][]float64, total []float64, read bool) []float64 {
	seen := make(map[*ir.Node]bool)
	out := make([]float64, len(total))
	for _, r := range classes {
		for _, n := range by[r] {
			if seen[n] {
				continue
			}
			seen[n] = true
			in, made := c.classes(c.in[n]), c.classes(c.out[n])
			of := len(taps[n]) / len(made) // input channels of a group
			each := len(made) * of / len(in)
			for o, to := range made {
				for ch := range of {
					from := in[o/each*of+ch]
					at := to
					if read {
						at = from
					}
					out[at] = max(out[at], taps[n][o*of+ch]*total[from]/total[to])
				}
			}
		}
	}
	return out
}

// classes are the classes of labels.
func (c *channels) classes(labels []int) []int {
	out := make([]int, len(labels))
	for i, l := range labels {
		out[i] = c.find(l)
	}
	return out
}

// greatestTaps is the greatest absolute weight between each output channel and each input channel of its group.
func greatestTaps(n *ir.Node) []float64 {
	w := n.Operands[1].Const.Data
	out := make([]float64, w.Shape[0]*w.Shape[1])
	per := w.Len() / len(out)
	for i, v := range w.F32 {
		out[i/per] = max(out[i/per], math.Abs(float64(v)))
	}
	return out
}
