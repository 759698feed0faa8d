package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/train"
)

// A layerRows are inputs of one layer as rows: for every sampled output position the numbers that each
// group's weights meet there, in the order of the weights.
type layerRows struct {
	k      int         // numbers of a row
	groups [][]float32 // rows, one after another, of each group
}

// How much of a layer's inputs is kept: rows, and numbers of all groups together.
const (
	maxRows       = 8192
	maxRowNumbers = 8 << 20
)

// rowShape is the number of groups, outputs of a group and inputs of an output.
func rowShape(n *ir.Node) (groups, out, k int) {
	w := n.Operands[1].Type.Shape
	groups = 1
	if n.Op.Name == "nn.conv2d" {
		groups = n.Int("group")
	}
	return groups, w[0] / groups, tensor.Elems(w[1:])
}

// positions draws which outputs of a sample are kept: the same for every network of the same form.
func positions(seed uint64, sample, of, want int) []int {
	if want >= of {
		all := make([]int, of)
		for i := range all {
			all[i] = i
		}
		return all
	}
	r := train.NewRandom(seed, 4, uint64(sample))
	out := make([]int, want)
	for i := range out {
		out[i] = r.Below(of)
	}
	return out
}

// rowsOf runs f, which has a layer of the given name, on data and keeps rows of the layer's inputs.
func rowsOf(c *Context, e ir.Engine, f *ir.Func, name string, d Data) (*layerRows, error) {
	var n *ir.Node
	for _, m := range f.Nodes {
		if m.Name == name {
			n = m
		}
	}
	if n == nil {
		return nil, fmt.Errorf("layer %q has gone", name)
	}
	groups, _, k := rowShape(n)
	x := n.Operands[0]
	rows := &layerRows{k: k, groups: make([][]float32, groups)}
	limit := min(maxRows, max(64, maxRowNumbers/(k*groups)))
	want := (limit + d.Samples() - 1) / d.Samples()
	r, err := e.Prepare(f)
	if err != nil {
		return nil, err
	}
	sample := 0
	take := func(t *tensor.Tensor) {
		for i := range t.Shape[0] {
			one := t.Rows(i, i+1)
			if len(rows.groups[0]) < limit*k {
				rows.add(n, one, c.Settings.Seed, sample, want)
			}
			sample++
		}
	}
	for in, err := range d.Batches() {
		if err != nil {
			return nil, err
		}
		if len(rows.groups[0]) >= limit*k {
			break
		}
		for i, p := range f.Params {
			if p == x {
				take(in[i])
			}
		}
		if _, err := r.Run(c, in, func(v *ir.Value, t *tensor.Tensor) {
			if v == x {
				take(t)
			}
		}); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// add keeps rows of one sample.
func (r *layerRows) add(n *ir.Node, x *tensor.Tensor, seed uint64, sample, want int) {
	if n.Op.Name != "nn.conv2d" {
		for _, p := range positions(seed, sample, x.Len()/r.k, want) {
			r.groups[0] = append(r.groups[0], x.F32[p*r.k:(p+1)*r.k]...)
		}
		return
	}
	w := n.Operands[1].Type.Shape
	win, _ := op.WindowOf(n, x.Shape, w[2], w[3])
	cg := w[1]
	for _, p := range positions(seed, sample, win.OutH*win.OutW, want) {
		oy, ox := p/win.OutW, p%win.OutW
		for g := range r.groups {
			for ci := range cg {
				plane := x.F32[(g*cg+ci)*win.H*win.W:]
				for ky := range win.KH {
					for kx := range win.KW {
						y, xx := oy*win.SH-win.Top+ky*win.DH, ox*win.SW-win.Left+kx*win.DW
						var v float32
						if y >= 0 && y < win.H && xx >= 0 && xx < win.W {
							v = plane[y*win.W+xx]
						}
						r.groups[g] = append(r.groups[g], v)
					}
				}
			}
		}
	}
}
