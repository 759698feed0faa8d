package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// wideMap is a random map of int16 codes; every other one has an offset far from zero.
func (n *network) wideMap(scale float32) *ir.Quant {
	q := ir.PerTensor(scale, 0)
	q.Min, q.Max = -32768, 32767
	if n.IntN(2) == 0 {
		q.Offset[0] = int32(n.IntN(65536) - 32768)
	}
	return q
}

// TestWideCodes quantizes what quantization has to take care of, and the numbers around every edge of the codes, to int16 on every SoC. Their number is not one of
// whole groups of lanes.
func TestWideCodes(t *testing.T) {
	for seed := range uint64(8) {
		n := newNetwork(t, seed)
		q := n.wideMap(n.scale())
		values := special(q.Scale[0])
		for _, edge := range []int64{int64(q.Min) - int64(q.Offset[0]), int64(q.Max) - int64(q.Offset[0]), 256, -256, 32768, -32768} {
			for d := -4; d <= 4; d++ {
				values = append(values, float32((float64(edge)+float64(d)/2)*float64(q.Scale[0])))
			}
		}
		values = values[:len(values)-int(37*seed)]
		x := n.b.Param("x", ir.Float(1, len(values)))
		n.b.Func.Results = append(n.b.Func.Results, n.node("q.quantize", ir.Quantized(q), nil, x))
		for _, soc := range socs {
			if _, err := compare(n.m, soc, []*tensor.Tensor{tensor.FromF32(values, 1, len(values))}); err != nil {
				t.Fatalf("seed %d, %s: %v", seed, soc, err)
			}
		}
	}
}

// TestWideLayers has products and convolutions of int16 codes on every SoC: odd sizes, groups, results of both kinds.
func TestWideLayers(t *testing.T) {
	for seed := range uint64(8) {
		n := newNetwork(t, seed)
		result, clip := ir.Quantized(ir.PerTensor(4*n.scale(), n.offset())), ir.Attrs(nil)
		if seed%4 == 3 {
			result = ir.Float()
		} else {
			clip = n.clip()
		}
		var y *ir.Value
		if seed%2 == 0 {
			inner, outs := 1+n.IntN(70), 1+n.IntN(40)
			x := n.node("q.quantize", ir.Quantized(n.wideMap(1e-4)), nil, n.b.Param("x", ir.Float(1+n.IntN(3), inner)))
			y = n.node("q.dense", result, clip, x, n.weights(outs, inner), n.bias(outs))
		} else {
			group := 1 + n.IntN(3)
			x := n.node("q.quantize", ir.Quantized(n.wideMap(1e-4)), nil, n.b.Param("x", ir.Float(1, 5*group, 7, 9)))
			outs := 7 * group
			y = n.node("q.conv2d", result, append(clip, ir.AttrsOf("group", group, "pad", []int{1, 0, 1, 2}, "stride", []int{2, 1})...), x, n.weights(outs, 5, 3, 3), n.bias(outs))
		}
		n.b.Func.Results = append(n.b.Func.Results, y)
		in := n.inputs(1)
		for _, soc := range socs {
			if _, err := compare(n.m, soc, in); err != nil {
				t.Fatalf("seed %d, %s: %v", seed, soc, err)
			}
		}
	}
}
