package ascend_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
)

// geometry draws kernel, pads, stride and dilation for an image.
func (n *network) geometry(h, w int) (kernel []int, attrs ir.Attrs) {
	side := func(size int) (k, before, after, stride, dil int) {
		k, dil, stride = 1+n.IntN(5), 1, 1
		if n.IntN(4) == 0 {
			dil = 1 + n.IntN(3)
		}
		if n.IntN(2) == 0 {
			stride = 1 + n.IntN(3)
		}
		if n.IntN(3) > 0 {
			before, after = n.IntN(k+1), n.IntN(k+1)
			if n.IntN(8) == 0 {
				before, after = n.IntN(20), n.IntN(20)
			}
		}
		for size+before+after < (k-1)*dil+1 {
			before++
		}
		return
	}
	kh, t, b, sh, dh := side(h)
	kw, l, r, sw, dw := side(w)
	return []int{kh, kw}, ir.AttrsOf("pad", []int{t, l, b, r}, "stride", []int{sh, sw}, "dilation", []int{dh, dw})
}

// image is a constant of random codes.
func (n *network) image(shape ...int) *ir.Value {
	return n.constant(ir.Quantized(ir.PerTensor(n.scale(), n.offset()), shape...), func() int { return n.IntN(256) - 128 })
}

func (n *network) conv(x *ir.Value, group, outs int) *ir.Value {
	s := x.Type.Shape
	k, attrs := n.geometry(s[2], s[3])
	typ, clip := n.result(s[1] / group * k[0] * k[1])
	attrs = append(append(attrs, clip...), ir.AttrsOf("group", group)...)
	return n.node("q.conv2d", typ, attrs, x, n.weights(outs, s[1]/group, k[0], k[1]), n.bias(outs))
}

func TestConv(t *testing.T) {
	for seed := range uint64(45) {
		n := newNetwork(t, seed)
		c, outs := 1+n.IntN(70), 1+n.IntN(80)
		if seed%8 == 0 {
			outs += 200
		}
		n.agrees(n.conv(n.image(1+n.IntN(2), c, 1+n.IntN(14), 1+n.IntN(14)), 1, outs))
	}
}

func TestConvGroups(t *testing.T) {
	for seed := range uint64(60) {
		n := newNetwork(t, seed)
		group := 1 + n.IntN(12)
		in, out := 1+n.IntN(8), 1+n.IntN(8)
		switch seed % 6 {
		case 0: // depthwise
			group, in, out = 1+n.IntN(200), 1, 1
		case 1: // depthwise with several outputs
			group, in, out = 1+n.IntN(50), 1, 1+n.IntN(4)
		case 2:
			group, in, out = 1+n.IntN(3), 32, 32*(1+n.IntN(3))
		case 3:
			group, in, out = 1+n.IntN(3), 1+n.IntN(90), 1+n.IntN(90)
		}
		n.agrees(n.conv(n.image(1, group*in, 1+n.IntN(12), 1+n.IntN(12)), group, group*out))
	}
}

// TestConvLarge needs several pieces of the image, or several chunks of channels.
func TestConvLarge(t *testing.T) {
	for i, s := range []struct {
		shape  []int
		group  int
		outs   int
		kernel int
		pad    int
	}{
		{[]int{1, 3, 100, 170}, 1, 5, 3, 1},
		{[]int{1, 40, 75, 90}, 40, 40, 3, 1},
		{[]int{1, 700, 5, 5}, 1, 20, 5, 2},
		{[]int{1, 2200, 3, 3}, 1, 33, 3, 1},
		{[]int{2, 40, 30, 300}, 1, 7, 1, 0},
		{[]int{1, 33, 700, 100}, 1, 2, 1, 0},
		{[]int{1, 130, 3, 1200}, 1, 2, 3, 0},
	} {
		n := newNetwork(t, uint64(i))
		x := n.image(s.shape...)
		p := s.pad
		typ := ir.Quantized(ir.PerTensor(.9, 3))
		attrs := ir.AttrsOf("pad", []int{p, p, p, p}, "stride", []int{1, 1}, "dilation", []int{1, 1}, "group", s.group)
		n.agrees(n.node("q.conv2d", typ, attrs, x, n.weights(s.outs, s.shape[1]/s.group, s.kernel, s.kernel), n.bias(s.outs)))
	}
}
