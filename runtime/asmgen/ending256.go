package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes256Table is the order in which VPERMD restores 32 bytes after two levels of packing.
func lanes256Table(c *build.Context) operand.Mem {
	m := c.StaticGlobal("lanes256")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		c.AddDatum(4*i, operand.U32(i%2*4+i/2))
	}
	return m
}

// An ending256 takes vectors of 8 numbers to codes. It keeps constants in vector registers; lo and hi
// may be vectors of 16 or of 32 bytes.
type ending256 struct {
	*build.Context
	big, zero reg.VecPhysical
	lo, hi    reg.VecPhysical
}

// load fetches the constants from the fields zero, lo and hi; x is a spare register.
func (e *ending256) load(r record, x reg.GPPhysical) {
	e.MOVL(operand.U32(0x4e800000), x.As32()) // 2^30
	e.VMOVD(x.As32(), e.big.AsX())
	e.VPBROADCASTD(e.big.AsX(), e.big)
	e.VPBROADCASTW(r.at(args, "zero"), e.zero)
	e.VPBROADCASTB(r.at(args, "lo"), e.lo)
	e.VPBROADCASTB(r.at(args, "hi"), e.hi)
}

// round takes numbers to the nearest integers: what is too great for int32 is cut before, what is too
// small becomes the least int32.
func (e *ending256) round(a reg.VecPhysical) {
	e.VMINPS(e.big, a, a)
	e.VCVTPS2DQ(a, a)
}

// codes16 packs integers of two vectors into the 16 bytes of a, in order, and clamps.
func (e *ending256) codes16(a, b reg.VecPhysical) {
	e.VPACKSSDW(b.AsY(), a.AsY(), a.AsY())
	e.VPERMQ(operand.U8(0xd8), a.AsY(), a.AsY())
	e.VPADDSW(e.zero, a.AsY(), a.AsY())
	e.VEXTRACTI128(operand.U8(1), a.AsY(), b.AsX())
	e.VPACKUSWB(b.AsX(), a.AsX(), a.AsX())
	e.VPMAXUB(e.lo.AsX(), a.AsX(), a.AsX())
	e.VPMINUB(e.hi.AsX(), a.AsX(), a.AsX())
}

// codes32 packs integers of four vectors into the 32 bytes of the first, in order, and clamps.
func (e *ending256) codes32(a []reg.VecPhysical, order reg.VecPhysical) {
	e.VPACKSSDW(a[1].AsY(), a[0].AsY(), a[0].AsY())
	e.VPACKSSDW(a[3].AsY(), a[2].AsY(), a[2].AsY())
	e.VPADDSW(e.zero, a[0].AsY(), a[0].AsY())
	e.VPADDSW(e.zero, a[2].AsY(), a[2].AsY())
	e.VPACKUSWB(a[2].AsY(), a[0].AsY(), a[0].AsY())
	e.VPERMD(a[0].AsY(), order.AsY(), a[0].AsY())
	e.VPMAXUB(e.lo.AsY(), a[0].AsY(), a[0].AsY())
	e.VPMINUB(e.hi.AsY(), a[0].AsY(), a[0].AsY())
}

// storeLow stores those of the low n bytes of a, 16 or 8, for which bits has a one; ones are the lowest.
// a, bits and x are spent; label makes names of labels.
func storeLow(c *build.Context, a reg.VecPhysical, n int, bits, x, out reg.GPPhysical, label func(string) string) {
	ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
	move := func(n int, to operand.Mem) {
		switch n {
		case 16:
			c.VMOVDQU(a.AsX(), to)
		case 8:
			c.VMOVQ(a.AsX(), to)
		case 4:
			c.VMOVD(a.AsX(), to)
		case 2:
			c.VPEXTRW(operand.U8(0), a.AsX(), to)
		case 1:
			c.VPEXTRB(operand.U8(0), a.AsX(), to)
		}
	}
	c.CMPQ(bits, operand.U32(1<<n-1))
	c.JNE(ref("part"))
	move(n, mem(out, 0))
	c.JMP(ref("stored"))
	c.Label(label("part"))
	c.MOVQ(out, x)
	for n /= 2; n > 0; n /= 2 {
		skip := "stored"
		if n > 1 {
			skip = fmt.Sprintf("no%d", n)
		}
		c.BTQ(operand.U8(n-1), bits) // the lowest n bits are ones when bit n-1 is
		c.JCC(ref(skip))
		move(n, mem(x, 0))
		if n > 1 {
			c.VPSRLDQ(operand.U8(n), a.AsX(), a.AsX())
			c.SHRQ(operand.U8(n), bits)
			c.ADDQ(operand.I32(n), x)
			c.Label(label(skip))
		}
	}
	c.Label(label("stored"))
}
