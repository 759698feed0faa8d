package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var lossRecord = record{"x", "n", "scale", "lo", "hi", "loss"}

// lossFile holds the inner loop of the search for ranges, which is in passes/calib.
func lossFile(c *build.Context) {
	function(c, "lossAVX2", "lossAVX2 is losses.addGeneric for 8 ranges.")
	r := lossRecord
	x, n, at := reg.RSI, reg.RDX, reg.RAX
	scale, lo, hi, magic := reg.Y0, reg.Y1, reg.Y2, reg.Y3
	v, u, low, high := reg.Y4, reg.Y5, reg.Y6, reg.Y7
	sums := []reg.VecPhysical{reg.Y8, reg.Y9}
	c.MOVL(operand.U32(0x4b400000), reg.EAX) // 3 << 22
	c.VMOVD(reg.EAX, reg.X3)
	c.VBROADCASTSS(reg.X3, magic)
	for _, f := range []struct {
		to    reg.VecPhysical
		field string
	}{{scale, "scale"}, {lo, "lo"}, {hi, "hi"}} {
		c.MOVQ(r.at(args, f.field), at)
		c.VMOVUPS(mem(at, 0), f.to)
	}
	c.MOVQ(r.at(args, "x"), x)
	c.MOVQ(r.at(args, "n"), n)
	c.MOVQ(r.at(args, "loss"), at)
	for i, s := range sums {
		c.VMOVUPD(mem(at, 32*i), s)
	}
	c.Label("again")
	c.VBROADCASTSS(mem(x, 0), v)
	c.VMINPS(hi, v, u)
	c.VMAXPS(lo, u, u)
	c.VDIVPS(scale, u, u)
	c.VADDPS(magic, u, u)
	c.VSUBPS(magic, u, u)
	c.VMULPS(scale, u, u)
	c.VSUBPS(v, u, u)
	c.VCVTPS2PD(u.AsX(), low)
	c.VEXTRACTF128(operand.U8(1), u, high.AsX())
	c.VCVTPS2PD(high.AsX(), high)
	c.VMULPD(low, low, low)
	c.VMULPD(high, high, high)
	c.VADDPD(low, sums[0], sums[0])
	c.VADDPD(high, sums[1], sums[1])
	c.ADDQ(operand.I32(4), x)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("again"))
	for i, s := range sums {
		c.VMOVUPD(s, mem(at, 32*i))
	}
	c.VZEROUPPER()
	c.RET()
}
