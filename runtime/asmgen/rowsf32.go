package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var rowRecord = record{"dst", "x", "y", "n", "lo", "hi"}

// rowsF32File holds functions of rows of float32 numbers, element by element, with AVX2.
func rowsF32File(c *build.Context) {
	r := rowRecord
	// Registers: a result, an operand, and two that setup loads.
	y, b, first, second := reg.Y0, reg.Y1, reg.Y2, reg.Y3
	row := func(name, doc string, setup func(), step func(x, z operand.Mem)) {
		function(c, name, name+doc+", for a multiple of 8 numbers.")
		dst, px, py, n, i := reg.RSI, reg.R8, reg.R9, reg.RDX, reg.RAX
		c.MOVQ(r.at(args, "dst"), dst)
		c.MOVQ(r.at(args, "x"), px)
		c.MOVQ(r.at(args, "y"), py)
		c.MOVQ(r.at(args, "n"), n)
		setup()
		c.XORQ(i, i)
		c.Label("again")
		step(operand.Mem{Base: px, Index: i, Scale: 4}, operand.Mem{Base: py, Index: i, Scale: 4})
		c.VMOVUPS(y, operand.Mem{Base: dst, Index: i, Scale: 4})
		c.ADDQ(operand.I32(8), i)
		c.CMPQ(i, n)
		c.JLT(operand.LabelRef("again"))
		c.VZEROUPPER()
		c.RET()
	}
	const (
		unordered        = 0x03
		notLessEqual     = 0x06
		ordered          = 0x07
		greaterThanQuiet = 0x1e
	)
	row("reluAVX2", " keeps positive numbers and NaN; everything else becomes +0", func() { c.VXORPS(first, first, first) }, func(x, _ operand.Mem) {
		c.VMOVUPS(x, y)
		c.VCMPPS(operand.U8(notLessEqual), first, y, b)
		c.VANDPS(b, y, y)
	})
	row("clipAVX2", " clamps; NaN stays", func() {
		c.VBROADCASTSS(r.at(args, "lo"), first)
		c.VBROADCASTSS(r.at(args, "hi"), second)
	}, func(x, _ operand.Mem) {
		// Both give the number, which is the second operand, when it is NaN or equal.
		c.VMAXPS(x, first, y)
		c.VMINPS(y, second, y)
	})
	row("addAVX2", " adds", func() {}, func(x, z operand.Mem) {
		c.VMOVUPS(x, y)
		c.VADDPS(z, y, y)
	})
	row("mulAVX2", " multiplies", func() {}, func(x, z operand.Mem) {
		c.VMOVUPS(x, y)
		c.VMULPS(z, y, y)
	})
	row("maxAVX2F32", " takes y where it is greater than x, or NaN when x is not", func() {}, func(x, z operand.Mem) {
		c.VMOVUPS(x, y)
		c.VMOVUPS(z, b)
		c.VCMPPS(operand.U8(unordered), b, b, first)
		c.VCMPPS(operand.U8(ordered), y, y, second)
		c.VANDPS(first, second, first)
		c.VCMPPS(operand.U8(greaterThanQuiet), y, b, second)
		c.VORPS(first, second, first)
		c.VBLENDVPS(first, b, y, y)
	})
}
