package arm64

import "fmt"

// Registers of tile and spots: the panel's part of 16 channels, the block of pixels.
//
//	R0 struct   R1 weights  R2 lanes left  R3 results  R4 mask  R5 multipliers  R6 first sums  R7 bias
//	R8 pixels left  R9 offsets  R10 result  R11-R14 pixels  R15 weights of a group  R16 segments
//	R17 groups  R19 bytes between groups  R20 ldd  R21 step  R22 src  R26 sums wanted
//
// V16 to V31 are sums: four vectors for a pixel. V0 to V3 are codes, V4 to V7 and more are weights, V8
// is 128 in every byte, V9 the zero point, V10 and V11 the least and the greatest code.
const (
	codes128, zeroPoint, least, greatest = 8, 9, 10, 11
	sumsFrom, weightsFrom                = 16, 4
)

// How a register gets the address of scratch memory, of 128 bytes at least: a pointer in tile, a field
// of spots.
const (
	tileScratch  = "MOVD 136(R0), R%d"
	spotsScratch = "ADD $144, R0, R%d"
)

// Tile is the file of the matrix kernels.
func Tile() []byte {
	t := begin()
	t.tile("tileNEONDot", "is tile.run with the dot product of bytes.", true)
	t.tile("tileNEON", "is tile.run with products of words.", false)
	return t.Bytes()
}

func (t *text) tile(name, doc string, dot bool) {
	t.function(name, doc)
	t.ops("MOVD 0(R0), R3", "MOVD 8(R0), R22", "MOVD 32(R0), R1", "MOVD 40(R0), R7", "MOVD 48(R0), R5", "MOVD 72(R0), R21", "MOVD 80(R0), R20",
		"MOVD 88(R0), R4", "MOVD 120(R0), R26", "MOVD 144(R0), R2", "LSL $2, R2, R19")
	t.constants(96)
	t.label("panel")
	t.ops("CBNZ R26, wanted", "AND $0xffff, R4, R23", "CBZ R23, done")
	t.label("wanted")
	if dot {
		t.ops("MOVD 56(R0), R16", "MOVD 64(R0), R17", "MUL R17, R16")
		t.correction(tileScratch)
	} else {
		t.op("MOVD R7, R6")
	}
	t.ops("MOVD 24(R0), R8", "MOVD 16(R0), R9", "MOVD R3, R10")
	for _, p := range []int{4, 1} {
		l := func(s string) string { return fmt.Sprintf("%s%d", s, p) }
		t.label(l("block"))
		t.ops(fmt.Sprintf("CMP $%d, R8", p), "BLT "+l("next"))
		for i := range p {
			t.op("MOVW %d(R9), R%d", 4*i, 11+i)
			t.op("ADD R22, R%d", 11+i)
			for v := range 4 {
				t.op("FMOVQ %d(R6), F%d", 16*v, sumsFrom+4*i+v)
			}
		}
		t.ops("MOVD R1, R15", "MOVD 56(R0), R16")
		t.label(l("segment"))
		t.op("MOVD 64(R0), R17")
		if dot {
			t.dots(p, l)
		} else {
			t.products(p, l)
		}
		for i := range p {
			t.op("ADD R21, R%d", 11+i)
		}
		t.ops("SUBS $1, R16", "BNE "+l("segment"))
		t.op("CBNZ R26, %s", l("sums"))
		for v := range 4 {
			t.op("FMOVQ %d(R5), F%d", 16*v, weightsFrom+v)
		}
		for i := range p {
			t.finish(i, tileScratch, func(s string) string { return fmt.Sprintf("%s%dof%d", s, i, p) })
		}
		t.op("B %s", l("after"))
		t.label(l("sums"))
		for i := range p {
			for v := range 4 {
				t.op("FMOVQ F%d, %d(R10)", sumsFrom+4*i+v, 16*v)
			}
			t.op("ADD R20, R10")
		}
		t.label(l("after"))
		t.ops(fmt.Sprintf("ADD $%d, R9", 4*p), fmt.Sprintf("SUB $%d, R8", p), "B "+l("block"))
		t.label(l("next"))
	}
	t.ops("ADD $64, R1", "ADD $64, R5", "ADD $64, R7", "LSR $16, R4", "CBZ R26, codes", "ADD $48, R3")
	t.label("codes")
	t.ops("ADD $16, R3", "SUBS $16, R2", "BNE panel")
	t.label("done")
	t.op("RET")
}

// constants loads the fields zero, lo and hi, of which zero is at the given place of the struct.
func (t *text) constants(zero int) {
	t.ops("MOVD $128, R23", fmt.Sprintf("VDUP R23, V%d.B16", codes128))
	for i, s := range []string{"H8", "B16", "B16"} {
		t.op("MOVD %d(R0), R23", zero+8*i)
		t.op("VDUP R23, V%d.%s", zeroPoint+i, s)
	}
}

// correction stores where sums begin that are made of codes less 128: bias and 128 times the weights of
// R16 groups. The scratch memory is given by the instruction that finds it.
func (t *text) correction(scratch string) {
	t.op("MOVD R1, R15")
	for v := range 4 {
		t.op("VEOR V%[1]d.B16, V%[1]d.B16, V%[1]d.B16", sumsFrom+v)
	}
	t.label("correct")
	for v := range 4 {
		t.op("FMOVQ %d(R15), F%d", 16*v, weightsFrom+v)
		t.v("sdot.4s", sumsFrom+v, weightsFrom+v, codes128) // as signed bytes, -128
	}
	t.ops("ADD R19, R15", "SUBS $1, R16", "BNE correct", fmt.Sprintf(scratch, 6))
	for v := range 4 {
		t.op("FMOVQ %d(R7), F%d", 16*v, weightsFrom+v)
		t.v("sub.4s", weightsFrom+v, weightsFrom+v, sumsFrom+v)
		t.op("FMOVQ F%d, %d(R6)", weightsFrom+v, 16*v)
	}
}

// dots adds up a segment of R17 groups.
func (t *text) dots(p int, l func(string) string) {
	group := func(index int) {
		for v := range 4 {
			t.op("FMOVQ %d(R15), F%d", 16*v, weightsFrom+v)
		}
		t.op("ADD R19, R15")
		for i := range p {
			for v := range 4 {
				t.encoded(encodeSDOTElement(sumsFrom+4*i+v, weightsFrom+v, i, index))
			}
		}
	}
	t.ops("SUBS $4, R17", "BLT "+l("few"))
	t.label(l("four"))
	for i := range p {
		t.op("FMOVQ.P 16(R%d), F%d", 11+i, i)
		t.v("eor.16b", i, i, codes128)
	}
	for index := range 4 {
		group(index)
	}
	t.ops("SUBS $4, R17", "BGE "+l("four"))
	t.label(l("few"))
	t.ops("ADDS $4, R17", "BEQ "+l("end"))
	t.label(l("one"))
	for i := range p {
		t.op("FMOVS.P 4(R%d), F%d", 11+i, i)
		t.v("eor.16b", i, i, codes128)
	}
	group(0)
	t.ops("SUBS $1, R17", "BNE "+l("one"))
	t.label(l("end"))
}

// products adds up a segment of R17 groups. The weights of 16 channels by four taps are turned, so that
// a vector has one tap of several channels.
func (t *text) products(p int, l func(string) string) {
	t.label(l("one"))
	for v := range 4 {
		t.op("FMOVQ %d(R15), F%d", 16*v, 12+v)
	}
	t.op("ADD R19, R15")
	// Even and odd taps of channels 0 to 7 and 8 to 15, then single taps of all.
	for half := range 2 {
		t.v("uzp1.16b", 4+half, 12+2*half, 13+2*half)
		t.v("uzp2.16b", 6+half, 12+2*half, 13+2*half)
	}
	t.v("uzp1.16b", 12, 4, 5)
	t.v("uzp2.16b", 14, 4, 5)
	t.v("uzp1.16b", 13, 6, 7)
	t.v("uzp2.16b", 15, 6, 7)
	for i := range p {
		t.op("FMOVS.P 4(R%d), F%d", 11+i, i)
		t.v("uxtl.8h", i, i)
	}
	for tap := range 4 {
		t.v("sxtl.8h", 4, 12+tap)
		t.v("sxtl2.8h", 5, 12+tap)
		for i := range p {
			for v := range 4 {
				t.encoded(encodeSMLALElement(sumsFrom+4*i+v, 4+v/2, i, tap, v%2 == 1))
			}
		}
	}
	t.ops("SUBS $1, R17", "BNE "+l("one"))
}

// finish takes the sums of pixel i to codes, with multipliers in the vectors from weightsFrom on, and
// stores those that the mask has; R10 goes to the next pixel.
func (t *text) finish(i int, scratch string, l func(string) string) {
	a := sumsFrom + 4*i
	for v := range 4 {
		t.v("scvtf.4s", a+v, a+v)
		t.v("fmul.4s", a+v, a+v, weightsFrom+v)
		t.v("fcvtns.4s", a+v, a+v)
	}
	t.pack(a, 2)
	t.ops("AND $0xffff, R4, R23", "EOR $0xffff, R23, R24", "CBNZ R24, "+l("part"), "FMOVQ F2, (R10)", "B "+l("stored"))
	t.label(l("part"))
	t.ops(fmt.Sprintf(scratch, 24), "FMOVQ F2, 64(R24)", "ADD $64, R24", "MOVD R10, R25")
	t.label(l("byte"))
	t.ops("MOVBU.P 1(R24), R17", "MOVB.P R17, 1(R25)", "LSR $1, R23", "CBNZ R23, "+l("byte"))
	t.label(l("stored"))
	t.op("ADD R20, R10")
}

// pack takes integers in four vectors from a on to codes in vector to; V0 and V1 are spent.
func (t *text) pack(a, to int) {
	for half := range 2 {
		t.v("sqxtn.4h", half, a+2*half)
		t.v("sqxtn2.8h", half, a+2*half+1)
		t.v("sqadd.8h", half, half, zeroPoint)
	}
	t.v("sqxtun.8b", to, 0)
	t.v("sqxtun2.8b", to, 1)
	t.v("umax.16b", to, to, least)
	t.v("umin.16b", to, to, greatest)
}
