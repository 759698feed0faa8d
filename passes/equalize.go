package passes

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes/calib"
)

// Equalization ends when no range of a sweep is off by more than evenEnough, or after evenSweeps sweeps:
// a change at one edge moves the ranges of its neighbours.
const (
	evenEnough = 1e-3
	evenSweeps = 40
)

// equalize finds the factors of cross-layer equalization (Nagel 2019): at every edge that can be folded, each
// channel gets the same greatest absolute weight on both sides, in sweeps over the edges in order. They are
// multiplied into c.Factors; f is not changed. A bounded activation such as ReLU6 is not homogeneous, so that edges
// across one are left alone.
func equalize(c *Context, f *ir.Func) {
	uses := f.Uses()
	var edges []*edge
	for _, n := range f.Nodes {
		if constantLayer(n) && !c.Settings.For(n.Name, true).Skip {
			if e := edgeOf(uses, n); e.sources != nil {
				edges = append(edges, e)
			}
		}
	}
	ranges := newRanges(edges)
	total := make([][]float64, len(edges))
	for i, e := range edges {
		total[i] = make([]float64, e.channels)
		for j := range total[i] {
			total[i][j] = 1
		}
	}
	for range evenSweeps {
		worst := 0.
		for i, e := range edges {
			before, after := ranges.made(e), ranges.read(e)
			for ch, g := range e.group {
				s := calib.Equalizing(before[g], after[g])
				if !calib.BalanceRange(float32(total[i][ch] * s)) {
					s = 1
				}
				total[i][ch] *= s
				worst = max(worst, math.Abs(math.Log(s)))
			}
			ranges.set(e, total[i])
		}
		if worst < evenEnough {
			break
		}
	}
	for i, e := range edges {
		out := make([]float32, e.channels)
		for ch := range out {
			out[ch] = float32(total[i][e.group[ch]])
		}
		c.multiplyBalance(e.layer.Name, out)
	}
}

// ranges are the weights of layers under the factors so far: the weight from input channel i to output
// channel o has been multiplied by in[i]/out[o].
type ranges struct {
	in, out map[*ir.Node][]float64
}

func newRanges(edges []*edge) *ranges {
	r := &ranges{in: make(map[*ir.Node][]float64), out: make(map[*ir.Node][]float64)}
	for _, e := range edges {
		r.in[e.layer] = ones(e.channels)
		for _, s := range e.sources {
			r.out[s.layer] = ones(outputs(s.layer))
		}
	}
	return r
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// set takes the factors of an edge over.
func (r *ranges) set(e *edge, f []float64) {
	copy(r.in[e.layer], f)
	for _, s := range e.sources {
		for j := range r.out[s.layer] {
			r.out[s.layer][j] = f[s.lo+j*s.block]
		}
	}
}

// weights calls see for every weight of n as it stands under the factors.
func (r *ranges) weights(n *ir.Node, see func(i, ch int, magnitude float64)) {
	data := n.Operands[1].Const.Data.F32
	per := len(data) / outputs(n)
	in, out := r.in[n], r.out[n]
	readers(n, func(i, ch int) {
		v := math.Abs(float64(data[i]))
		if in != nil {
			v *= in[ch]
		}
		if out != nil {
			v /= out[i/per]
		}
		see(i, ch, v)
	})
}

// read is the greatest weight that reads each group of channels, kept at the group's first channel.
func (r *ranges) read(e *edge) []float64 {
	to := make([]float64, e.channels)
	r.weights(e.layer, func(_, ch int, v float64) { to[e.group[ch]] = max(to[e.group[ch]], v) })
	return to
}

// made is the greatest weight that makes each group of channels.
func (r *ranges) made(e *edge) []float64 {
	to := make([]float64, e.channels)
	for _, s := range e.sources {
		per := s.layer.Operands[1].Const.Data.Len() / outputs(s.layer)
		r.weights(s.layer, func(i, _ int, v float64) {
			g := e.group[s.lo+i/per*s.block]
			to[g] = max(to[g], v)
		})
	}
	return to
}
