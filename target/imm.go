package target

import "math"

// Imm is the bit pattern of an immediate, in the low bits; the instruction's Type says how to read it.
type Imm uint32

// ImmF32 is a float immediate.
func ImmF32(x float32) Imm { return Imm(math.Float32bits(x)) }

// ImmInt is an integer immediate of the given type: only the type's low bits are kept.
func ImmInt(t Type, x int) Imm {
	switch t.Size() {
	case 1:
		return Imm(uint8(x))
	case 2:
		return Imm(uint16(x))
	}
	return Imm(uint32(x))
}

// ImmF16 is the half nearest to x, ties to even; beyond the range it is infinite.
func ImmF16(x float32) Imm { return Imm(halfBits(x)) }

func halfBits(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	exp, man := int(b>>23&0xff)-127, b&0x7fffff
	switch {
	case exp == 128:
		if man != 0 {
			return sign | 0x7e00
		}
		return sign | 0x7c00
	case exp > 15:
		return sign | 0x7c00
	case exp < -25:
		return sign
	}
	man |= 0x800000
	shift := uint(13)
	base := uint32(exp+14) << 10 // one less in the exponent: the hidden bit adds it
	if exp < -14 {
		shift, base = uint(13-14-exp), 0
	}
	q, rest, half := man>>shift, man&(1<<shift-1), uint32(1)<<(shift-1)
	if rest > half || rest == half && q&1 == 1 {
		q++
	}
	return sign | uint16(base+q)
}

// Float32 reads the pattern as a float32.
func (i Imm) Float32() float32 { return math.Float32frombits(uint32(i)) }
