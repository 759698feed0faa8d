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

// requantize multiplies sums by m, rounds and packs them into the bytes of a[0], in order. What is too
// great for int32 is cut before rounding; what is too small becomes the least int32. The field plain
// of the record says when only saturation is needed; label makes names of labels.
func (e *ending) requantize(r record, a []reg.VecPhysical, m func(v int) operand.Op, label func(string) string) {
	for v := range a {
		e.VCVTDQ2PS(a[v], a[v])
		e.VMULPS(m(v), a[v], a[v])
	}
	e.CMPQ(r.at(args, "plain"), operand.U8(0))
	e.JNE(operand.LabelRef(label("plain")))
	for v := range a {
		e.round(a[v])
	}
	e.codes(a)
	e.JMP(operand.LabelRef(label("codes")))
	e.Label(label("plain"))
	for v := range a {
		e.VCVTPS2DQ(a[v], a[v])
	}
	e.pack(a, false)
	e.Label(label("codes"))
}

// round takes numbers to the nearest integers.
func (e *ending) round(a reg.VecPhysical) {
	e.VMINPS(e.big, a, a)
	e.VCVTPS2DQ(a, a)
}

// codes packs integers into the bytes of a[0], in order, and clamps.
func (e *ending) codes(a []reg.VecPhysical) {
	e.pack(a, true)
	e.VPMAXUB(e.lo, a[0], a[0])
	e.VPMINUB(e.hi, a[0], a[0])
}

// pack packs integers with saturation; shift adds the zero point on the way.
func (e *ending) pack(a []reg.VecPhysical, shift bool) {
	words := a[:1]
	if len(a) == 4 {
		e.VPACKSSDW(a[1], a[0], a[0])
		e.VPACKSSDW(a[3], a[2], a[2])
		words = []reg.VecPhysical{a[0], a[2]}
	} else {
		e.VPACKSSDW(a[len(a)-1], a[0], a[0])
	}
	if shift {
		for _, w := range words {
			e.VPADDSW(e.zero, w, w)
		}
	}
	e.VPACKUSWB(words[len(words)-1], a[0], a[0])
	e.VPERMD(a[0], e.order, a[0])
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
