package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
)

// sizes are channel counts around a block of 32.
var sizes = []int{1, 3, 17, 31, 32, 33, 64, 70}

func (n *network) size() int { return sizes[n.IntN(len(sizes))] }

func TestConcat(t *testing.T) {
	for seed := range uint64(40) {
		n := newNetwork(t, seed)
		s, o := n.scale(), n.offset()
		shape := []int{1 + n.IntN(2), n.size(), 1 + n.IntN(9), 1 + n.IntN(9)}
		axis := n.IntN(4)
		if n.IntN(4) == 0 {
			shape = []int{1 + n.IntN(3), n.size()}
			axis = n.IntN(2)
		}
		var parts []*ir.Value
		for i := range 2 + n.IntN(3) {
			d := append([]int{}, shape...)
			d[axis] = 1 + n.IntN(5)
			if axis == 1 {
				d[1] = n.size()
			}
			parts = append(parts, n.codes(string(rune('a'+i)), s, o, d...))
		}
		n.agrees(n.node("nn.concat", ir.Type{}, ir.AttrsOf("axis", axis), parts...))
	}
}

func TestPad(t *testing.T) {
	for seed := range uint64(40) {
		n := newNetwork(t, seed)
		x := n.codes("x", n.scale(), n.offset(), 1+n.IntN(2), n.size(), 1+n.IntN(30), 1+n.IntN(40))
		pad := []int{0, 0, n.IntN(3), n.IntN(3), 0, 0, n.IntN(3), 1 + n.IntN(3)}
		if n.IntN(3) == 0 {
			pad[1], pad[5] = n.IntN(3), n.IntN(40)
		}
		n.agrees(n.node("nn.pad", ir.Type{}, ir.AttrsOf("pad", pad, "value", float32(n.NormFloat64())), x))
	}
}

func TestTranspose(t *testing.T) {
	for seed := range uint64(40) {
		n := newNetwork(t, seed)
		rank := 2 + n.IntN(4)
		var shape []int
		for range rank {
			shape = append(shape, 1+n.IntN(12))
		}
		shape[n.IntN(rank)] = n.size()
		x := n.codes("x", n.scale(), n.offset(), shape...)
		n.agrees(n.node("nn.transpose", ir.Type{}, ir.AttrsOf("perm", n.Perm(rank)), x))
	}
}

// TestMoveLarge moves more than a tile of UB holds.
func TestMoveLarge(t *testing.T) {
	n := newNetwork(t, 1)
	x := n.codes("x", .5, 3, 1, 6, 200, 150)
	n.agrees(n.node("nn.transpose", ir.Type{}, ir.AttrsOf("perm", []int{0, 3, 2, 1}), x))
	n = newNetwork(t, 2)
	x, y := n.codes("x", .5, 3, 2, 80000), n.codes("y", .5, 3, 2, 70000)
	n.agrees(n.node("nn.concat", ir.Type{}, ir.AttrsOf("axis", 1), x, y))
}
