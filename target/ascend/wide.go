package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// Codes of int16 lie row-major in 16-bit elements. A layer parts each code q = 256*h + l into the bytes h and l-128, whose sums the cube finds one after the
// other; the vector unit takes both sums to the result. Parts without Fixpipe multiply each sum when it leaves L0C, and part and join lanes by lanes.go.

// quantizeWide takes float32 to codes of int16.
func (k *kernel) quantizeWide(x, y tensorGM) {
	if !k.fixpipe() {
		k.quantizeParted(x, y, op.Reciprocal(y.Scale()))
		return
	}
	q, o := y.Quant, y.Offset()
	k.elementwise(x.Elems(), []strip{x.strip()}, y.strip(), 4, func(c *code, n int, in []int, out, work int) {
		r, f, v := reps(n, 64), target.V(work), target.V(out)
		c.emit(
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: f, A: target.V(in[0]), Imm: target.ImmF32(op.Reciprocal(y.Scale())), Rep: r},
			&target.VScalar{Op: target.VMaxs, Type: target.F32, Dst: f, A: f, Imm: target.ImmF32(float32(q.Min - o)), Rep: r},
			&target.VScalar{Op: target.VMins, Type: target.F32, Dst: f, A: f, Imm: target.ImmF32(float32(q.Max - o)), Rep: r},
			&target.VCast{To: target.S32, From: target.F32, Round: target.RoundRint, Dst: f, A: f, Rep: r},
			&target.VScalar{Op: target.VAdds, Type: target.S32, Dst: f, A: f, Imm: target.ImmInt(target.S32, int(o)), Rep: r},
			&target.VCast{To: target.S16, From: target.S32, Dst: v.Strides(1, 4), A: f, Rep: r})
	})
}

// halves parts the codes of x into two symbols of row-major bytes: h, and l-128.
func (k *kernel) halves(x tensorGM) (high, low string) {
	high, low = k.scratch("high", target.S8, target.ND, x.Dims...), k.scratch("low", target.S8, target.ND, x.Dims...)
	if !k.fixpipe() {
		k.partHalf(x, high, true)
		k.phase()
		k.partHalf(x, low, false)
		k.phase()
		return high, low
	}
	k.elementwise(x.Elems(), []strip{x.strip()}, strip{target.In(high, 0), 1}, 2, func(c *code, n int, in []int, out, work int) {
		c.emit(&target.VScalar{Op: target.VShr, Type: target.S16, Dst: target.V(work), A: target.V(in[0]), Imm: 8, Rep: reps(n, 128)})
		k.narrow(c, n, work, out)
	})
	k.phase()
	k.elementwise(x.Elems(), []strip{x.strip()}, strip{target.In(low, 0), 1}, 4, func(c *code, n int, in []int, out, work int) {
		r, v, mask := reps(n, 128), target.V(work), target.V(work+2*up(n, 128))
		c.emit(
			&target.VDup{Type: target.S16, Dst: mask, Imm: target.ImmInt(target.S16, 255), Rep: r},
			&target.VBin{Op: target.VAnd, Type: target.S16, Dst: v, A: target.V(in[0]), B: mask, Rep: r},
			&target.VScalar{Op: target.VAdds, Type: target.S16, Dst: v, A: v, Imm: target.ImmInt(target.S16, -128), Rep: r})
		k.narrow(c, n, work, out)
	})
	k.phase()
	return high, low
}

// wideSums are the accumulations of both halves. Their scales are the factors of low sums; where the vector unit multiplies on the way out, those of high sums
// are 256 times as large.
func (k *kernel) wideSums(x tensorGM) (high, low *accumulation) {
	h, l := op.SplitCode(x.Offset())
	bias := k.node.Operands[2].Const.Data.I32
	high, low = k.sums(int(h), make([]int32, len(bias))), k.sums(int(l)-128, bias)
	high.scale, low.scale = k.wideFactors(x), k.wideFactors(x)
	if !k.fixpipe() {
		for i := range high.scale {
			high.scale[i] = float32(high.scale[i] * 256)
		}
	}
	return high, low
}

// partType is what leaves L0C of the sums of halves: int32 through a Fixpipe, their multiples without one.
func (k *kernel) partType() target.Type {
	if k.fixpipe() {
		return target.S32
	}
	return target.F32
}

// wideFactors are m of requantize or d of dequantize accumulator, for each channel.
func (k *kernel) wideFactors(x tensorGM) []float32 {
	y, wq := k.out(), k.node.Operands[1].Type
	m := make([]float32, wq.Shape[0])
	for o := range m {
		if s, _ := wq.Quant.At(o); y.Type == target.F32 {
			m[o] = op.DequantScale(k.node, x.Scale(), s)
		} else {
			m[o] = op.WideMultiplier(x.Scale(), s, y.Scale())
		}
	}
	return m
}

// denseWide is the matrix product of int16 codes.
func (k *kernel) denseWide(x, y tensorGM) {
	high, low := k.wideSums(x)
	inner := x.Dims[len(x.Dims)-1]
	rows := x.Elems() / inner
	h, l := k.halves(x)
	sum := func(name, from string, a *accumulation) string {
		s := k.denseProduct(from, rows, inner, a).into(k.scratch(name, k.partType(), target.ND, rows, a.outs), 4)
		k.phase()
		return s
	}
	sh, sl := sum("acch", h, high), sum("accl", l, low)
	k.fromRowMajor(func(sym string) { k.joinSums(sh, sl, sym, rows, high.scale) })
}

// convWide is the convolution of int16 codes. Its result is found as pixels by channels and then turned into planes.
func (k *kernel) convWide(win *op.Window, x, y tensorGM) {
	high, low := k.wideSums(x)
	outs, pixels := y.Dims[1], win.OutH*win.OutW
	rows := y.Dims[0] * pixels
	h, l := k.halves(x)
	sum := func(name, from string, a *accumulation) string {
		image := tensorGM{Sym: k.scratch(name+".image", target.S8, target.NC1HWC0, x.Dims...), Type: target.S8, Layout: target.NC1HWC0, Dims: x.Dims}
		k.fromND(from, image)
		k.phase()
		s := k.convSums(k.convProduct(win, image, a, false), win, k.scratch(name, k.partType(), target.ND, rows, outs))
		k.phase()
		return s
	}
	sh, sl := sum("acch", h, high), sum("accl", l, low)
	last := k.scratch("nhwc", y.Type, target.ND, y.Dims[0], win.OutH, win.OutW, outs)
	k.joinSums(sh, sl, last, rows, high.scale)
	k.phase()
	k.fromPixels(last, y)
}

// fromPixels makes y, planes or row-major, from the symbol last, pixels by channels.
func (k *kernel) fromPixels(last string, y tensorGM) {
	outs, pixels := y.Dims[1], y.Dims[2]*y.Dims[3]
	if size := y.Type.Size(); y.Layout == target.ND {
		k.move(box{y.Sym, 0, []int{outs * pixels * size, pixels * size, size, 1}}, box{last, 0, []int{pixels * outs * size, size, outs * size, 1}},
			[]int{y.Dims[0], outs, pixels, size})
		return
	}
	if outs%32 != 0 { // channels beyond the last are bytes of no meaning, but defined
		k.fill(y.Sym, 0, y.Bytes())
		k.phase()
	}
	for c := 0; c < outs; c += 32 {
		k.move(box{y.Sym, c / 32 * y.Plane(), []int{y.C1() * y.Plane(), 32, 1}}, box{last, c, []int{pixels * outs, outs, 1}}, []int{y.Dims[0], pixels, min(32, outs-c)})
		k.phase()
	}
}

// joinSums takes a rows x len(m) matrix of pairs of int32 sums to the result's elements, in the symbol out.
func (k *kernel) joinSums(high, low, out string, rows int, m []float32) {
	if !k.fixpipe() {
		k.addParts(high, low, out, rows*len(m))
		return
	}
	y := k.out()
	highs := make([]float32, len(m))
	for i, f := range m {
		highs[i] = float32(f * 256)
	}
	k.columns(&columnPass{rows: rows, cols: len(m), from: []string{high, low}, constants: []columnConstants{floatsOfColumns("m", highs), floatsOfColumns("m", m)},
		out: out, size: y.Type.Size(), work: 2,
		compute: func(c *code, n int, in []int, with []target.VAddr, out int, work []int) {
			for j := range work {
				scaled(c, n, in[j], work[j], with[j])
			}
			to := work[0]
			if y.Type != target.S8 {
				to = out
			}
			c.emit(&target.VBin{Op: target.VAdd, Type: target.F32, Dst: target.V(to), A: target.V(work[0]), B: target.V(work[1]), Rep: reps(n, 64)})
			if y.Type == target.S8 {
				k.fin(c, n, work[0], work[1], out, y.Quant, k.node.Ints("clip"))
			}
		}})
}
