package arm64

// Sum is the file of the sum of two rows of codes.
func Sum() []byte {
	t := begin()
	t.function("sumNEON", "is Sum.add for a multiple of 16 codes.")
	t.ops("MOVD 0(R0), R1", "MOVD 8(R0), R2", "MOVD 16(R0), R3", "MOVD 24(R0), R4")
	t.constants(64)
	for i := range 4 { // oa, ob, ma, mb
		t.op("MOVD %d(R0), R23", 32+8*i)
		t.op("VDUP R23, V%d.S4", 12+i)
	}
	t.label("again")
	for operand, p := range []int{2, 3} {
		to := 16 + 4*operand
		t.op("FMOVQ.P 16(R%d), F0", p)
		t.v("uxtl.8h", 1, 0)
		t.v("uxtl2.8h", 2, 0)
		for half := range 2 {
			t.v("uxtl.4s", to+2*half, 1+half)
			t.v("uxtl2.4s", to+2*half+1, 1+half)
		}
		for v := range 4 {
			t.v("sub.4s", to+v, to+v, 12+operand)
			t.v("scvtf.4s", to+v, to+v)
			t.v("fmul.4s", to+v, to+v, 14+operand)
		}
	}
	for v := range 4 {
		t.v("fadd.4s", 16+v, 16+v, 20+v)
		t.v("fcvtns.4s", 16+v, 16+v)
	}
	t.pack(16, 2)
	t.ops("FMOVQ.P F2, 16(R1)", "SUBS $16, R4", "BNE again", "RET")
	return t.Bytes()
}

// Quantize is the file of what takes numbers to codes. NaN becomes the integer 0.
func Quantize() []byte {
	t := begin()
	t.function("quantizeNEON", "is Codes.quantize for a multiple of 16 numbers.")
	t.ops("MOVD 0(R0), R1", "MOVD 8(R0), R2", "MOVD 16(R0), R4")
	t.constants(48)
	for i := range 3 { // r, least, most
		t.op("MOVD %d(R0), R23", 24+8*i)
		t.op("VDUP R23, V%d.S4", 12+i)
	}
	t.label("again")
	for v := range 4 {
		a := 16 + v
		t.op("FMOVQ.P 16(R2), F%d", a)
		t.v("fmul.4s", a, a, 12)
		t.v("fmax.4s", a, a, 13)
		t.v("fmin.4s", a, a, 14)
		t.v("fcvtns.4s", a, a)
	}
	t.pack(16, 2)
	t.ops("FMOVQ.P F2, 16(R1)", "SUBS $16, R4", "BNE again", "RET")
	return t.Bytes()
}
