package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The scratch memory of a tile, as in tile_amd64.go: first the taps of up to six pixels, each with
// wideBytes, pitch bytes apart so that they do not fall on the same lines of the cache; then the sums.
const (
	wideBytes = 1024
	pitch     = wideBytes + 64
	sumsAt    = 6 * pitch
)

// An inner is how a set of instructions with 16 vectors of 32 bytes multiplies.
type inner struct {
	tap      int // bytes of a tap in scratch memory
	channels int // channels of two vectors of sums
	// fill brings 16 codes at from to scratch memory; fillGroup brings 4.
	fill, fillGroup func(c *build.Context, from, to operand.Mem)
	// weights loads those of one group of taps for the channels, multiply adds the products with the
	// group of a pixel at x.
	weights  func(c *build.Context, from operand.Mem)
	multiply func(c *build.Context, x operand.Mem, sums []reg.VecPhysical)
	// start loads sums that begin at the bias.
	start func(c *build.Context, bias operand.Mem, sums []reg.VecPhysical)
	// gather loads the sums of 16 channels, which are in parts next bytes apart, into two vectors.
	gather func(c *build.Context, from operand.Mem, next int, to []reg.VecPhysical)
}

// exact widens codes and weights to words, because no product of two bytes with another fits a word:
// a vector has two sums for each of four channels.
var exact = inner{
	tap: 2, channels: 8,
	fill: func(c *build.Context, from, to operand.Mem) {
		c.VPMOVZXBW(from, reg.Y0)
		c.VMOVDQU(reg.Y0, to)
	},
	fillGroup: func(c *build.Context, from, to operand.Mem) {
		c.VMOVD(from, reg.X0)
		c.VPMOVZXBW(reg.X0, reg.X0)
		c.VMOVQ(reg.X0, to)
	},
	weights: func(c *build.Context, from operand.Mem) {
		c.VPMOVSXBW(from, reg.Y12)
		c.VPMOVSXBW(from.Offset(16), reg.Y13)
	},
	multiply: func(c *build.Context, x operand.Mem, sums []reg.VecPhysical) {
		c.VPBROADCASTQ(x, reg.Y14)
		c.VPMADDWD(reg.Y12, reg.Y14, reg.Y15)
		c.VPADDD(reg.Y15, sums[0].AsY(), sums[0].AsY())
		c.VPMADDWD(reg.Y13, reg.Y14, reg.Y14)
		c.VPADDD(reg.Y14, sums[1].AsY(), sums[1].AsY())
	},
	start: func(c *build.Context, bias operand.Mem, sums []reg.VecPhysical) {
		c.VPMOVZXDQ(bias, sums[0].AsY())
		c.VPMOVZXDQ(bias.Offset(16), sums[1].AsY())
	},
	gather: func(c *build.Context, from operand.Mem, next int, to []reg.VecPhysical) {
		for v := range 2 {
			c.VMOVDQU(from.Offset(v*next), to[v].AsY())
			c.VPHADDD(from.Offset(v*next+32), to[v].AsY(), to[v].AsY())
			c.VPERMQ(operand.U8(0xd8), to[v].AsY(), to[v].AsY())
		}
	},
}

// dot uses VPDPBUSD of AVX-VNNI: a vector has one sum for each of eight channels.
var dot = inner{
	tap: 1, channels: 16,
	fill: func(c *build.Context, from, to operand.Mem) {
		c.VMOVDQU(from, reg.X0)
		c.VMOVDQU(reg.X0, to)
	},
	fillGroup: func(c *build.Context, from, to operand.Mem) {
		c.VMOVD(from, reg.X0)
		c.VMOVD(reg.X0, to)
	},
	weights: func(c *build.Context, from operand.Mem) {
		c.VMOVDQU(from, reg.Y12)
		c.VMOVDQU(from.Offset(32), reg.Y13)
	},
	multiply: func(c *build.Context, x operand.Mem, sums []reg.VecPhysical) {
		c.VPBROADCASTD(x, reg.Y14)
		dotVEX(c, reg.Z12, reg.Z14, sums[0])
		dotVEX(c, reg.Z13, reg.Z14, sums[1])
	},
	start: func(c *build.Context, bias operand.Mem, sums []reg.VecPhysical) {
		c.VMOVDQU(bias, sums[0].AsY())
		c.VMOVDQU(bias.Offset(32), sums[1].AsY())
	},
	gather: func(c *build.Context, from operand.Mem, _ int, to []reg.VecPhysical) {
		c.VMOVDQU(from, to[0].AsY())
		c.VMOVDQU(from.Offset(32), to[1].AsY())
	},
}

// tile256File holds the matrix kernels for vectors of 32 bytes.
func tile256File(c *build.Context) {
	tile256(c, "tileAVX2", "with AVX2", exact)
	tile256(c, "tileAVXVNNI", "with AVX-VNNI", dot)
}

// A tiler256 emits a kernel that takes pixels in blocks. It brings as many groups of taps of a block as
// fit into scratch memory, then adds up their products channels by channels, and so on; sums rest in
// scratch memory.
type tiler256 struct {
	*build.Context
	in                                  inner
	offs, n, dst, segs, left, w, groups operand.Mem // the call's state
}

func tile256(c *build.Context, name, with string, in inner) {
	t := &tiler256{Context: c, in: in}
	function(c, name, fmt.Sprintf("%s is tile.run for panels of any size, %s.", name, with))
	for _, m := range []*operand.Mem{&t.offs, &t.n, &t.dst, &t.segs, &t.left, &t.w, &t.groups} {
		*m = c.AllocLocal(8)
	}
	for _, f := range []struct {
		field string
		to    operand.Mem
	}{{"offs", t.offs}, {"n", t.n}, {"dst", t.dst}} {
		c.MOVQ(tileRecord.at(args, f.field), at)
		c.MOVQ(at, f.to)
	}
	c.MOVQ(tileRecord.at(args, "scratch"), scratch)
	for _, p := range []int{6, 4, 2, 1} {
		again, next := fmt.Sprintf("block%d", p), fmt.Sprintf("after%d", p)
		c.Label(again)
		c.CMPQ(t.n, operand.U32(p))
		c.JLT(operand.LabelRef(next))
		t.block(p)
		c.SUBQ(operand.U32(p), t.n)
		c.ADDQ(operand.U32(4*p), t.offs)
		c.JMP(operand.LabelRef(again))
		c.Label(next)
	}
	c.VZEROUPPER()
	c.RET()
}

// Registers of tile256: scratch memory, what is filled of it, six pixels.
var (
	scratch, filled = reg.RSI, reg.RBX
	six             = []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}
)

// block computes p pixels.
func (t *tiler256) block(p int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, p) }
	ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
	r := tileRecord
	t.MOVQ(t.offs, at)
	for i := range p {
		t.MOVLQSX(mem(at, 4*i), six[i])
		t.ADDQ(r.at(args, "src"), six[i])
	}
	// Sums begin at the bias.
	t.MOVQ(r.at(args, "bias"), at)
	t.LEAQ(mem(scratch, sumsAt), filled)
	t.MOVQ(r.at(args, "lanes"), count)
	t.Label(label("bias"))
	t.in.start(t.Context, mem(at, 0), vector[:2])
	for i := range p {
		t.VMOVDQU(reg.Y0, mem(filled, 64*i))
		t.VMOVDQU(reg.Y1, mem(filled, 64*i+32))
	}
	t.ADDQ(operand.I32(4*t.in.channels), at)
	t.ADDQ(operand.I32(64*p), filled)
	t.SUBQ(operand.I32(t.in.channels), count)
	t.JNZ(ref("bias"))

	t.MOVQ(r.at(args, "w"), at)
	t.MOVQ(at, t.w)
	t.MOVQ(r.at(args, "segs"), at)
	t.MOVQ(at, t.segs)
	t.MOVQ(r.at(args, "groups"), at)
	t.MOVQ(at, t.left)
	t.Label(label("fill"))
	t.XORQ(filled, filled)
	t.Label(label("piece"))
	t.fill(p, label)
	// The next segment, when this one is done.
	t.MOVQ(t.left, at)
	t.SUBQ(t.groups, at)
	t.JNZ(ref("more"))
	t.DECQ(t.segs)
	t.JZ(ref("filled"))
	for i := range p {
		t.ADDQ(r.at(args, "step"), six[i])
	}
	t.MOVQ(r.at(args, "groups"), at)
	t.Label(label("more"))
	t.MOVQ(at, t.left)
	t.CMPQ(filled, operand.I32(wideBytes))
	t.JLT(ref("piece"))
	t.Label(label("filled"))
	t.multiply(p, label)
	t.CMPQ(t.segs, operand.U8(0))
	t.JNE(ref("fill"))
	t.finish(p, label)
}

// fill brings groups of a segment, as many as are left or fit, behind what is filled.
func (t *tiler256) fill(p int, label func(string) string) {
	groups, x, to := reg.RDX, reg.RAX, reg.RCX
	group := 4 * t.in.tap
	each := func(move func(c *build.Context, from, to operand.Mem), n int) {
		for i := range p {
			move(t.Context, operand.Mem{Base: six[i], Index: x, Scale: 1}, operand.Mem{Base: scratch, Index: to, Scale: 1, Disp: i * pitch})
		}
		t.ADDQ(operand.I32(4*n), x)
		t.ADDQ(operand.I32(group*n), to)
	}
	t.MOVQ(operand.I32(wideBytes), groups)
	t.SUBQ(filled, groups)
	t.SHRQ(operand.U8(log2(group)), groups)
	t.CMPQ(groups, t.left)
	t.CMOVQGT(t.left, groups)
	t.MOVQ(groups, t.groups)
	t.MOVQ(filled, to)
	t.XORQ(x, x)
	t.SUBQ(operand.I32(4), groups)
	t.JLT(operand.LabelRef(label("few")))
	t.Label(label("four"))
	each(t.in.fill, 4)
	t.SUBQ(operand.I32(4), groups)
	t.JGE(operand.LabelRef(label("four")))
	t.Label(label("few"))
	t.ADDQ(operand.I32(4), groups)
	t.JZ(operand.LabelRef(label("none")))
	t.Label(label("one"))
	each(t.in.fillGroup, 1)
	t.DECQ(groups)
	t.JNZ(operand.LabelRef(label("one")))
	t.Label(label("none"))
	for i := range p {
		t.ADDQ(x, six[i])
	}
	t.MOVQ(to, filled)
}

func log2(n int) int {
	if n == 8 {
		return 3
	}
	return 2
}

// multiply adds up the products of what is filled.
func (t *tiler256) multiply(p int, label func(string) string) {
	ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
	sums, lanes, stride, x, w := reg.R14, reg.RDX, reg.R15, reg.RCX, reg.RAX
	acc := func(i int) []reg.VecPhysical { return vector[2*i : 2*i+2] }
	group := 4 * t.in.tap
	t.LEAQ(mem(scratch, sumsAt), sums)
	t.MOVQ(tileRecord.at(args, "lanes"), lanes)
	t.MOVQ(lanes, stride)
	t.SHLQ(operand.U8(2), stride)
	t.Label(label("channels"))
	t.MOVQ(t.w, w)
	for i := range p {
		for v, a := range acc(i) {
			t.VMOVDQU(mem(sums, 64*i+32*v), a.AsY())
		}
	}
	step := func(s int) {
		from := operand.Mem{Base: w}
		if s > 0 {
			from.Index, from.Scale = stride, uint8(s)
		}
		t.in.weights(t.Context, from)
		for i := range p {
			t.in.multiply(t.Context, operand.Mem{Base: scratch, Index: x, Scale: 1, Disp: i*pitch + s*group}, acc(i))
		}
	}
	t.XORQ(x, x)
	t.SUBQ(operand.I32(group), filled)
	t.JZ(ref("last"))
	t.Label(label("two"))
	step(0)
	step(1)
	t.LEAQ(operand.Mem{Base: w, Index: stride, Scale: 2}, w)
	t.ADDQ(operand.I32(2*group), x)
	t.CMPQ(x, filled)
	t.JLT(ref("two"))
	t.JNE(ref("even"))
	t.Label(label("last"))
	step(0)
	t.Label(label("even"))
	t.ADDQ(operand.I32(group), filled)
	for i := range p {
		for v, a := range acc(i) {
			t.VMOVDQU(a.AsY(), mem(sums, 64*i+32*v))
		}
	}
	t.ADDQ(operand.I32(64*p), sums)
	t.ADDQ(operand.I32(4*t.in.channels), t.w)
	t.SUBQ(operand.I32(t.in.channels), lanes)
	t.JNZ(ref("channels"))
	// The weights of all channels but of the first group were passed; go to the next groups.
	t.SHRQ(operand.U8(log2(group)), filled)
	t.DECQ(filled)
	t.IMULQ(stride, filled)
	t.ADDQ(filled, t.w)
}

// finish takes sums to codes, or stores them.
func (t *tiler256) finish(p int, label func(string) string) {
	ref := func(s string) operand.Op { return operand.LabelRef(label(s)) }
	r := tileRecord
	pixel, sums, out, m, lanes, mask, bits, x := reg.R8, reg.R9, reg.R10, reg.R11, reg.RDX, reg.R12, reg.RCX, reg.RAX
	pixels := reg.RBX
	next := 64 * p // to the sums of the same pixel and the next channels
	each := next * 16 / t.in.channels
	e := ending256{t.Context, reg.Y15, reg.Y14, reg.X13, reg.X12}
	e.load(r, x)
	t.LEAQ(mem(scratch, sumsAt), pixel)
	t.MOVQ(operand.I32(p), pixels)
	t.Label(label("pixel"))
	t.MOVQ(pixel, sums)
	t.MOVQ(t.dst, out)
	t.MOVQ(r.at(args, "m"), m)
	t.MOVQ(r.at(args, "lanes"), lanes)
	t.MOVQ(r.at(args, "mask"), mask)
	t.Label(label("sixteen"))
	t.in.gather(t.Context, mem(sums, 0), next, vector[:2])
	t.CMPQ(r.at(args, "sums"), operand.U8(0))
	t.JNE(ref("sums"))
	t.VCVTDQ2PS(reg.Y0, reg.Y0)
	t.VCVTDQ2PS(reg.Y1, reg.Y1)
	t.VMULPS(mem(m, 0), reg.Y0, reg.Y0)
	t.VMULPS(mem(m, 32), reg.Y1, reg.Y1)
	e.round(reg.Y0)
	e.round(reg.Y1)
	e.codes16(reg.Z0, reg.Z1)
	t.MOVWLZX(mask.As16(), bits.As32())
	storeLow(t.Context, reg.Z0, 16, bits, x, out, func(s string) string { return label(s + "at") })
	t.ADDQ(operand.I32(16), out)
	t.SHRQ(operand.U8(16), mask)
	t.ADDQ(operand.I32(64), m)
	t.Label(label("next"))
	t.ADDQ(operand.I32(each), sums)
	t.SUBQ(operand.I32(16), lanes)
	t.JNZ(ref("sixteen"))
	t.MOVQ(r.at(args, "ldd"), x)
	t.ADDQ(x, t.dst)
	t.ADDQ(operand.I32(64), pixel)
	t.DECQ(pixels)
	t.JNZ(ref("pixel"))
	t.JMP(ref("done"))
	t.Label(label("sums"))
	t.VMOVDQU(reg.Y0, mem(out, 0))
	t.VMOVDQU(reg.Y1, mem(out, 32))
	t.ADDQ(operand.I32(64), out)
	t.JMP(ref("next"))
	t.Label(label("done"))
}
