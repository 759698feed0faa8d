package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// depthwise256File holds what a depthwise convolution is made of, with AVX2.
func depthwise256File(c *build.Context) {
	columns256(c)
	spots256(c)
}

// columns256 interleaves 32 codes of four rows at a time. Unpacking works inside lanes of 16 bytes, so
// that halves of two vectors make one of the result.
func columns256(c *build.Context) {
	function(c, "columnsAVX2", "columnsAVX2 is columns.run for a multiple of 32 codes.")
	rows := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	dst, n, x := reg.RSI, reg.RDX, reg.RAX
	for i, r := range rows {
		c.MOVQ(columnsRecord.at(args, fmt.Sprintf("row%d", i)), r)
	}
	c.MOVQ(columnsRecord.at(args, "dst"), dst)
	c.MOVQ(columnsRecord.at(args, "n"), n)
	c.XORQ(x, x)
	y := func(i int) reg.VecPhysical { return vector[i].AsY().(reg.VecPhysical) }
	c.Label("again")
	for i, r := range rows {
		c.VMOVDQU(operand.Mem{Base: r, Index: x, Scale: 1}, y(i))
	}
	c.VPUNPCKLBW(y(1), y(0), y(4))
	c.VPUNPCKHBW(y(1), y(0), y(5))
	c.VPUNPCKLBW(y(3), y(2), y(6))
	c.VPUNPCKHBW(y(3), y(2), y(7))
	c.VPUNPCKLWD(y(6), y(4), y(8))
	c.VPUNPCKHWD(y(6), y(4), y(9))
	c.VPUNPCKLWD(y(7), y(5), y(10))
	c.VPUNPCKHWD(y(7), y(5), y(11))
	for half, selector := range []uint8{0x20, 0x31} {
		for pair := range 2 {
			c.VPERM2I128(operand.U8(selector), y(9+2*pair), y(8+2*pair), y(0))
			c.VMOVDQU(y(0), operand.Mem{Base: dst, Index: x, Scale: 4, Disp: 64*half + 32*pair})
		}
	}
	c.ADDQ(operand.I32(32), x)
	c.CMPQ(x, n)
	c.JLT(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}

// spots256 emits the kernel for panels of any size: 8 channels at a time, four outputs at a time. Bytes
// are split into even and odd words, because no product of two bytes with another fits a word.
func spots256(c *build.Context) {
	function(c, "spotsAVX2", "spotsAVX2 is spots.run for panels of any size.")
	r := spotsRecord
	first, dst, src, n, w, stride, stride3 := c.AllocLocal(8), c.AllocLocal(8), reg.R8, reg.RDX, reg.R9, reg.R12, reg.R13
	channels, weights, mask := c.AllocLocal(8), c.AllocLocal(8), c.AllocLocal(8)
	biases, factors := c.AllocLocal(8), c.AllocLocal(8)
	x, planes, taps, from, plane, out, bits := reg.RAX, reg.R14, reg.RCX, reg.R15, reg.RBX, reg.R10, reg.R11
	even := reg.Y11
	e := ending256{c, reg.Y15, reg.Y14, reg.X13, reg.X12}
	e.load(r, x)
	c.VPCMPEQW(even, even, even)
	c.VPSRLW(operand.U8(8), even, even)
	c.MOVQ(r.at(args, "stride"), stride)
	c.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	for _, f := range []struct {
		field string
		to    operand.Mem
	}{{"src", first}, {"dst", dst}, {"lanes", channels}, {"w", weights}, {"mask", mask}, {"bias", biases}, {"m", factors}} {
		c.MOVQ(r.at(args, f.field), x)
		c.MOVQ(x, f.to)
	}
	c.Label("channels")
	c.MOVQ(first, src)
	c.MOVQ(dst, out)
	c.MOVQ(r.at(args, "n"), n)
	for _, block := range []int{4, 1} {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, block) }
		ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
		c.Label(label("outputs"))
		c.SUBQ(operand.I32(block), n)
		c.JLT(ref("fewer"))
		c.MOVQ(biases, x)
		for i := range block {
			c.VMOVDQU(mem(x, 0), vector[i].AsY())
		}
		c.MOVQ(weights, w)
		c.MOVQ(src, plane)
		c.MOVQ(r.at(args, "planes"), planes)
		c.Label(label("plane"))
		c.MOVQ(plane, from)
		c.MOVQ(r.at(args, "taps"), taps)
		c.MOVQ(r.at(args, "lanes"), x)
		c.SHLQ(operand.U8(2), x)
		c.Label(label("tap"))
		c.VMOVDQU(mem(w, 0), reg.Y4)
		c.VPSRAW(operand.U8(8), reg.Y4, reg.Y5) // odd bytes
		c.VPSLLW(operand.U8(8), reg.Y4, reg.Y4)
		c.VPSRAW(operand.U8(8), reg.Y4, reg.Y4)
		for i := range block {
			at := []operand.Mem{{Base: from}, {Base: from, Index: stride, Scale: 1}, {Base: from, Index: stride, Scale: 2}, {Base: from, Index: stride3, Scale: 1}}[i]
			acc := vector[i].AsY()
			c.VMOVDQU(at, reg.Y6)
			c.VPSRLW(operand.U8(8), reg.Y6, reg.Y7)
			c.VPAND(even, reg.Y6, reg.Y6)
			c.VPMADDWD(reg.Y4, reg.Y6, reg.Y6)
			c.VPMADDWD(reg.Y5, reg.Y7, reg.Y7)
			c.VPADDD(reg.Y6, acc, acc)
			c.VPADDD(reg.Y7, acc, acc)
		}
		c.ADDQ(x, w)
		c.ADDQ(r.at(args, "step"), from)
		c.DECQ(taps)
		c.JNZ(ref("tap"))
		c.ADDQ(r.at(args, "plane"), plane)
		c.DECQ(planes)
		c.JNZ(ref("plane"))
		c.MOVQ(factors, x)
		c.VMOVUPS(mem(x, 0), reg.Y7)
		for i := range block {
			acc := vector[i].AsY()
			c.VCVTDQ2PS(acc, acc)
			c.VMULPS(reg.Y7, acc, acc)
			e.round(acc.(reg.VecPhysical))
			e.codes16(vector[i], vector[i])
			c.MOVBLZX(mask, bits.As32())
			storeLow(c, vector[i], 8, bits, x, out, func(s string) string { return label(fmt.Sprintf("%s%dof", s, i)) })
			c.ADDQ(r.at(args, "ldd"), out)
		}
		if block == 4 {
			c.LEAQ(operand.Mem{Base: src, Index: stride, Scale: 4}, src)
		} else {
			c.ADDQ(stride, src)
		}
		c.JMP(ref("outputs"))
		c.Label(label("fewer"))
		c.ADDQ(operand.I32(block), n)
	}
	c.ADDQ(operand.I32(32), first)
	c.ADDQ(operand.I32(8), dst)
	c.ADDQ(operand.I32(32), weights)
	c.ADDQ(operand.I32(32), biases)
	c.ADDQ(operand.I32(32), factors)
	c.MOVQ(mask, x)
	c.SHRQ(operand.U8(8), x)
	c.MOVQ(x, mask)
	c.JZ(operand.LabelRef("done")) // no more channels to store
	c.SUBQ(operand.I32(8), channels)
	c.JNZ(operand.LabelRef("channels"))
	c.Label("done")
	c.VZEROUPPER()
	c.RET()
}
