package plan

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/runtime/rt"
)

func (b *builder) pool(n *ir.Node) rt.Pool {
	x, k := b.typ(n.Operands[0]).Shape, n.Ints("kernel")
	return rt.Pool{N: x[0], C: x[1], Window: window(n, x, k[0], k[1])}
}

func (b *builder) maxPool(n *ir.Node) {
	a := b.pool(n)
	src := b.in(n.Operands[0], pixel)
	dst := b.make(n.Result(), pixel)
	b.step(typed(b.Kind(dst), "MaxPoolU8", "MaxPoolF32"), &a, dst, src)
}

func (b *builder) avgPool(n *ir.Node) {
	a := &rt.AvgPoolF32Args{Pool: b.pool(n)}
	if n.Bool("include_pad") {
		a.Count = a.KH * a.KW
	}
	src := b.in(n.Operands[0], pixel)
	b.step("AvgPoolF32", a, b.make(n.Result(), pixel), src)
}

func (b *builder) qavgPool(n *ir.Node) {
	x, y := n.Operands[0].Type, n.Result().Type
	a := &rt.AvgPoolCodesArgs{Pool: b.pool(n), Zero: zero(x), Codes: codes(y, n.Ints("clip"))}
	a.Counts = counts(&a.Window)
	for _, c := range a.Counts {
		if n.Bool("include_pad") {
			c = a.KH * a.KW
		}
		a.M = append(a.M, op.MeanScale(x.Quant.Scale[0], y.Quant.Scale[0], c))
	}
	src := b.in(n.Operands[0], pixel)
	b.step("AvgPoolCodes", a, b.make(n.Result(), pixel), src)
}

// counts are the numbers of taps that windows have inside, ascending.
func counts(w *rt.Window) []int {
	axis := func(out, k, s, d, before, size int) []int {
		var ns []int
		for o := range out {
			n := 0
			for t := range k {
				if p := o*s - before + t*d; p >= 0 && p < size {
					n++
				}
			}
			ns = append(ns, n)
		}
		slices.Sort(ns)
		return slices.Compact(ns)
	}
	var out []int
	for _, v := range axis(w.OutH, w.KH, w.SH, w.DH, w.Top, w.H) {
		for _, h := range axis(w.OutW, w.KW, w.SW, w.DW, w.Left, w.W) {
			out = append(out, v*h)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
