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
	const perElem = 4*4 + 2*4 + 2*4 + 2*4 // factors and limits, sums twice, a number and a half, results twice
	y, shift := k.out(), k.keepOf(len(m)).lists()
	size := y.Type.Size()
	widest := min(8128, (k.room(target.UB)-32*12)/perElem/64*64) // elements of a tile
	cols := len(m)
	c := k.vector
	for from := 0; from < cols; from += widest {
		width := min(widest, cols-from)
		deep := 1 // rows of a tile; several only where they are contiguous
		if width == cols {
			deep = max(1, min(rows, widest/cols))
		}
		n := deep * width
		k.free()
		bring := func(name string, typ target.Type, bytes []byte) int {
			at := k.take(target.UB, 4*n)
			sym := k.data(name, typ, target.ND, []int{n}, bytes)
			c.emit(&target.PadCopy{Dst: target.At(target.UB, at), Src: target.In(sym, 0), Type: target.F32, Count: 1, Len: 4 * n})
			return at
		}
		factors := bring("m", target.F32, bytesF32(repeat(m[from:from+width], deep)))
		var with [3]target.VAddr
		for i, list := range shift {
			with[i] = target.V(bring("n", target.S32, bytesS32(repeat(list[from:from+width], deep))))
		}
		var in, res [2]int
		for b := range 2 {
			in[b], res[b] = k.take(target.UB, 4*n), k.take(target.UB, size*n)
		}
		number, half := k.take(target.UB, 4*n), k.take(target.UB, 4*n)
		block := func(first, tiles, n int) {
			at := first*deep*cols + from
			k.pipeline(c, tiles,
				func(c *code, b int, i index) {
					c.emit(&target.PadCopy{Dst: target.At(target.UB, in[b]), Src: i.at(target.In(sums, 4*at), 4*deep*cols), Type: target.F32, Count: 1, Len: 4 * n})
				},
				func(c *code, b int, _ index) {
					r, to := reps(n, 64), number
					if size == 4 {
						to = res[b]
					}
					keepBits(c, n, target.V(in[b]), with)
					c.emit(
						&target.VCast{To: target.F32, From: target.S32, Round: target.RoundRint, Dst: target.V(to), A: target.V(in[b]), Rep: r},
						&target.VBin{Op: target.VMul, Type: target.F32, Dst: target.V(to), A: target.V(to), B: target.V(factors), Rep: r})
					if size == 1 {
						k.fin(c, n, number, half, res[b], y.Quant, k.node.Ints("clip"))
					}
				},
				func(c *code, b int, i index) {
					c.emit(&target.PadCopy{Dst: i.at(target.In(out, size*at), size*deep*cols), Src: target.At(target.UB, res[b]), Type: target.S8, Count: 1, Len: size * n})
				})
		}
		block(0, rows/deep, n)
		if rest := rows % deep; rest > 0 {
			block(rows/deep, 1, rest*cols)
		}
	}
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
