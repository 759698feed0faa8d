package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var tileF32Record = record{"dst", "src", "offs", "outs", "n", "w", "bias", "segs", "taps", "step", "skip", "mask", "row"}

// tileF32File holds the matrix kernels for float32 numbers. Products and sums are rounded one by one.
func tileF32File(c *build.Context) {
	tileF32(c, "tileF32x64AVX512", wide, 4, []int{6, 4, 2, 1})
	tileF32(c, "tileF32x32AVX512", wide, 2, []int{10, 6, 2, 1})
	tileF32(c, "tileF32x16AVX512", wide, 1, []int{10, 6, 2, 1})
	tileF32(c, "tileF32x16AVX2", narrow, 2, []int{5, 3, 1})
}

// A width is a size of vector registers.
type width struct {
	bytes int
	at    func(i int) reg.VecPhysical
}

var (
	wide   = width{64, func(i int) reg.VecPhysical { return vector[i] }}
	narrow = width{32, func(i int) reg.VecPhysical { return vector[i].AsY().(reg.VecPhysical) }}
)

// tileF32 emits a function that takes pixels in blocks of the given sizes, the largest first. The
// numbers of a tap are row bytes apart in w.
func tileF32(c *build.Context, name string, wd width, vectors int, blocks []int) {
	function(c, name, fmt.Sprintf("%s is tileF32.run for %d channels.", name, vectors*wd.bytes/4))
	r := tileF32Record
	left := c.AllocLocal(8)
	n := c.AllocLocal(8)
	done := c.AllocLocal(8) // bytes of offs and outs
	c.MOVQ(r.at(args, "n"), at)
	c.MOVQ(at, n)
	c.XORQ(at, at)
	c.MOVQ(at, done)
	if wd.bytes == 64 {
		c.MOVQ(r.at(args, "mask"), at)
		for i, k := range []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}[:vectors] {
			if i > 0 {
				c.SHRQ(operand.U8(16), at)
			}
			c.KMOVW(reg.EAX, k)
		}
	}
	for _, p := range blocks {
		again, next := fmt.Sprintf("block%d", p), fmt.Sprintf("after%d", p)
		c.Label(again)
		c.CMPQ(n, operand.U32(p))
		c.JLT(operand.LabelRef(next))
		tileF32Block(c, wd, vectors, p, done, left)
		c.ADDQ(operand.U32(4*p), done)
		c.SUBQ(operand.U32(p), n)
		c.JMP(operand.LabelRef(again))
		c.Label(next)
	}
	c.VZEROUPPER()
	c.RET()
}

func tileF32Block(c *build.Context, wd width, vectors, p int, done, left operand.Mem) {
	r := tileF32Record
	label := func(s string) string { return fmt.Sprintf("%s%d", s, p) }
	acc := func(i, v int) reg.VecPhysical { return wd.at(i*vectors + v) }
	weight := func(v int) reg.VecPhysical { return wd.at(p0(wd) + v) }
	input, product := wd.at(p0(wd)+vectors), wd.at(p0(wd)+vectors+1)
	c.MOVQ(r.at(args, "offs"), at)
	c.ADDQ(done, at)
	for i := range p {
		c.MOVLQSX(mem(at, 4*i), pixels[i])
		c.ADDQ(r.at(args, "src"), pixels[i])
	}
	c.MOVQ(r.at(args, "bias"), at)
	for v := range vectors {
		c.VMOVUPS(mem(at, wd.bytes*v), acc(0, v))
		for i := 1; i < p; i++ {
			c.VMOVAPS(acc(0, v), acc(i, v))
		}
	}
	c.MOVQ(r.at(args, "w"), at)
	c.MOVQ(r.at(args, "segs"), count)
	c.XORQ(off, off)
	c.Label(label("segment"))
	c.MOVQ(count, left)
	c.MOVQ(r.at(args, "taps"), count)
	step := func(s int) {
		for v := range vectors {
			c.VMOVUPS(mem(at, wd.bytes*v), weight(v))
		}
		for i := range p {
			c.VBROADCASTSS(operand.Mem{Base: pixels[i], Index: off, Scale: 1, Disp: 4 * s}, input)
			for v := range vectors {
				c.VMULPS(weight(v), input, product)
				c.VADDPS(product, acc(i, v), acc(i, v))
			}
		}
		c.ADDQ(r.at(args, "row"), at)
	}
	c.SUBQ(operand.I32(unroll), count)
	c.JLT(operand.LabelRef(label("few")))
	c.Label(label("many"))
	for s := range unroll {
		step(s)
	}
	c.ADDQ(operand.I32(4*unroll), off)
	c.SUBQ(operand.I32(unroll), count)
	c.JGE(operand.LabelRef(label("many")))
	c.Label(label("few"))
	c.ADDQ(operand.I32(unroll), count)
	c.JZ(operand.LabelRef(label("end")))
	c.Label(label("tap"))
	step(0)
	c.ADDQ(operand.I32(4), off)
	c.DECQ(count)
	c.JNZ(operand.LabelRef(label("tap")))
	c.Label(label("end"))
	c.ADDQ(r.at(args, "step"), off)
	c.ADDQ(r.at(args, "skip"), at)
	c.MOVQ(left, count)
	c.DECQ(count)
	c.JNZ(operand.LabelRef(label("segment")))
	c.MOVQ(r.at(args, "outs"), at)
	c.ADDQ(done, at)
	for i := range p {
		c.MOVLQSX(mem(at, 4*i), off)
		c.ADDQ(r.at(args, "dst"), off)
		for v := range vectors {
			if wd.bytes == 64 {
				c.VMOVUPS(acc(i, v), []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}[v], mem(off, 64*v))
			} else {
				c.VMOVUPS(acc(i, v), mem(off, 32*v))
			}
		}
	}
}

// p0 is the first register behind the sums.
func p0(wd width) int {
	if wd.bytes == 64 {
		return 24
	}
	return 10
}
