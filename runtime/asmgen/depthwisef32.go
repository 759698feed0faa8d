package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var spotsF32Record = record{"dst", "src", "n", "c", "w", "bias", "rows", "cols", "row", "col", "skip", "stride", "ldd", "wcol"}

// depthwiseF32File holds the depthwise kernel for float32 numbers: 8 channels at a time, product and
// sum rounded one by one.
func depthwiseF32File(c *build.Context) {
	function(c, "spotsF32AVX2", "spotsF32AVX2 is spotsF32.run for a multiple of 8 channels.")
	r := spotsF32Record
	dst, src, n, channel, w := reg.RSI, reg.R8, reg.R9, reg.RAX, reg.RBX
	row, from, rows, cols, col, wcol, x := reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.RDX, reg.RCX
	acc, in := reg.Y0, reg.Y1
	for _, f := range []struct {
		to    reg.GPPhysical
		field string
	}{{dst, "dst"}, {src, "src"}, {n, "n"}, {col, "col"}, {wcol, "wcol"}} {
		c.MOVQ(r.at(args, f.field), f.to)
	}
	c.Label("output")
	c.XORQ(channel, channel)
	c.Label("channels")
	c.MOVQ(r.at(args, "bias"), x)
	c.VMOVUPS(operand.Mem{Base: x, Index: channel, Scale: 1}, acc)
	c.LEAQ(operand.Mem{Base: src, Index: channel, Scale: 1}, row)
	c.MOVQ(r.at(args, "w"), w)
	c.ADDQ(channel, w)
	c.MOVQ(r.at(args, "rows"), rows)
	c.Label("row")
	c.MOVQ(row, from)
	c.MOVQ(r.at(args, "cols"), cols)
	c.Label("column")
	c.VMOVUPS(mem(from, 0), in)
	c.VMULPS(mem(w, 0), in, in)
	c.VADDPS(in, acc, acc)
	c.ADDQ(col, from)
	c.ADDQ(wcol, w)
	c.DECQ(cols)
	c.JNZ(operand.LabelRef("column"))
	c.ADDQ(r.at(args, "row"), row)
	c.ADDQ(r.at(args, "skip"), w)
	c.DECQ(rows)
	c.JNZ(operand.LabelRef("row"))
	c.VMOVUPS(acc, operand.Mem{Base: dst, Index: channel, Scale: 1})
	c.ADDQ(operand.I32(32), channel)
	c.CMPQ(channel, r.at(args, "c"))
	c.JLT(operand.LabelRef("channels"))
	c.ADDQ(r.at(args, "ldd"), dst)
	c.ADDQ(r.at(args, "stride"), src)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("output"))
	c.VZEROUPPER()
	c.RET()
}
