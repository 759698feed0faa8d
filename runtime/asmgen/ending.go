package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanesTable is the order in which VPERMD restores channels after two levels of packing.
func lanesTable(c *build.Context) operand.Mem {
	m := c.StaticGlobal("lanes")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		c.AddDatum(4*i, operand.U32(i%4*4+i/4))
	}
	return m
}

// An ending takes vectors of 16 sums, four, two or one of them, to codes. It keeps constants in vector
// registers.
type ending struct {
	*build.Context
	big, zero, lo, hi, order reg.VecPhysical
	lanes                    operand.Mem
}

// load fetches the constants from the fields zero, lo and hi; x is a spare register.
func (e *ending) load(r record, x reg.GPPhysical) {
	e.MOVL(operand.U32(0x4e800000), x.As32()) // 2^30
	e.VPBROADCASTD(x.As32(), e.big)
	e.VPBROADCASTW(r.at(args, "zero"), e.zero)
	e.VPBROADCASTB(r.at(args, "lo"), e.lo)
	e.VPBROADCASTB(r.at(args, "hi"), e.hi)
	e.VMOVDQU32(e.lanes, e.order)
}

// requantize multiplies sums by m and rounds. What is too great for int32 is cut before; what is too
// small becomes the least int32.
func (e *ending) requantize(a []reg.VecPhysical, m func(v int) operand.Op) {
	for v := range a {
		e.VCVTDQ2PS(a[v], a[v])
		e.VMULPS(m(v), a[v], a[v])
		e.round(a[v])
	}
}

// round takes numbers to the nearest integers.
func (e *ending) round(a reg.VecPhysical) {
	e.VMINPS(e.big, a, a)
	e.VCVTPS2DQ(a, a)
}

// codes packs integers into the bytes of a[0], in order.
func (e *ending) codes(a []reg.VecPhysical) {
	if len(a) == 4 {
		e.VPACKSSDW(a[1], a[0], a[0])
		e.VPACKSSDW(a[3], a[2], a[2])
		e.VPADDSW(e.zero, a[0], a[0])
		e.VPADDSW(e.zero, a[2], a[2])
		e.VPACKUSWB(a[2], a[0], a[0])
	} else {
		e.VPACKSSDW(a[len(a)-1], a[0], a[0])
		e.VPADDSW(e.zero, a[0], a[0])
		e.VPACKUSWB(a[0], a[0], a[0])
	}
	e.VPERMD(a[0], e.order, a[0])
	e.VPMAXUB(e.lo, a[0], a[0])
	e.VPMINUB(e.hi, a[0], a[0])
}

// store stores 16 bytes for each of the vectors, as far as K1 has bits.
func store(c *build.Context, a reg.VecPhysical, vectors int, out reg.Register) {
	switch vectors {
	case 4:
		c.VMOVDQU8(a, reg.K1, mem(out, 0))
	case 2:
		c.VMOVDQU8(a.AsY(), reg.K1, mem(out, 0))
	case 1:
		c.VMOVDQU8(a.AsX(), reg.K1, mem(out, 0))
	}
}
