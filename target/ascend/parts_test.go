package ascend_test

import (
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// sums are accumulators at which a conversion to float32 has to take care: around powers of two, their ties, and the ends of the range.
func sums(most int64) []int32 {
	var v []int32
	add := func(x int64) {
		for _, s := range []int64{x, -x} {
			if s >= -most && s <= most && s >= math.MinInt32 && s <= math.MaxInt32 {
				v = append(v, int32(s))
			}
		}
	}
	for e := range 32 {
		for d := int64(-3); d <= 3; d++ {
			add(1<<e + d)
			add(1<<e + 1<<max(0, e-24) + d)
			add(3<<max(0, e-1) + 1<<max(0, e-25) + d)
		}
	}
	for x := int64(0); x < 1<<31; x += 9_999_991 {
		add(x)
	}
	for d := range int64(40) {
		add(most - d)
		add(32760<<16 + d - 20)
		add(32760<<16 + 64*(2*d+1)) // ties
		add(1<<31 - 64*(2*d+1))
		add(1<<31 - 1 - d)
	}
	return v
}

// TestSums takes given sums out of the cube: weights are zero, so that the bias is the sum.
func TestSums(t *testing.T) {
	for _, most := range []int64{100, 1<<22 - 1, 1 << 22, 1<<22 + 5, 1 << 27, 32760 << 16, 1 << 31} {
		for result := range 3 {
			n := newNetwork(t, uint64(most))
			n.parts = socs
			values := sums(most)
			w := n.constant(ir.Quantized(ir.PerTensor(0.01, 0), len(values), 1), func() int { return 0 })
			i := -1
			b := n.constant(ir.TensorType(tensor.I32, len(values)), func() int { i++; return int(values[i]) })
			x := n.codes("x", 1, 0, 3, 1)
			typ, attrs := ir.Float(), ir.Attrs(nil)
			if result > 0 { // sums of the middle become codes that differ
				typ = ir.Quantized(ir.PerTensor(float32(math.Ldexp(1, -2-7*result)*float64(most)/100), n.offset()))
				attrs = n.clip()
			}
			n.agrees(n.node("q.dense", typ, attrs, x, w, b))
		}
	}
}
