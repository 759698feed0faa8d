package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var windowRecord = record{"dst", "src", "n", "c", "rows", "cols", "row", "col", "stride"}

// poolFile holds the kernels that combine the codes of a window, channel by channel.
func poolFile(c *build.Context) {
	poolFunction(c, "maxAVX512", "maxAVX512 is windows.max.", 1, func(from operand.Mem, acc []reg.VecPhysical) {
		c.VMOVDQU8_Z(from, reg.K1, vector[8])
		c.VPMAXUB(vector[8], acc[0], acc[0])
	}, func(to reg.GPPhysical, at reg.GPPhysical, acc []reg.VecPhysical) {
		c.VMOVDQU8(acc[0], reg.K1, operand.Mem{Base: to, Index: at, Scale: 1})
	}, 1)
	masks := []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
	poolFunction(c, "sumsAVX512", "sumsAVX512 is windows.sums.", 4, func(from operand.Mem, acc []reg.VecPhysical) {
		for v := range acc {
			c.VPMOVZXBD_Z(from.Offset(16*v), masks[v], vector[8+v])
			c.VPADDD(vector[8+v], acc[v], acc[v])
		}
	}, func(to reg.GPPhysical, at reg.GPPhysical, acc []reg.VecPhysical) {
		for v := range acc {
			c.VMOVDQU32(acc[v], masks[v], operand.Mem{Base: to, Index: at, Scale: 4, Disp: 64 * v})
		}
	}, 4)
}

// poolFunction emits the loops over outputs, 64 channels at a time, rows and columns of the window.
func poolFunction(c *build.Context, name, doc string, vectors int, take func(operand.Mem, []reg.VecPhysical), put func(to, at reg.GPPhysical, acc []reg.VecPhysical), size int) {
	function(c, name, doc)
	r := windowRecord
	dst, src, n, channel, rest := reg.RSI, reg.R8, reg.R9, reg.RAX, reg.RDX
	row, from, rows, cols := reg.RBX, reg.R10, reg.R11, reg.R13
	acc := vector[:vectors]
	c.MOVQ(r.at(args, "dst"), dst)
	c.MOVQ(r.at(args, "src"), src)
	c.MOVQ(r.at(args, "n"), n)
	c.Label("output")
	c.XORQ(channel, channel)
	c.Label("channels")
	for _, k := range []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4} {
		c.KXNORQ(k, k, k)
	}
	c.MOVQ(r.at(args, "c"), rest)
	c.SUBQ(channel, rest)
	c.CMPQ(rest, operand.U8(64))
	c.JGE(operand.LabelRef("whole"))
	lowBits(c, rest, reg.RCX, reg.R12, reg.K1)
	c.KSHIFTRQ(operand.U8(16), reg.K1, reg.K2)
	c.KSHIFTRQ(operand.U8(32), reg.K1, reg.K3)
	c.KSHIFTRQ(operand.U8(48), reg.K1, reg.K4)
	c.Label("whole")
	for _, a := range acc {
		c.VPXORD(a, a, a)
	}
	c.LEAQ(operand.Mem{Base: src, Index: channel, Scale: 1}, row)
	c.MOVQ(r.at(args, "rows"), rows)
	c.Label("row")
	c.MOVQ(row, from)
	c.MOVQ(r.at(args, "cols"), cols)
	c.Label("column")
	take(operand.Mem{Base: from}, acc)
	c.ADDQ(r.at(args, "col"), from)
	c.DECQ(cols)
	c.JNZ(operand.LabelRef("column"))
	c.ADDQ(r.at(args, "row"), row)
	c.DECQ(rows)
	c.JNZ(operand.LabelRef("row"))
	put(dst, channel, acc)
	c.ADDQ(operand.I32(64), channel)
	c.CMPQ(channel, r.at(args, "c"))
	c.JLT(operand.LabelRef("channels"))
	c.MOVQ(r.at(args, "c"), rest)
	if size == 4 {
		c.SHLQ(operand.U8(2), rest)
	}
	c.ADDQ(rest, dst)
	c.ADDQ(r.at(args, "stride"), src)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("output"))
	c.VZEROUPPER()
	c.RET()
}
