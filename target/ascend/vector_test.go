package ascend_test

import (
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// quantized is a random int8 element type.
func (n *network) quantized() ir.Type {
	return ir.Quantized(ir.PerTensor(n.scale(), n.offset()))
}

func (n *network) clip() ir.Attrs {
	if n.IntN(2) == 0 {
		return nil
	}
	lo := n.IntN(256) - 128
	return ir.AttrsOf("clip", []int{lo, lo + n.IntN(128-lo)})
}

// shape is of rank 1 to 5, often 4, with odd sizes.
func (n *network) shape() []int {
	if n.IntN(2) == 0 {
		return []int{1 + n.IntN(2), 1 + n.IntN(70), 1 + n.IntN(12), 1 + n.IntN(12)}
	}
	var s []int
	for range 1 + n.IntN(5) {
		s = append(s, 1+n.IntN(9))
	}
	return s
}

// special are floats at which quantization has to take care.
func special(scale float32) []float32 {
	inf := float32(math.Inf(1))
	v := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 1e-39, -1e-39}
	for i := -300; i < 300; i++ {
		tie := float32((float64(i) + .5) * float64(scale))
		v = append(v, tie, math.Nextafter32(tie, inf), math.Nextafter32(tie, -inf), float32(float64(i)*float64(scale)))
	}
	return v
}

func TestQuantize(t *testing.T) {
	for seed := range uint64(20) {
		n := newNetwork(t, seed)
		typ := n.quantized()
		values := special(typ.Quant.Scale[0])
		shape := []int{1, len(values)}
		if seed%2 == 0 {
			shape = []int{1, len(values) / 16, 4, 4}
			values = values[:tensor.Elems(shape)]
		}
		if seed == 7 {
			typ = ir.Quantized(ir.PerTensor(1e-38, 3))
		}
		x := n.b.Param("x", ir.Float(shape...))
		q := n.node("q.quantize", typ, nil, x)
		n.b.Func.Results = append(n.b.Func.Results, n.node("q.dequantize", ir.Type{}, nil, q))
		for _, soc := range socs {
			if _, err := compare(n.m, soc, []*tensor.Tensor{tensor.FromF32(values, shape...)}); err != nil {
				t.Fatalf("%s: %v", soc, err)
			}
		}
	}
}

func TestRescale(t *testing.T) {
	for seed := range uint64(20) {
		n := newNetwork(t, seed)
		n.agrees(n.node("q.rescale", n.quantized(), n.clip(), n.codes("x", n.scale(), n.offset(), n.shape()...)))
	}
}

func TestBinary(t *testing.T) {
	for seed := range uint64(60) {
		n := newNetwork(t, seed)
		shape := n.shape()
		if seed%10 == 0 {
			shape = []int{1, 40, 30, 50}
		}
		a := n.codes("a", n.scale(), n.offset(), shape...)
		b := a
		switch n.IntN(3) {
		case 0:
			b = n.codes("b", n.scale(), n.offset(), shape...)
		case 1:
			from := append([]int(nil), shape[n.IntN(len(shape)):]...)
			for i := range from {
				if n.IntN(2) == 0 {
					from[i] = 1
				}
			}
			b = n.image(from...)
			if n.IntN(2) == 0 {
				a, b = b, a
			}
		}
		n.agrees(n.node([]string{"q.add", "q.mul"}[seed%2], n.quantized(), n.clip(), a, b))
	}
}

func TestPool(t *testing.T) {
	for seed := range uint64(64) {
		n := newNetwork(t, seed)
		h, w := 1+n.IntN(14), 1+n.IntN(14)
		switch seed % 16 {
		case 3:
			h, w = 40+n.IntN(20), 60+n.IntN(20)
		case 7:
			w = 200 + n.IntN(150)
		case 5:
			w = 150 + n.IntN(50)
		}
		x := n.image(1+n.IntN(2), 1+n.IntN(70), h, w)
		kernel, attrs := n.geometry(h, w)
		if seed%16 == 7 { // strides that no repeat can take
			attrs = ir.AttrsOf("pad", []int{0, 0, 0, 0}, "stride", []int{1, 9 + n.IntN(20)}, "dilation", []int{1, 1})
			kernel = []int{1, 1}
		}
		if seed%4 == 1 {
			kernel = []int{h, w}
			attrs = ir.AttrsOf("pad", []int{0, 0, 0, 0}, "stride", []int{1, 1}, "dilation", []int{1, 1})
		}
		attrs = append(attrs, ir.AttrsOf("kernel", kernel)...)
		name, typ := "nn.max_pool2d", ir.Type{}
		if seed%2 == 1 {
			attrs = append(append(attrs, n.clip()...), ir.AttrsOf("include_pad", n.IntN(2) == 0)...)
			name, typ = "q.avg_pool2d", ir.Quantized(ir.PerTensor(x.Type.Quant.Scale[0]*.8, n.offset()))
		}
		if y := n.try(name, typ, attrs, x); y != nil { // a window wholly in the padding is refused
			n.agrees(y)
		}
	}
}

// TestPoolLarge needs several steps for one output row.
func TestPoolLarge(t *testing.T) {
	for i, s := range [][]int{{1, 33, 40, 90}, {1, 2, 300, 30}} {
		for _, name := range []string{"nn.max_pool2d", "q.avg_pool2d"} {
			n := newNetwork(t, uint64(i))
			x := n.image(s...)
			attrs := ir.AttrsOf("pad", []int{0, 0, 0, 0}, "stride", []int{1, 1}, "dilation", []int{1, 1}, "kernel", s[2:])
			typ := ir.Type{}
			if name[0] == 'q' {
				typ = ir.Quantized(ir.PerTensor(x.Type.Quant.Scale[0], 5))
			}
			n.agrees(n.node(name, typ, attrs, x))
		}
	}
}

func TestReshape(t *testing.T) {
	for seed := range uint64(20) {
		n := newNetwork(t, seed)
		c, h, w := 1+n.IntN(70), 1+n.IntN(50), 1+n.IntN(50)
		x := n.codes("x", 1, 0, 1, c, h, w)
		x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{1, h, c, w}), x)
		x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{c, h * w}), x)
		x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{c * h, w}), x)
		if seed%4 > 0 {
			x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{1, w, h, c}), x)
		} else {
			x = n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{-1}), x)
		}
		n.agrees(x)
	}
}

// TestReshapedResult returns row-major codes under another shape: a copy by the cores.
func TestReshapedResult(t *testing.T) {
	for seed := range uint64(8) {
		n := newNetwork(t, seed)
		a, b := 1+n.IntN(300), 1+n.IntN(300)
		x := n.codes("x", 1, 0, a, b)
		for soc, r := range n.agreesOnCores(n.node("nn.reshape", ir.Type{}, ir.AttrsOf("shape", []int{b, a}), x)) {
			if r.Host != 0 {
				t.Errorf("%s: %d host steps", soc, r.Host)
			}
		}
	}
}
