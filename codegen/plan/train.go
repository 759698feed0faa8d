package plan

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// training says whether weights change from call to call.
func (b *builder) training() bool { return b.Func.Stage == ir.StageTrain }

// packedConv plans a convolution whose weights are packed in every call.
func (b *builder) packedConv(a rt.ConvPackedF32Args, dst, src, weights, bias Slot) {
	if a.Group == a.C && a.Group == a.Out {
		d := rt.DepthwisePackedF32Args{N: a.N, C: a.C, Window: a.Window}
		b.step("DepthwisePackedF32", &d, dst, src, weights, bias, b.scratch(F32, d.Scratch()))
		return
	}
	b.step("ConvPackedF32", &a, dst, src, weights, bias, b.scratch(F32, a.Scratch()))
}

func (b *builder) packedDense(n *ir.Node, a rt.DensePackedF32Args) {
	src, ws, bs := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows), b.biasSlot(n)
	b.step("DensePackedF32", &a, b.make(n.Result(), rows), src, ws, bs, b.scratch(F32, a.Scratch()))
}

// gradConvX is a convolution of the gradient, its positions spread by the strides, with the filters
// turned round.
func (b *builder) gradConvX(n *ir.Node) {
	dy, w, dx := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, b.typ(n.Result()).Shape
	win := window(n, dx, w[2], w[3])
	g := n.Int("group")
	filters := b.scratch(F32, tensor.Elems(w))
	b.step("FlipFilters", &rt.FlipFiltersArgs{Group: g, Out: w[0] / g, In: w[1], KH: w[2], KW: w[3]}, filters, b.in(n.Operands[1], pixel))
	src := b.in(n.Operands[0], pixel)
	h, v := dy[2], dy[3]
	if win.SH > 1 || win.SW > 1 {
		h, v = (dy[2]-1)*win.SH+1, (dy[3]-1)*win.SW+1
		wide := b.scratch(F32, dy[0]*dy[1]*h*v)
		b.step("Spread", &rt.SpreadArgs{N: dy[0], H: dy[2], W: dy[3], C: dy[1], SH: win.SH, SW: win.SW}, wide, src)
		src = wide
	}
	back := rt.Window{H: h, W: v, KH: win.KH, KW: win.KW, SH: 1, SW: 1, DH: win.DH, DW: win.DW,
		Top: (win.KH-1)*win.DH - win.Top, Left: (win.KW-1)*win.DW - win.Left, OutH: dx[2], OutW: dx[3]}
	b.packedConv(rt.ConvPackedF32Args{N: dy[0], C: dy[1], Out: dx[1], Group: g, Window: back}, b.make(n.Result(), pixel), src, filters, b.none(F32))
}

func (b *builder) gradConvW(n *ir.Node) {
	x, dy, k := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape, n.Ints("kernel")
	a := &rt.ConvWeightsF32Args{N: x[0], C: x[1], Out: dy[1], Group: n.Int("group"), Window: window(n, x, k[0], k[1])}
	src, grad := b.in(n.Operands[0], pixel), b.in(n.Operands[1], pixel)
	if a.Group == a.C && a.Group == a.Out {
		d := &rt.DepthwiseWeightsF32Args{N: a.N, C: a.C, Window: a.Window}
		b.step("DepthwiseWeightsF32", d, b.make(n.Result(), rows), src, grad, b.scratch(F32, d.Scratch()))
		return
	}
	b.step("ConvWeightsF32", a, b.make(n.Result(), rows), src, grad, b.scratch(F32, a.Scratch()))
}

// channels describes a value of N samples of C channels of P positions.
func (b *builder) channels(v *ir.Value) *rt.ChannelsArgs {
	s := b.typ(v).Shape
	return &rt.ChannelsArgs{N: s[0], C: s[1], P: tensor.Elems(s[2:])}
}

// byPosition gives a value in an order in which the channels of a position follow each other.
func (b *builder) byPosition(v *ir.Value) Slot {
	s := b.typ(v).Shape
	if len(s) == 4 || len(s) == 2 {
		return b.in(v, best(len(s)))
	}
	a := b.channels(v)
	to := b.scratch(F32, elems(b.typ(v)))
	b.step("PermuteF32", &rt.Permute{Dims: []int{a.N, a.P, a.C}, From: []int{a.C * a.P, 1, a.P}}, to, b.in(v, rows))
	return to
}

// madeByPosition takes memory for a value in that order; done brings it to the one it is used in.
func (b *builder) madeByPosition(v *ir.Value) (to Slot, done func()) {
	s := b.typ(v).Shape
	if len(s) == 4 || len(s) == 2 {
		return b.make(v, best(len(s))), func() {}
	}
	a := b.channels(v)
	to = b.scratch(F32, elems(b.typ(v)))
	return to, func() {
		b.step("PermuteF32", &rt.Permute{Dims: []int{a.N, a.C, a.P}, From: []int{a.C * a.P, 1, a.C}}, b.make(v, rows), to)
	}
}

func (b *builder) channelSum(n *ir.Node) {
	a := b.channels(n.Operands[0])
	src := b.byPosition(n.Operands[0])
	b.step("ChannelSum", a, b.make(n.Result(), rows), src, b.scratch(F32, a.Scratch()))
}

func (b *builder) batchNormTrain(n *ir.Node) {
	a := b.channels(n.Operands[0])
	a.Eps = n.Float("eps")
	src, gamma, beta := b.byPosition(n.Operands[0]), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows)
	mean, variance, scratch := b.make(n.Results[1], rows), b.make(n.Results[2], rows), b.scratch(F32, a.Scratch())
	b.step("BatchStatistics", a, mean, variance, src, scratch)
	to, done := b.madeByPosition(n.Result())
	b.step("BatchNormBy", a, to, src, gamma, beta, mean, variance, scratch)
	done()
}

func (b *builder) batchNormGrad(n *ir.Node) {
	a := b.channels(n.Operands[0])
	a.Eps = n.Float("eps")
	src, gamma, mean, variance, dy := b.byPosition(n.Operands[0]), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows), b.in(n.Operands[3], rows), b.byPosition(n.Operands[4])
	dgamma, dbeta := b.make(n.Results[1], rows), b.make(n.Results[2], rows)
	b.step("BatchNormSums", a, dgamma, dbeta, src, dy, mean, variance, b.scratch(F32, a.Scratch()))
	to, done := b.madeByPosition(n.Result())
	b.step("BatchNormGrad", a, to, src, dy, gamma, mean, variance, dgamma, dbeta)
	done()
}

func (b *builder) sumTo(n *ir.Node) {
	x := b.typ(n.Operands[0]).Shape
	src := b.in(n.Operands[0], rows)
	b.step("SumTo", &rt.SumToArgs{Dims: x, To: spread(n.Result().Type.Shape, rows, len(x))}, b.make(n.Result(), rows), src)
}

func (b *builder) slice(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	s := o.strides(b.typ(n.Operands[0]).Shape)
	a := gather(b.typ(n.Result()).Shape, s, o)
	start := 0
	for i, v := range n.Ints("start") {
		start += v * s[i]
	}
	b.step("SliceF32", &rt.SliceArgs{Permute: a, Start: start}, b.make(n.Result(), o), src)
}

// masked plans a gradient that passes where the source lies within bounds.
func (b *builder) masked(n *ir.Node, lo, hi float32) {
	src, o := b.any(n.Operands[0])
	grad := b.in(n.Operands[1], o)
	b.step("Mask", &rt.MaskArgs{Lo: lo, Hi: hi}, b.make(n.Result(), o), src, grad)
}

func (b *builder) reluGrad(n *ir.Node) {
	b.masked(n, math.SmallestNonzeroFloat32, float32(math.Inf(1)))
}

func (b *builder) clipGrad(n *ir.Node) { b.masked(n, n.Float("min"), n.Float("max")) }

func (b *builder) maxPoolGrad(n *ir.Node) {
	a := b.pool(n)
	src, grad := b.in(n.Operands[0], pixel), b.in(n.Operands[1], pixel)
	b.step("MaxPoolGrad", &a, b.make(n.Result(), pixel), src, grad)
}

func (b *builder) avgPoolGrad(n *ir.Node) {
	a := &rt.AvgPoolF32Args{Pool: b.pool(n)}
	if n.Bool("include_pad") {
		a.Count = a.KH * a.KW
	}
	grad := b.in(n.Operands[1], pixel)
	b.step("AvgPoolGrad", a, b.make(n.Result(), pixel), grad)
}

func (b *builder) softmaxGrad(n *ir.Node) {
	y, grad := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows)
	s, axis := b.typ(n.Operands[0]).Shape, n.Int("axis")
	b.step("SoftmaxGrad", &rt.SoftmaxF32Args{Outer: tensor.Elems(s[:axis]), N: s[axis], Inner: tensor.Elems(s[axis+1:])}, b.make(n.Result(), rows), y, grad)
}

func (b *builder) lossArgs(n *ir.Node) *rt.LossArgs {
	s := b.typ(n.Operands[0]).Shape
	return &rt.LossArgs{N: s[0], C: tensor.Elems(s[1:])}
}

func (b *builder) loss(n *ir.Node) {
	kernel := "CrossEntropy"
	if n.Op.Name == "t.mse" {
		kernel = "SquaredError"
	}
	x, target := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows)
	b.step(kernel, b.lossArgs(n), b.make(n.Result(), rows), x, target)
}

func (b *builder) crossEntropyGrad(n *ir.Node) {
	a := b.lossArgs(n)
	x, target, dy := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows)
	soft := b.scratch(F32, a.N*a.C)
	b.step("SoftmaxF32", &rt.SoftmaxF32Args{Outer: a.N, N: a.C, Inner: 1}, soft, x)
	b.step("CrossEntropyGrad", a, b.make(n.Result(), rows), soft, target, dy)
}

func (b *builder) mseGrad(n *ir.Node) {
	x, target, dy := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows)
	b.step("SquaredErrorGrad", b.lossArgs(n), b.make(n.Result(), rows), x, target, dy)
}

func boundsArgs(n *ir.Node) *rt.BoundsArgs {
	lo, hi := op.CodeEnds(n.Int("bits"))
	return &rt.BoundsArgs{Lo: lo, Hi: hi, FixedMin: n.Bool("fixed_min")}
}

func (b *builder) ulq(n *ir.Node) {
	src, o := b.any(n.Operands[0])
	hi, lo := b.in(n.Operands[1], rows), b.in(n.Operands[2], rows)
	b.step("BoundsQuantize", boundsArgs(n), b.make(n.Result(), o), src, hi, lo)
}

// ulqGrad reads position by position, the order in which the sums are defined.
func (b *builder) ulqGrad(n *ir.Node) {
	a := boundsArgs(n)
	s := b.typ(n.Operands[0]).Shape
	a.N = 1
	if len(s) > 1 {
		a.N = s[0]
	}
	read, made := b.byPosition, b.madeByPosition
	if len(s) < 2 {
		read = func(v *ir.Value) Slot { return b.in(v, rows) }
		made = func(v *ir.Value) (Slot, func()) { return b.make(v, rows), func() {} }
	}
	src, hi, lo, grad := read(n.Operands[0]), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows), read(n.Operands[3])
	dst, done := made(n.Result())
	dhi, dlo := b.make(n.Results[1], rows), b.make(n.Results[2], rows)
	b.step("BoundsGrad", a, dst, dhi, dlo, src, hi, lo, grad, b.scratch(F32, a.Scratch()))
	done()
}

func scalesArgs(n *ir.Node, groups int) *rt.ScalesArgs {
	lo, hi := op.CodeEnds(n.Int("bits"))
	return &rt.ScalesArgs{Groups: groups, Lo: lo, Hi: hi}
}

func (b *builder) lsq(n *ir.Node) {
	w, scale := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows)
	b.step("ScalesQuantize", scalesArgs(n, elems(b.typ(n.Operands[1]))), b.make(n.Result(), rows), w, scale)
}

func (b *builder) lsqGrad(n *ir.Node) {
	w, scale, dy := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows)
	dst, dscale := b.make(n.Result(), rows), b.make(n.Results[1], rows)
	b.step("ScalesGrad", scalesArgs(n, elems(b.typ(n.Operands[1]))), dst, dscale, w, scale, dy)
}

func (b *builder) heldBias(n *ir.Node) {
	src, hi, lo, scale := b.in(n.Operands[0], rows), b.in(n.Operands[1], rows), b.in(n.Operands[2], rows), b.in(n.Operands[3], rows)
	b.step("BiasQuantize", boundsArgs(n), b.make(n.Result(), rows), src, hi, lo, scale)
}

func (b *builder) arq(n *ir.Node) {
	w := b.in(n.Operands[0], rows)
	scale := b.make(n.Results[1], rows)
	a := scalesArgs(n, elems(b.typ(n.Results[1])))
	b.step("RangeScales", a, scale, w)
	b.step("ScalesQuantize", a, b.make(n.Result(), rows), w, scale)
}
