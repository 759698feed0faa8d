package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakFile holds loops of multiply-adds that touch no memory, with enough sums that none waits for
// another.
func peakFile(c *build.Context) {
	peakLoop(c, "dot512", "VPDPBUSD on 64 bytes", 24, func(sum, x, _ reg.VecPhysical) {
		c.VPDPBUSD(x, x, sum)
	})
	peakLoop(c, "madd256", "VPMADDWD and VPADDD on 16 words", 10, func(sum, x, t reg.VecPhysical) {
		c.VPMADDWD(x.AsY(), x.AsY(), t.AsY())
		c.VPADDD(t.AsY(), sum.AsY(), sum.AsY())
	})
	peakLoop(c, "mulAdd512", "VMULPS and VADDPS on 16 numbers", 10, func(sum, x, t reg.VecPhysical) {
		c.VMULPS(x, x, t)
		c.VADDPS(t, sum, sum)
	})
	peakLoop(c, "mulAdd256", "VMULPS and VADDPS on 8 numbers", 10, func(sum, x, t reg.VecPhysical) {
		c.VMULPS(x.AsY(), x.AsY(), t.AsY())
		c.VADDPS(t.AsY(), sum.AsY(), sum.AsY())
	})
	peakLoop(c, "dot256", "VPDPBUSD on 32 bytes, in AVX-VNNI's encoding", 12, func(sum, x, _ reg.VecPhysical) {
		dotVEX(c, x, x, sum)
	})
}

// peakLoop emits a function that does sums multiply-adds n times. Up to 15 sums take only registers that
// AVX2 has.
func peakLoop(c *build.Context, name, what string, sums int, step func(sum, x, temp reg.VecPhysical)) {
	c.Function(name)
	c.Doc(fmt.Sprintf("%s repeats %d times %s, n times.", name, sums, what))
	c.SignatureExpr("func(n int)")
	c.Load(c.Param("n"), reg.RAX)
	x, temps := vector[15], vector[10:15]
	if sums > 15 {
		x = vector[24]
	}
	for _, v := range append([]reg.VecPhysical{x}, vector[:sums]...) {
		if sums > 15 {
			c.VPXORD(v, v, v)
		} else {
			c.VPXOR(v.AsY(), v.AsY(), v.AsY())
		}
	}
	c.Label("again")
	for i := range sums {
		step(vector[i], x, temps[i%len(temps)])
	}
	c.DECQ(reg.RAX)
	c.JNZ(operand.LabelRef("again"))
	c.VZEROUPPER()
	c.RET()
}
