package op

import (
	"github.com/amctc/amctc/ir"
)

// A Window is the geometry of a two-dimensional sliding window: convolution and pooling.
type Window struct {
	KH, KW        int // kernel
	SH, SW        int // stride
	DH, DW        int // dilation
	Top, Left     int // padding
	Bottom, Right int
	H, W          int // input
	OutH, OutW    int
}

// Inside calls f for the taps of output (oy, ox) that lie inside the input, in ascending
// (kernel row, kernel column) order.
func (w *Window) Inside(oy, ox int, f func(ky, kx, y, x int)) {
	for ky := range w.KH {
		y := oy*w.SH - w.Top + ky*w.DH
		if y < 0 || y >= w.H {
			continue
		}
		for kx := range w.KW {
			x := ox*w.SW - w.Left + kx*w.DW
			if x < 0 || x >= w.W {
				continue
			}
			f(ky, kx, y, x)
		}
	}
}

// Count is the number of taps of output (oy, ox) inside the input.
func (w *Window) Count(oy, ox int) int {
	n := 0
	w.Inside(oy, ox, func(_, _, _, _ int) { n++ })
	return n
}

// WindowOf reads the geometry from a node with attributes pad [top, left, bottom, right], stride
// and optionally dilation, an input of shape NCHW and a kernel [kh, kw]. The message is empty
// when the geometry is possible.
func WindowOf(n *ir.Node, in []int, kh, kw int) (w Window, problem string) {
	pad, stride := n.Ints("pad"), n.Ints("stride")
	dil := n.Ints("dilation")
	if len(pad) != 4 || len(stride) != 2 || len(dil) != 2 {
		return w, "pad needs 4 numbers, stride and dilation 2"
	}
	w = Window{KH: kh, KW: kw, SH: stride[0], SW: stride[1], DH: dil[0], DW: dil[1],
		Top: pad[0], Left: pad[1], Bottom: pad[2], Right: pad[3], H: in[2], W: in[3]}
	if w.SH < 1 || w.SW < 1 || w.DH < 1 || w.DW < 1 || kh < 1 || kw < 1 {
		return w, "kernel, stride and dilation must be positive"
	}
	const limit = 1 << 20
	for _, v := range []int{kh, kw, w.SH, w.SW, w.DH, w.DW, w.Top, w.Left, w.Bottom, w.Right} {
		if v < 0 || v > limit {
			return w, "pads must be nonnegative and every number at most 2^20"
		}
	}
	h := w.H + w.Top + w.Bottom - ((kh-1)*w.DH + 1)
	v := w.W + w.Left + w.Right - ((kw-1)*w.DW + 1)
	if h < 0 || v < 0 {
		return w, "the kernel is larger than the padded input"
	}
	w.OutH, w.OutW = h/w.SH+1, v/w.SW+1
	return w, ""
}

var (
	padAttr      = ir.AttrDef{Name: "pad", Kind: ir.AttrInts, Default: []int{0, 0, 0, 0}, Doc: "top, left, bottom, right"}
	strideAttr   = ir.AttrDef{Name: "stride", Kind: ir.AttrInts, Default: []int{1, 1}, Doc: "vertical, horizontal"}
	dilationAttr = ir.AttrDef{Name: "dilation", Kind: ir.AttrInts, Default: []int{1, 1}, Doc: "vertical, horizontal"}
)
