package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileRecord is rt.tile.
var tileRecord = record{"dst", "src", "offs", "n", "w", "bias", "m", "segs", "groups", "step", "ldd", "mask", "zero", "lo", "hi", "sums", "plain", "scratch", "lanes", "ahead"}

// tileFile holds the matrix kernels of panels of 64, 32 and 16 channels.
func tileFile(c *build.Context) {
	lanes := lanesTable(c)
	tile512(c, "tile64AVX512", 4, []int{6, 4, 2, 1}, lanes)
	tile512(c, "tile32AVX512", 2, []int{10, 8, 6, 4, 2, 1}, lanes)
	tile512(c, "tile16AVX512", 1, []int{10, 8, 6, 4, 2, 1}, lanes)
}

// A tiler emits the kernel for blocks of pixels by vectors of 16 channels.
type tiler struct {
	*build.Context
	name    string
	vectors int
	lanes   operand.Mem
	left    operand.Mem // segments to go
}

// tile512 emits a function that takes pixels in blocks of the given sizes, the largest first.
func tile512(c *build.Context, name string, vectors int, blocks []int, lanes operand.Mem) {
	t := &tiler{Context: c, name: name, vectors: vectors, lanes: lanes}
	function(c, name, fmt.Sprintf("%s is tile.run for panels of %d channels, with AVX-512 VNNI.", name, 16*vectors))
	t.left = c.AllocLocal(8)
	offs, n, dst := c.AllocLocal(8), c.AllocLocal(8), c.AllocLocal(8)
	for _, f := range []struct {
		field string
		at    operand.Mem
	}{{"offs", offs}, {"n", n}, {"dst", dst}} {
		c.MOVQ(tileRecord.at(args, f.field), at)
		c.MOVQ(at, f.at)
	}
	if t.vectors == 4 {
		c.MOVQ(tileRecord.at(args, "ahead"), ahead)
	}
	c.KMOVQ(tileRecord.at(args, "mask"), reg.K1)
	for _, p := range blocks {
		again, next := fmt.Sprintf("block%d", p), fmt.Sprintf("after%d", p)
		c.Label(again)
		c.CMPQ(n, operand.U32(p))
		c.JLT(operand.LabelRef(next))
		t.block(p, offs, dst)
		c.SUBQ(operand.U32(p), n)
		c.ADDQ(operand.U32(4*p), offs)
		if t.vectors == 4 {
			c.ADDQ(operand.U32(64*fetched), ahead)
		}
		c.JMP(operand.LabelRef(again))
		c.Label(next)
	}
	c.VZEROUPPER()
	c.RET()
}

// block computes p pixels.
func (t *tiler) block(p int, offs, dst operand.Mem) {
	t.MOVQ(offs, at)
	for i := range p {
		t.MOVLQSX(mem(at, 4*i), pixels[i])
		t.ADDQ(tileRecord.at(args, "src"), pixels[i])
	}
	// Few sums are split, because each addition waits for the one before.
	split := 1
	if p*t.vectors < 8 {
		split = min(4, 16/(p*t.vectors))
	}
	acc := func(s, i, v int) reg.VecPhysical { return vector[(s*p+i)*t.vectors+v] }
	t.MOVQ(tileRecord.at(args, "bias"), at)
	for v := range t.vectors {
		t.VMOVDQU32(mem(at, 64*v), acc(0, 0, v))
		for i := 1; i < p; i++ {
			t.VMOVDQA64(acc(0, 0, v), acc(0, i, v))
		}
	}
	for k := p * t.vectors; k < split*p*t.vectors; k++ {
		t.VPXORD(vector[k], vector[k], vector[k])
	}
	t.multiply(p, split, acc)
	for k := p * t.vectors; k < split*p*t.vectors; k++ {
		t.VPADDD(vector[k], vector[k%(p*t.vectors)], vector[k%(p*t.vectors)])
	}
	t.finish(p, acc, dst)
}

// unroll is the number of groups of taps between two jumps: what counts them takes turns from the
// multiplications.
const unroll = 4

// fetched is the number of lines of the next panel that a block asks for while it reads unroll groups of
// its own, which are 16 lines: eight blocks bring the next panel into the second cache before its turn.
const fetched = 2

// multiply walks the segments.
func (t *tiler) multiply(p, split int, acc func(s, i, v int) reg.VecPhysical) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, p) }
	step := func(s int) {
		for v := range t.vectors {
			t.VMOVDQU64(mem(at, 64*(s*t.vectors+v)), weights[v])
		}
		for i := range p {
			t.VPBROADCASTD(operand.Mem{Base: pixels[i], Index: off, Scale: 1, Disp: 4 * s}, input)
			for v := range t.vectors {
				t.VPDPBUSD(weights[v], input, acc(s%split, i, v))
			}
		}
	}
	advance := func(groups int) {
		t.ADDQ(operand.I32(4*groups), off)
		t.ADDQ(operand.I32(64*t.vectors*groups), at)
	}
	t.MOVQ(tileRecord.at(args, "w"), at)
	t.MOVQ(tileRecord.at(args, "segs"), count)
	t.XORQ(off, off)
	t.Label(label("segment"))
	t.MOVQ(count, t.left)
	t.MOVQ(tileRecord.at(args, "groups"), count)
	t.SUBQ(operand.I32(unroll), count)
	t.JLT(operand.LabelRef(label("few")))
	t.Label(label("many"))
	if t.vectors == 4 {
		for i := range fetched {
			t.PREFETCHT1(operand.Mem{Base: at, Index: ahead, Scale: 1, Disp: 64 * i})
		}
	}
	for s := range unroll {
		step(s)
	}
	advance(unroll)
	t.SUBQ(operand.I32(unroll), count)
	t.JGE(operand.LabelRef(label("many")))
	t.Label(label("few"))
	t.ADDQ(operand.I32(unroll), count)
	t.JZ(operand.LabelRef(label("end")))
	t.Label(label("group"))
	step(0)
	advance(1)
	t.DECQ(count)
	t.JNZ(operand.LabelRef(label("group")))
	t.Label(label("end"))
	t.ADDQ(tileRecord.at(args, "step"), off)
	t.MOVQ(t.left, count)
	t.DECQ(count)
	t.JNZ(operand.LabelRef(label("segment")))
}

// finish requantizes and stores, or stores the sums.
func (t *tiler) finish(p int, acc func(s, i, v int) reg.VecPhysical, dst operand.Mem) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, p) }
	m, out, ldd := at, off, count
	t.MOVQ(dst, out)
	t.MOVQ(tileRecord.at(args, "ldd"), ldd)
	t.CMPQ(tileRecord.at(args, "sums"), operand.U8(0))
	t.JNE(operand.LabelRef(label("sums")))
	e := ending{t.Context, vector[24], vector[25], vector[26], vector[27], vector[28], t.lanes}
	e.load(tileRecord, m)
	t.MOVQ(tileRecord.at(args, "m"), m)
	for i := range p {
		var a []reg.VecPhysical
		for v := range t.vectors {
			a = append(a, acc(0, i, v))
		}
		e.requantize(tileRecord, a, func(v int) operand.Op { return mem(m, 64*v) }, func(s string) string { return fmt.Sprintf("%s%dof%d", s, i, p) })
		store(t.Context, a[0], t.vectors, out)
		t.ADDQ(ldd, out)
	}
	t.JMP(operand.LabelRef(label("done")))
	t.Label(label("sums"))
	for i := range p {
		for v := range t.vectors {
			t.VMOVDQU32(acc(0, i, v), mem(out, 64*v))
		}
		t.ADDQ(ldd, out)
	}
	t.Label(label("done"))
	t.MOVQ(out, dst)
}
