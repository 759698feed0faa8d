package arm64

// Depthwise is the file of what a depthwise convolution is made of.
func Depthwise() []byte {
	t := begin()
	t.columns()
	t.spots("spotsNEONDot", "is spots.run with the dot product of bytes.", true)
	t.spots("spotsNEON", "is spots.run with products of words.", false)
	return t.Bytes()
}

// columns interleaves 16 codes of four rows at a time.
func (t *text) columns() {
	t.function("columnsNEON", "is columns.run for a multiple of 16 codes.")
	t.ops("MOVD 0(R0), R1", "MOVD 40(R0), R2")
	for i := range 4 {
		t.op("MOVD %d(R0), R%d", 8+8*i, 3+i)
	}
	t.label("again")
	for i := range 4 {
		t.op("FMOVQ.P 16(R%d), F%d", 3+i, i)
	}
	t.v("zip1.16b", 4, 0, 1)
	t.v("zip2.16b", 5, 0, 1)
	t.v("zip1.16b", 6, 2, 3)
	t.v("zip2.16b", 7, 2, 3)
	for half := range 2 {
		t.v("zip1.8h", 0, 4+half, 6+half)
		t.v("zip2.8h", 1, 4+half, 6+half)
		t.ops("FMOVQ.P F0, 16(R1)", "FMOVQ.P F1, 16(R1)")
	}
	t.ops("SUBS $16, R2", "BNE again", "RET")
}

// spots computes 16 channels of one output at a time. Registers are those of tile; R21 is the distance
// between taps, R9 between outputs, R11 the output's codes, R12 a plane's, R13 a tap's.
func (t *text) spots(name, doc string, dot bool) {
	t.function(name, doc)
	t.ops("MOVD 0(R0), R3", "MOVD 8(R0), R22", "MOVD 24(R0), R1", "MOVD 32(R0), R7", "MOVD 40(R0), R5", "MOVD 72(R0), R21", "MOVD 80(R0), R9", "MOVD 88(R0), R20",
		"MOVD 96(R0), R4", "MOVD 136(R0), R2", "LSL $2, R2, R19")
	t.constants(104)
	t.label("panel")
	t.ops("AND $0xffff, R4, R23", "CBZ R23, done")
	if dot {
		t.ops("MOVD 48(R0), R16", "MOVD 56(R0), R17", "MUL R17, R16")
		t.correction(spotsScratch)
	} else {
		t.op("MOVD R7, R6")
	}
	t.ops("MOVD 16(R0), R8", "MOVD R3, R10", "MOVD R22, R11")
	t.label("output")
	for v := range 4 {
		if dot {
			t.op("FMOVQ %d(R6), F%d", 16*v, sumsFrom+v)
			continue
		}
		for c := range 4 {
			t.op("VEOR V%[1]d.B16, V%[1]d.B16, V%[1]d.B16", sumsFrom+4*v+c)
		}
	}
	t.ops("MOVD R1, R15", "MOVD R11, R12", "MOVD 48(R0), R16")
	t.label("plane")
	t.ops("MOVD R12, R13", "MOVD 56(R0), R17")
	t.label("tap")
	for v := range 4 {
		t.op("FMOVQ %d(R13), F0", 16*v)
		t.op("FMOVQ %d(R15), F4", 16*v)
		if dot {
			t.v("eor.16b", 0, 0, codes128)
			t.v("sdot.4s", sumsFrom+v, 4, 0)
			continue
		}
		// A vector of sums for each channel.
		t.v("uxtl.8h", 1, 0)
		t.v("uxtl2.8h", 2, 0)
		t.v("sxtl.8h", 5, 4)
		t.v("sxtl2.8h", 6, 4)
		t.v("smlal.4s", sumsFrom+4*v, 1, 5)
		t.v("smlal2.4s", sumsFrom+4*v+1, 1, 5)
		t.v("smlal.4s", sumsFrom+4*v+2, 2, 6)
		t.v("smlal2.4s", sumsFrom+4*v+3, 2, 6)
	}
	t.ops("ADD R19, R15", "ADD R21, R13", "SUBS $1, R17", "BNE tap")
	t.ops("MOVD 64(R0), R23", "ADD R23, R12", "SUBS $1, R16", "BNE plane")
	if !dot {
		for v := range 4 {
			a := sumsFrom + 4*v
			t.v("addp.4s", a, a, a+1)
			t.v("addp.4s", a+1, a+2, a+3)
			t.v("addp.4s", a, a, a+1)
			t.op("FMOVQ %d(R6), F0", 16*v)
			t.v("add.4s", sumsFrom+v, a, 0)
		}
	}
	for v := range 4 {
		t.op("FMOVQ %d(R5), F%d", 16*v, weightsFrom+v)
	}
	t.finish(0, spotsScratch, func(s string) string { return s })
	t.ops("ADD R9, R11", "SUBS $1, R8", "BNE output")
	t.ops("ADD $64, R22", "ADD $64, R1", "ADD $64, R5", "ADD $64, R7", "LSR $16, R4", "ADD $16, R3", "SUBS $16, R2", "BNE panel")
	t.label("done")
	t.op("RET")
}
