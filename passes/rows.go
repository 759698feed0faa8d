package passes

import (
	"fmt"
	"slices"

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

// count is the number of rows that each group has.
func (r *layerRows) count() int { return len(r.groups[0]) / r.k }

// copy writes row at of all groups, one after another, as row j of x.
func (r *layerRows) copy(x []float32, j, at int) {
	for g, rows := range r.groups {
		copy(x[(j*len(r.groups)+g)*r.k:][:r.k], rows[at*r.k:])
	}
}

// rowsOf runs f, which has a layer of the given name, on data as far as that layer and keeps rows of the
// layer's inputs.
func rowsOf(c *Context, e ir.Engine, f *ir.Func, name string, d Data) (*layerRows, error) {
	n := named(f, name)
	if n == nil {
		return nil, fmt.Errorf("layer %q has gone", name)
	}
	groups, _, k := rowShape(n)
	x := n.Operands[0]
	rows := &layerRows{k: k, groups: make([][]float32, groups)}
	limit := min(maxRows, max(64, maxRowNumbers/(k*groups)))
	want := (limit + d.Samples() - 1) / max(1, d.Samples())
	r, err := e.Prepare(upTo(f, x))
	if err != nil {
		return nil, err
	}
	for g := range rows.groups {
		rows.groups[g] = make([]float32, 0, limit*k)
	}
	sample := 0
	for in, err := range d.Batches() {
		if err != nil {
			return nil, err
		}
		if rows.count() >= limit {
			break
		}
		out, err := r.Run(c, in, nil)
		if err != nil {
			return nil, err
		}
		for i := range out[0].Shape[0] {
			if rows.count() < limit {
				rows.add(n, out[0].Rows(i, i+1), c.Settings.Seed, sample, want)
			}
			sample++
		}
	}
	return rows, nil
}

// named is the node of a name, or nil.
func named(f *ir.Func, name string) *ir.Node {
	for _, n := range f.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// upTo is the part of f that x depends on, with x as its result.
func upTo(f *ir.Func, x *ir.Value) *ir.Func {
	needed := map[*ir.Node]bool{x.Def: true}
	out := &ir.Func{Name: f.Name, Params: f.Params, Results: []*ir.Value{x}, Stage: f.Stage}
	for _, n := range slices.Backward(f.Nodes) {
		if needed[n] {
			out.Nodes = append(out.Nodes, n)
			for _, v := range n.Operands {
				needed[v.Def] = true
			}
		}
	}
	slices.Reverse(out.Nodes)
	return out
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
