package arm64

import "fmt"

// TileF32 is the file of the matrix kernel for float32 numbers. Products and sums are rounded one by
// one.
func TileF32() []byte {
	t := begin()
	t.function("tileF32x16NEON", "is tileF32.run for 16 channels, all stored.")
	t.ops("MOVD 0(R0), R3", "MOVD 8(R0), R22", "MOVD 16(R0), R9", "MOVD 24(R0), R4", "MOVD 32(R0), R8", "MOVD 48(R0), R6", "MOVD 72(R0), R21", "MOVD 80(R0), R20",
		"MOVD 96(R0), R19")
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
		t.ops("MOVD 40(R0), R15", "MOVD 56(R0), R16")
		t.label(l("segment"))
		t.op("MOVD 64(R0), R17")
		t.label(l("tap"))
		for v := range 4 {
			t.op("FMOVQ %d(R15), F%d", 16*v, weightsFrom+v)
		}
		t.op("ADD R19, R15")
		for i := range p {
			t.op("FMOVS.P 4(R%d), F%d", 11+i, i)
			for v := range 4 {
				t.encoded(encodeFMULElement(8+v, weightsFrom+v, i))
			}
			for v := range 4 {
				t.v("fadd.4s", sumsFrom+4*i+v, sumsFrom+4*i+v, 8+v)
			}
		}
		t.ops("SUBS $1, R17", "BNE "+l("tap"), "ADD R20, R15")
		for i := range p {
			t.op("ADD R21, R%d", 11+i)
		}
		t.ops("SUBS $1, R16", "BNE "+l("segment"))
		for i := range p {
			t.op("MOVW %d(R4), R23", 4*i)
			t.op("ADD R3, R23")
			for v := range 4 {
				t.op("FMOVQ F%d, %d(R23)", sumsFrom+4*i+v, 16*v)
			}
		}
		t.ops(fmt.Sprintf("ADD $%d, R9", 4*p), fmt.Sprintf("ADD $%d, R4", 4*p), fmt.Sprintf("SUB $%d, R8", p), "B "+l("block"))
		t.label(l("next"))
	}
	t.op("RET")
	return t.Bytes()
}
