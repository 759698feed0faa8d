package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sum256File holds the sum of two rows of codes, with AVX2.
func sum256File(c *build.Context) {
	lanes := lanes256Table(c)
	function(c, "sumAVX2", "sumAVX2 is Sum.add for a multiple of 32 codes.")
	r := sumRecord
	dst, x, y, n, at := reg.RSI, reg.R8, reg.R9, reg.RDX, reg.RAX
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "x"), x)
	c.MOVQ(r.at(args, "y"), y)
	c.MOVQ(r.at(args, "n"), n)
	e := ending256{c, reg.Y15, reg.Y14, reg.Y13, reg.Y12}
	e.load(r, at)
	oa, ob, ma, mb, order := reg.Y11, reg.Y10, reg.Y9, reg.Y8, reg.Y7
	c.VPBROADCASTD(r.at(args, "oa"), oa)
	c.VPBROADCASTD(r.at(args, "ob"), ob)
	c.VPBROADCASTD(r.at(args, "ma"), ma)
	c.VPBROADCASTD(r.at(args, "mb"), mb)
	c.VMOVDQU(lanes, order)
	c.XORQ(at, at)
	c.Label("again")
	for v := range 4 {
		a, b := vector[v].AsY().(reg.VecPhysical), vector[4].AsY()
		c.VPMOVZXBD(operand.Mem{Base: x, Index: at, Scale: 1, Disp: 8 * v}, a)
		c.VPMOVZXBD(operand.Mem{Base: y, Index: at, Scale: 1, Disp: 8 * v}, b)
		c.VPSUBD(oa, a, a)
		c.VPSUBD(ob, b, b)
		c.VCVTDQ2PS(a, a)
		c.VCVTDQ2PS(b, b)
		c.VMULPS(ma, a, a)
		c.VMULPS(mb, b, b)
		c.VADDPS(b, a, a)
		e.round(a)
	}
	e.codes32(vector[:4], order)
	c.VMOVDQU(reg.Y0, operand.Mem{Base: dst, Index: at, Scale: 1})
	c.ADDQ(operand.I32(32), at)
	c.CMPQ(at, n)
	c.JLT(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}

// quantize256File holds what takes numbers to codes, with AVX2: product with r, 0 for NaN, clamp to
// least and most, codes.
func quantize256File(c *build.Context) {
	lanes := lanes256Table(c)
	function(c, "quantizeAVX2", "quantizeAVX2 is Codes.quantize for a multiple of 32 numbers.")
	r := quantizeRecord
	dst, src, n, x := reg.RSI, reg.R8, reg.RDX, reg.RAX
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "src"), src)
	c.MOVQ(r.at(args, "n"), n)
	e := ending256{c, reg.Y15, reg.Y14, reg.Y13, reg.Y12}
	e.load(r, x)
	scale, least, most, order := reg.Y11, reg.Y10, reg.Y9, reg.Y8
	c.VBROADCASTSS(r.at(args, "r"), scale)
	c.VBROADCASTSS(r.at(args, "least"), least)
	c.VBROADCASTSS(r.at(args, "most"), most)
	c.VMOVDQU(lanes, order)
	c.Label("again")
	for v := range 4 {
		a, number := vector[v].AsY(), reg.Y4
		c.VMULPS(mem(src, 32*v), scale, a)
		c.VCMPPS(operand.U8(7), a, a, number) // ordered: no NaN
		c.VPAND(number, a, a)
		c.VMAXPS(least, a, a)
		c.VMINPS(most, a, a)
		c.VCVTPS2DQ(a, a)
	}
	e.codes32(vector[:4], order)
	c.VMOVDQU(reg.Y0, mem(dst, 0))
	c.ADDQ(operand.I32(32), dst)
	c.ADDQ(operand.I32(128), src)
	c.SUBQ(operand.I32(32), n)
	c.JNZ(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}

// A channelStep is how many channels a pooling kernel takes at a time, and how.
type channelStep struct {
	channels  int
	take, put func(at operand.Mem)
}

// windows256File holds the kernels that combine the codes of a window with AVX2, channel by channel.
func windows256File(c *build.Context) {
	most := func(n int, load, store func(at operand.Mem)) channelStep {
		return channelStep{n, func(at operand.Mem) {
			load(at)
			c.VPMAXUB(reg.Y1, reg.Y0, reg.Y0)
		}, store}
	}
	windows256(c, "maxAVX2", "maxAVX2 is windows.max.", 1, []channelStep{
		most(32, func(at operand.Mem) { c.VMOVDQU(at, reg.Y1) }, func(at operand.Mem) { c.VMOVDQU(reg.Y0, at) }),
		most(8, func(at operand.Mem) { c.VMOVQ(at, reg.X1) }, func(at operand.Mem) { c.VMOVQ(reg.X0, at) }),
		most(1, func(at operand.Mem) { c.VPBROADCASTB(at, reg.X1) }, func(at operand.Mem) { c.VPEXTRB(operand.U8(0), reg.X0, at) }),
	})
	add := func() { c.VPADDD(reg.Y1, reg.Y0, reg.Y0) }
	windows256(c, "sumsAVX2", "sumsAVX2 is windows.sums.", 4, []channelStep{
		{8, func(at operand.Mem) { c.VPMOVZXBD(at, reg.Y1); add() }, func(at operand.Mem) { c.VMOVDQU(reg.Y0, at) }},
		{1, func(at operand.Mem) {
			c.MOVBLZX(at, reg.EDX)
			c.VMOVD(reg.EDX, reg.X1)
			add()
		}, func(at operand.Mem) { c.VMOVD(reg.X0, at) }},
	})
}

// windows256 emits the loops over outputs, channels in steps of the widths, rows and columns. Results
// have size bytes.
func windows256(c *build.Context, name, doc string, size uint8, widths []channelStep) {
	function(c, name, doc)
	r := windowRecord
	dst, src, n, channel := reg.RSI, reg.R8, reg.R9, reg.RAX
	row, from, rows, cols, left := reg.RBX, reg.R10, reg.R11, reg.R12, reg.R13
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "src"), src)
	c.MOVQ(r.at(args, "n"), n)
	c.Label("output")
	c.XORQ(channel, channel)
	c.MOVQ(r.at(args, "c"), left)
	for _, w := range widths {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, w.channels) }
		ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
		c.SUBQ(operand.I32(w.channels), left)
		c.JLT(ref("fewer"))
		c.Label(label("channels"))
		c.VPXOR(reg.Y0, reg.Y0, reg.Y0)
		c.LEAQ(operand.Mem{Base: src, Index: channel, Scale: 1}, row)
		c.MOVQ(r.at(args, "rows"), rows)
		c.Label(label("row"))
		c.MOVQ(row, from)
		c.MOVQ(r.at(args, "cols"), cols)
		c.Label(label("column"))
		w.take(operand.Mem{Base: from})
		c.ADDQ(r.at(args, "col"), from)
		c.DECQ(cols)
		c.JNZ(ref("column"))
		c.ADDQ(r.at(args, "row"), row)
		c.DECQ(rows)
		c.JNZ(ref("row"))
		w.put(operand.Mem{Base: dst, Index: channel, Scale: size})
		c.ADDQ(operand.I32(w.channels), channel)
		c.SUBQ(operand.I32(w.channels), left)
		c.JGE(ref("channels"))
		c.Label(label("fewer"))
		c.ADDQ(operand.I32(w.channels), left)
	}
	c.LEAQ(operand.Mem{Base: dst, Index: channel, Scale: size}, dst)
	c.ADDQ(r.at(args, "stride"), src)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("output"))
	c.VZEROUPPER()
	c.RET()
}
