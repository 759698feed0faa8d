package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	columnsRecord = record{"dst", "row0", "row1", "row2", "row3", "n"}
	spotsRecord   = record{"dst", "src", "n", "w", "bias", "m", "planes", "taps", "plane", "step", "stride", "ldd", "mask", "zero", "lo", "hi", "plain", "lanes"}
)

// depthwiseFile holds what a depthwise convolution is made of.
func depthwiseFile(c *build.Context) {
	lanes := lanesTable(c)
	columns512(c, lanes)
	spots512(c, "spots64AVX512", 4, lanes)
	spots512(c, "spots32AVX512", 2, lanes)
	spots512(c, "spots16AVX512", 1, lanes)
}

// columns512 interleaves 64 codes of four rows at a time. Two levels of unpacking work inside lanes of
// 16 bytes; the order given to each row before makes the result come out in order.
func columns512(c *build.Context, lanes operand.Mem) {
	function(c, "columnsAVX512", "columnsAVX512 is columns.run.")
	rows := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	dst, n, x := reg.RSI, reg.RDX, reg.RAX
	for i, r := range rows {
		c.MOVQ(columnsRecord.at(args, fmt.Sprintf("row%d", i)), r)
	}
	c.MOVQ(columnsRecord.at(args, "dst"), dst)
	c.MOVQ(columnsRecord.at(args, "n"), n)
	order := vector[16]
	c.VMOVDQU32(lanes, order)
	c.XORQ(x, x)
	interleave := func() {
		for i := range 4 {
			c.VPERMD(vector[i], order, vector[i])
		}
		c.VPUNPCKLBW(vector[1], vector[0], vector[4])
		c.VPUNPCKHBW(vector[1], vector[0], vector[5])
		c.VPUNPCKLBW(vector[3], vector[2], vector[6])
		c.VPUNPCKHBW(vector[3], vector[2], vector[7])
		c.VPUNPCKLWD(vector[6], vector[4], vector[8])
		c.VPUNPCKHWD(vector[6], vector[4], vector[9])
		c.VPUNPCKLWD(vector[7], vector[5], vector[10])
		c.VPUNPCKHWD(vector[7], vector[5], vector[11])
	}
	c.SUBQ(operand.I32(64), n)
	c.JLT(operand.LabelRef("tail"))
	c.Label("again")
	for i, r := range rows {
		c.VMOVDQU64(operand.Mem{Base: r, Index: x, Scale: 1}, vector[i])
	}
	interleave()
	for i := range 4 {
		c.VMOVDQU64(vector[8+i], operand.Mem{Base: dst, Index: x, Scale: 4, Disp: 64 * i})
	}
	c.ADDQ(operand.I32(64), x)
	c.SUBQ(operand.I32(64), n)
	c.JGE(operand.LabelRef("again"))
	c.Label("tail")
	c.ADDQ(operand.I32(64), n)
	c.JZ(operand.LabelRef("done"))
	lowBits(c, n, reg.RCX, reg.R12, reg.K1)
	for i, r := range rows {
		c.VMOVDQU8_Z(operand.Mem{Base: r, Index: x, Scale: 1}, reg.K1, vector[i])
	}
	interleave()
	for i := range 4 {
		c.VMOVDQU32(vector[8+i], reg.K1, operand.Mem{Base: dst, Index: x, Scale: 4, Disp: 64 * i})
		c.KSHIFTRQ(operand.U8(16), reg.K1, reg.K1)
	}
	c.Label("done")
	c.VZEROUPPER()
	c.RET()
}

// lowBits sets the lowest n bits of a mask, 0 < n < 64; cl must be RCX.
func lowBits(c *build.Context, n, cl, x reg.GPPhysical, k reg.Register) {
	c.MOVQ(n, cl)
	c.MOVQ(operand.I32(1), x)
	c.SHLQ(reg.CL, x)
	c.DECQ(x)
	c.KMOVQ(x, k)
}

// spots512 emits the kernel for panels of vectors of 16 channels. Three taps of one plane, by far the
// most frequent, keep their weights in registers.
func spots512(c *build.Context, name string, vectors int, lanes operand.Mem) {
	function(c, name, fmt.Sprintf("%s is spots.run for panels of %d channels, with AVX-512 VNNI.", name, 16*vectors))
	r := spotsRecord
	dst, src, n, w, step, step2, stride, ldd, x := reg.RSI, reg.R8, reg.RDX, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.RAX
	for _, f := range []struct {
		to    reg.GPPhysical
		field string
	}{{dst, "dst"}, {src, "src"}, {n, "n"}, {w, "w"}, {step, "step"}, {stride, "stride"}, {ldd, "ldd"}} {
		c.MOVQ(r.at(args, f.field), f.to)
	}
	c.KMOVQ(r.at(args, "mask"), reg.K1)
	e := ending{c, vector[27], vector[28], vector[29], vector[30], vector[31], lanes}
	e.load(r, x)
	acc, in := vector[0:vectors], vector[4]
	weights := func(tap, v int) reg.VecPhysical { return vector[5+tap*vectors+v] }
	bias := func(v int) reg.VecPhysical { return vector[5+3*vectors+v] }
	m := func(v int) reg.VecPhysical { return vector[5+4*vectors+v] }
	c.MOVQ(r.at(args, "bias"), x)
	for v := range vectors {
		c.VMOVDQU32(mem(x, 64*v), bias(v))
	}
	c.MOVQ(r.at(args, "m"), x)
	for v := range vectors {
		c.VMOVDQU32(mem(x, 64*v), m(v))
	}
	finish := func(loop string) {
		e.requantize(r, acc, func(v int) operand.Op { return m(v) }, func(s string) string { return s + loop })
		store(c, acc[0], vectors, dst)
		c.ADDQ(stride, src)
		c.ADDQ(ldd, dst)
		c.DECQ(n)
	}
	c.CMPQ(r.at(args, "planes"), operand.U8(1))
	c.JNE(operand.LabelRef("any"))
	c.CMPQ(r.at(args, "taps"), operand.U8(3))
	c.JNE(operand.LabelRef("any"))
	c.LEAQ(operand.Mem{Base: step, Index: step, Scale: 1}, step2)
	for tap := range 3 {
		for v := range vectors {
			c.VMOVDQU64(mem(w, 64*(tap*vectors+v)), weights(tap, v))
		}
	}
	c.Label("three")
	for tap := range 3 {
		at := []operand.Mem{{Base: src}, {Base: src, Index: step, Scale: 1}, {Base: src, Index: step2, Scale: 1}}[tap]
		for v := range vectors {
			c.VMOVDQU64(at.Offset(64*v), in)
			if tap == 0 {
				c.VMOVDQA64(bias(v), acc[v])
			}
			c.VPDPBUSD(weights(tap, v), in, acc[v])
		}
	}
	finish("three")
	c.JNZ(operand.LabelRef("three"))
	c.JMP(operand.LabelRef("done"))

	c.Label("any")
	plane, planes, taps, from := reg.RBX, reg.R14, reg.RCX, reg.R15
	c.Label("next")
	for v := range vectors {
		c.VMOVDQA64(bias(v), acc[v])
	}
	c.MOVQ(r.at(args, "w"), w)
	c.MOVQ(src, plane)
	c.MOVQ(r.at(args, "planes"), planes)
	c.Label("plane")
	c.MOVQ(plane, from)
	c.MOVQ(r.at(args, "taps"), taps)
	c.Label("tap")
	for v := range vectors {
		c.VMOVDQU64(mem(from, 64*v), in)
		c.VPDPBUSD(mem(w, 64*v), in, acc[v])
	}
	c.ADDQ(operand.I32(64*vectors), w)
	c.ADDQ(step, from)
	c.DECQ(taps)
	c.JNZ(operand.LabelRef("tap"))
	c.ADDQ(r.at(args, "plane"), plane)
	c.DECQ(planes)
	c.JNZ(operand.LabelRef("plane"))
	finish("any")
	c.JNZ(operand.LabelRef("next"))
	c.Label("done")
	c.VZEROUPPER()
	c.RET()
}
