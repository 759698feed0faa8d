package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	quantizeRecord   = record{"dst", "src", "n", "r", "least", "most", "zero", "lo", "hi"}
	interleaveRecord = record{"dst", "a", "b", "c", "n"}
)

// quantizeFile holds what takes numbers to codes.
func quantizeFile(c *build.Context) {
	quantize512(c, lanesTable(c))
	interleave3(c)
}

// quantize512 takes 64 numbers at a time: product with r, 0 for NaN, clamp to least and most, codes.
func quantize512(c *build.Context, lanes operand.Mem) {
	function(c, "quantizeAVX512", "quantizeAVX512 is Codes.quantize, 64 numbers at a time.")
	r := quantizeRecord
	dst, src, n, x := reg.RSI, reg.R8, reg.RDX, reg.RAX
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "src"), src)
	c.MOVQ(r.at(args, "n"), n)
	e := ending{c, vector[27], vector[28], vector[29], vector[30], vector[31], lanes}
	e.load(r, x)
	scale, least, most := vector[20], vector[21], vector[22]
	c.VBROADCASTSS(r.at(args, "r"), scale)
	c.VBROADCASTSS(r.at(args, "least"), least)
	c.VBROADCASTSS(r.at(args, "most"), most)
	masks := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
	for _, k := range masks {
		c.KXNORQ(k, k, k)
	}
	c.Label("again")
	c.CMPQ(n, operand.U8(64))
	c.JGE(operand.LabelRef("whole"))
	lowBits(c, n, reg.RCX, reg.R12, reg.K1)
	for i := 1; i < 4; i++ {
		c.KSHIFTRQ(operand.U8(16), masks[i-1], masks[i])
	}
	c.Label("whole")
	for v := range 4 {
		a := vector[v]
		c.VMOVUPS_Z(mem(src, 64*v), masks[v], a)
		c.VMULPS(scale, a, a)
		c.VCMPPS(operand.U8(7), a, a, reg.K5) // ordered: no NaN
		c.VMAXPS_Z(least, a, reg.K5, a)
		c.VMINPS(most, a, a)
		c.VCVTPS2DQ(a, a)
	}
	e.codes(vector[:4])
	c.VMOVDQU8(vector[0], reg.K1, mem(dst, 0))
	c.ADDQ(operand.I32(64), dst)
	c.ADDQ(operand.I32(256), src)
	c.SUBQ(operand.I32(64), n)
	c.JG(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}

// interleave3 brings three planes together, 16 positions at a time: byte b of the 48 is position b/3
// of plane b%3.
func interleave3(c *build.Context) {
	table := c.StaticGlobal("planes")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for part := range 3 {
		for plane := range 3 {
			for b := range 16 {
				at := 16*part + b
				v := uint8(0x80) // no byte
				if at%3 == plane {
					v = uint8(at / 3)
				}
				c.AddDatum(16*(3*part+plane)+b, operand.U8(v))
			}
		}
	}
	function(c, "interleave3AVX2", "interleave3AVX2 is interleave3 for a multiple of 16 positions.")
	r := interleaveRecord
	dst, n, x := reg.RSI, reg.RDX, reg.RAX
	planes := []reg.GPPhysical{reg.R8, reg.R9, reg.R10}
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "n"), n)
	for i, f := range []string{"a", "b", "c"} {
		c.MOVQ(r.at(args, f), planes[i])
	}
	xmm := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7, reg.X8, reg.X9, reg.X10, reg.X11, reg.X12, reg.X13, reg.X14}
	for i := range 9 {
		c.VMOVDQU(table.Offset(16*i), xmm[6+i])
	}
	c.XORQ(x, x)
	c.Label("again")
	for i, p := range planes {
		c.VMOVDQU(operand.Mem{Base: p, Index: x, Scale: 1}, xmm[i])
	}
	for part := range 3 {
		for plane := range 3 {
			to := xmm[3]
			if plane > 0 {
				to = xmm[4]
			}
			c.VPSHUFB(xmm[6+3*part+plane], xmm[plane], to)
			if plane > 0 {
				c.VPOR(xmm[4], xmm[3], xmm[3])
			}
		}
		c.VMOVDQU(xmm[3], mem(dst, 16*part))
	}
	c.ADDQ(operand.I32(48), dst)
	c.ADDQ(operand.I32(16), x)
	c.CMPQ(x, n)
	c.JLT(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}
