package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// order is how a tensor's elements follow each other in memory.
type order uint8

const (
	rows  order = iota // row-major, as written
	pixel              // rank 4 only: (N, H, W, C)
)

// pixelAxes are the axes of an image as stored in pixel order.
var pixelAxes = [4]int{0, 2, 3, 1}

// axes are the canonical axes in the order in which they are stored.
func (o order) axes(rank int) []int {
	if o == pixel {
		return pixelAxes[:]
	}
	a := make([]int, rank)
	for i := range a {
		a[i] = i
	}
	return a
}

// stored is a shape in stored order; a scalar has one dimension.
func (o order) stored(shape []int) []int {
	out := make([]int, 0, len(shape))
	for _, a := range o.axes(len(shape)) {
		out = append(out, shape[a])
	}
	if len(out) == 0 {
		out = append(out, 1)
	}
	return out
}

// strides are the distances between neighbours along every canonical axis.
func (o order) strides(shape []int) []int {
	s := tensor.Strides(o.stored(shape))
	out := make([]int, len(shape))
	for i, a := range o.axes(len(shape)) {
		out[a] = s[i]
	}
	return out
}

// at is where a canonical axis is stored.
func (o order) at(axis, rank int) int { return slices.Index(o.axes(rank), axis) }

// same says whether both orders put the elements of a shape in the same places.
func same(shape []int) bool { return len(shape) != 4 || shape[1] == 1 || shape[2]*shape[3] == 1 }

// best is the order in which a tensor of this rank is produced when the operator doesn't mind.
func best(rank int) order {
	if rank == 4 {
		return pixel
	}
	return rows
}

// reorder moves a tensor of a shape from one order to another.
func reorder(shape []int, from, to order) rt.Permute {
	return gather(shape, from.strides(shape), to)
}

// gather makes a tensor of a shape in order to, reading with the given distances along the
// canonical axes. Neighbouring dimensions that are read as one are joined.
func gather(shape, strides []int, to order) rt.Permute {
	var p rt.Permute
	for _, a := range to.axes(len(shape)) {
		n, s := shape[a], strides[a]
		if n == 1 {
			continue
		}
		if k := len(p.Dims) - 1; k >= 0 && p.From[k] == n*s {
			p.Dims[k], p.From[k] = p.Dims[k]*n, s
			continue
		}
		p.Dims, p.From = append(p.Dims, n), append(p.From, s)
	}
	if len(p.Dims) == 0 {
		p.Dims, p.From = []int{1}, []int{1}
	}
	return p
}

// place is where the elements of a value are.
type place struct {
	slot  Slot
	order order
}

// stored is the number of elements of the slice that holds a tensor: codes of int16 are two planes of
// bytes, all high ones and then all low ones.
func stored(t ir.Type) int {
	if t.DType == tensor.I16 && t.IsQuant() {
		return 2 * elems(t)
	}
	return elems(t)
}

// planes is p for all planes of a tensor.
func planes(t ir.Type, p rt.Permute) rt.Permute {
	if t.DType == tensor.I16 && t.IsQuant() {
		p.Dims, p.From = append([]int{2}, p.Dims...), append([]int{elems(t)}, p.From...)
	}
	return p
}

func elems(t ir.Type) int { return tensor.Elems(t.Shape) }
