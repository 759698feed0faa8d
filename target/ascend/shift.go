package ascend

import (
	"math"

	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// Shifted accumulators, clip16(floor(acc/2^N))*2^N: the low N bits are cleared, which is floor, and what is left is clamped to the ends of 16 bits, shifted.
// All of it is exact in int32, for each channel with constants of its own.

// A keep is the constants of channels that shift: what is and-ed, the least and the greatest number.
type keep struct{ mask, least, most []int32 }

// keepOf are those of the node, one for each output channel; the zero keep when it doesn't shift.
func (k *kernel) keepOf(outs int) (p keep) {
	if !op.Shifts(k.node) {
		return p
	}
	for o := range outs {
		n := op.Shift(k.node, o)
		p.mask = append(p.mask, -1<<n)
		p.least = append(p.least, math.MinInt16<<n)
		p.most = append(p.most, math.MaxInt16<<n)
	}
	return p
}

func (p keep) lists() [3][]int32 { return [3][]int32{p.mask, p.least, p.most} }

// keepBits shifts n int32 at x; the constants of as many lie at with.
func keepBits(c *code, n int, x target.VAddr, with [3]target.VAddr) {
	r := reps(n, 64)
	c.emit(
		&target.VBin{Op: target.VAnd, Type: target.U16, Dst: x, A: x, B: with[0], Rep: reps(2*n, 128)},
		&target.VBin{Op: target.VMax, Type: target.S32, Dst: x, A: x, B: with[1], Rep: r},
		&target.VBin{Op: target.VMin, Type: target.S32, Dst: x, A: x, B: with[2], Rep: r})
}

// shiftSums takes a rows x len(m) matrix of int32 sums behind a Fixpipe to the result's elements, in the symbol out.
func (k *kernel) shiftSums(sums, out string, rows int, m []float32) {
	y, constants := k.out(), []columnConstants{floatsOfColumns("m", m)}
	for _, list := range k.keepOf(len(m)).lists() {
		constants = append(constants, intsOfColumns("n", list))
	}
	k.columns(&columnPass{rows: rows, cols: len(m), from: []string{sums}, constants: constants, out: out, size: y.Type.Size(), work: 2,
		compute: func(c *code, n int, in []int, with []target.VAddr, out int, work []int) {
			keepBits(c, n, target.V(in[0]), [3]target.VAddr(with[1:]))
			if y.Type == target.F32 {
				scaled(c, n, in[0], out, with[0])
				return
			}
			scaled(c, n, in[0], work[0], with[0])
			k.fin(c, n, work[0], work[1], out, y.Quant, k.node.Ints("clip"))
		}})
}

// denseShifted is the matrix product whose sums leave a Fixpipe as they are.
func (k *kernel) denseShifted(x, y tensorGM, a *accumulation) {
	inner := x.Dims[len(x.Dims)-1]
	rows := x.Elems() / inner
	m := a.factors()
	p := k.denseProduct(k.rowMajor(x, "x"), rows, inner, a.raw())
	sums := p.into(k.scratch("acc", target.S32, target.ND, rows, a.outs), 4)
	k.phase()
	k.fromRowMajor(func(sym string) { k.shiftSums(sums, sym, rows, m) })
}

// convShifted is the convolution whose sums leave a Fixpipe as they are.
func (k *kernel) convShifted(win *op.Window, x, y tensorGM, a *accumulation) {
	outs := y.Dims[1]
	rows := y.Dims[0] * win.OutH * win.OutW
	m := a.factors()
	sums := k.convSums(k.convProduct(win, x, a.raw(), false), win, k.scratch("acc", target.S32, target.ND, rows, outs))
	k.phase()
	last := k.scratch("nhwc", y.Type, target.ND, y.Dims[0], win.OutH, win.OutW, outs)
	k.shiftSums(sums, last, rows, m)
	k.phase()
	k.fromPixels(last, y)
}

// factors are m of requantize, or d of dequantize accumulator, for each channel.
func (a *accumulation) factors() []float32 {
	if a.scale != nil {
		return a.scale
	}
	return a.factor
}

// raw is the accumulation whose sums leave the cube as int32.
func (a *accumulation) raw() *accumulation {
	b := *a
	b.word, b.clip, b.relu, b.same, b.scale = nil, nil, false, false, make([]float32, a.outs)
	return &b
}
