package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var sumRecord = record{"dst", "x", "y", "n", "oa", "ob", "ma", "mb", "zero", "lo", "hi"}

// sumFile holds the sum of two rows of codes.
func sumFile(c *build.Context) {
	lanes := lanesTable(c)
	function(c, "sumAVX512", "sumAVX512 is Sum.add, 64 codes at a time.")
	r := sumRecord
	dst, x, y, n, at := reg.RSI, reg.R8, reg.R9, reg.RDX, reg.RAX
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "x"), x)
	c.MOVQ(r.at(args, "y"), y)
	c.MOVQ(r.at(args, "n"), n)
	e := ending{c, vector[27], vector[28], vector[29], vector[30], vector[31], lanes}
	e.load(r, at)
	oa, ob, ma, mb := vector[20], vector[21], vector[22], vector[23]
	c.VPBROADCASTD(r.at(args, "oa"), oa)
	c.VPBROADCASTD(r.at(args, "ob"), ob)
	c.VPBROADCASTD(r.at(args, "ma"), ma)
	c.VPBROADCASTD(r.at(args, "mb"), mb)
	masks := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
	for _, k := range masks {
		c.KXNORQ(k, k, k)
	}
	c.XORQ(at, at)
	c.Label("again")
	c.CMPQ(n, operand.U8(64))
	c.JGE(operand.LabelRef("whole"))
	lowBits(c, n, reg.RCX, reg.R12, reg.K1)
	for i := 1; i < 4; i++ {
		c.KSHIFTRQ(operand.U8(16), masks[i-1], masks[i])
	}
	c.Label("whole")
	for v := range 4 {
		a, b := vector[v], vector[4+v]
		c.VPMOVZXBD_Z(operand.Mem{Base: x, Index: at, Scale: 1, Disp: 16 * v}, masks[v], a)
		c.VPMOVZXBD_Z(operand.Mem{Base: y, Index: at, Scale: 1, Disp: 16 * v}, masks[v], b)
		c.VPSUBD(oa, a, a)
		c.VPSUBD(ob, b, b)
		c.VCVTDQ2PS(a, a)
		c.VCVTDQ2PS(b, b)
		c.VMULPS(ma, a, a)
		c.VMULPS(mb, b, b)
		c.VADDPS(b, a, a)
		e.round(a)
	}
	e.codes(vector[:4])
	c.VMOVDQU8(vector[0], reg.K1, operand.Mem{Base: dst, Index: at, Scale: 1})
	c.ADDQ(operand.I32(64), at)
	c.SUBQ(operand.I32(64), n)
	c.JG(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}
