package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotVEX emits AVX-VNNI's VPDPBUSD on 32 bytes, which assemblers for Go know only in AVX-512's
// encoding: to each of the 8 sums the products of 4 unsigned bytes with 4 signed ones are added.
func dotVEX(c *build.Context, signed, unsigned, sum reg.VecPhysical) {
	c.Comment(fmt.Sprintf("VPDPBUSD %s, %s, %s", signed.AsY().Asm(), unsigned.AsY().Asm(), sum.AsY().Asm()))
	for _, b := range encodeDotVEX(int(signed.PhysicalIndex()), int(unsigned.PhysicalIndex()), int(sum.PhysicalIndex())) {
		c.Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}})
	}
}

// encodeDotVEX is VEX.256.66.0F38.W0 50 /r with three registers below 16 (Intel 64 Architectures
// Software Developer's Manual, volume 2, VPDPBUSD and section 2.3.5).
func encodeDotVEX(signed, unsigned, sum int) [5]byte {
	inverted := func(bit, at int) byte { return byte((1 - bit) << at) }
	return [5]byte{
		0xc4,
		inverted(sum>>3, 7) | inverted(0, 6) | inverted(signed>>3, 5) | 0x02,
		byte(15-unsigned)<<3 | 1<<2 | 0x01,
		0x50,
		0xc0 | byte(sum&7)<<3 | byte(signed&7),
	}
}
