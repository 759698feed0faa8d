package tensor

import (
	"encoding/binary"
	"math"
)

// Types that no compiled network has are held widened: F16 and BF16 as the float64 of the same value, Bool
// as 0 or 1, unsigned integers as the int64 of the same value, U64 as the int64 of the same bits. Code that
// takes any number type reads and writes elements through the methods of this file.

// IsFloat says whether the elements are floating-point numbers.
func (d DType) IsFloat() bool { return d == F32 || d == F64 || d == F16 || d == BF16 }

// Real is element i as float64; exact but for large integers.
func (t *Tensor) Real(i int) float64 {
	switch {
	case t.F32 != nil:
		return float64(t.F32[i])
	case t.F64 != nil:
		return t.F64[i]
	case t.DType == U64:
		return float64(uint64(t.I64[i]))
	}
	return float64(t.Int(i))
}

// Int is element i of an integer tensor.
func (t *Tensor) Int(i int) int64 {
	switch {
	case t.I64 != nil:
		return t.I64[i]
	case t.I8 != nil:
		return int64(t.I8[i])
	case t.I32 != nil:
		return int64(t.I32[i])
	}
	return int64(t.I16[i])
}

// SetReal stores v in element i of a floating-point tensor, rounded to its type.
func (t *Tensor) SetReal(i int, v float64) {
	if t.F32 != nil {
		t.F32[i] = float32(v)
		return
	}
	t.F64[i] = t.DType.Round(v)
}

// SetInt stores v in element i of an integer tensor; only the low bits that the type has are kept.
func (t *Tensor) SetInt(i int, v int64) {
	switch {
	case t.I64 != nil:
		t.I64[i] = t.DType.Wrap(v)
	case t.I8 != nil:
		t.I8[i] = int8(v)
	case t.I32 != nil:
		t.I32[i] = int32(v)
	default:
		t.I16[i] = int16(v)
	}
}

// Move stores element j of u, a tensor of the same type, in element i.
func (t *Tensor) Move(i int, u *Tensor, j int) {
	switch {
	case t.F32 != nil:
		t.F32[i] = u.F32[j]
	case t.I8 != nil:
		t.I8[i] = u.I8[j]
	case t.I64 != nil:
		t.I64[i] = u.I64[j]
	case t.F64 != nil:
		t.F64[i] = u.F64[j]
	case t.I32 != nil:
		t.I32[i] = u.I32[j]
	default:
		t.I16[i] = u.I16[j]
	}
}

// Wrap keeps the low bits that an integer type has; of a Bool whether it is not zero.
func (d DType) Wrap(v int64) int64 {
	switch d {
	case Bool:
		if v != 0 {
			return 1
		}
		return 0
	case U8:
		return int64(uint8(v))
	case U16:
		return int64(uint16(v))
	case U32:
		return int64(uint32(v))
	case I8:
		return int64(int8(v))
	case I16:
		return int64(int16(v))
	case I32:
		return int64(int32(v))
	}
	return v
}

// Round is v rounded half to even to a floating-point type, as a float64.
func (d DType) Round(v float64) float64 {
	switch d {
	case F32:
		return float64(float32(v))
	case F16:
		return roundTo(v, 10, -14, 15)
	case BF16:
		return roundTo(v, 7, -126, 127)
	}
	return v
}

// roundTo rounds half to even to a binary format with so many bits of fraction and such exponents.
func roundTo(v float64, fraction, least, most int) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	_, e := math.Frexp(v) // |v| in [2^(e-1), 2^e)
	unit := math.Ldexp(1, max(e-1, least)-fraction)
	r := math.RoundToEven(v/unit) * unit
	if math.Abs(r) >= math.Ldexp(1, most+1) {
		return math.Copysign(math.Inf(1), v)
	}
	return math.Copysign(r, v)
}

// HalfBits are the bits of an F16 value.
func HalfBits(v float64) uint16 {
	sign := uint16(math.Float64bits(v) >> 48 & 0x8000)
	switch a := math.Abs(v); {
	case v != v:
		return 0x7e00
	case math.IsInf(v, 0):
		return sign | 0x7c00
	case a < 0x1p-14:
		return sign | uint16(a*0x1p24)
	default:
		f, e := math.Frexp(a)
		return sign | uint16(e+14)<<10 | uint16((f*2-1)*1024)
	}
}

// Half is the exact value of the bits of an F16.
func Half(h uint16) float64 {
	sign, exp, frac := 1.0, int(h>>10&31), float64(h&1023)
	if h&0x8000 != 0 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

func (t *Tensor) wideBytes(out []byte) []byte {
	le := binary.LittleEndian
	for _, v := range t.F64 {
		switch t.DType {
		case F16:
			out = le.AppendUint16(out, HalfBits(v))
		case BF16:
			out = le.AppendUint16(out, uint16(math.Float32bits(float32(v))>>16))
		default:
			out = le.AppendUint64(out, math.Float64bits(v))
		}
	}
	for _, v := range t.I64 {
		switch t.DType.Size() {
		case 1:
			out = append(out, byte(v))
		case 2:
			out = le.AppendUint16(out, uint16(v))
		case 4:
			out = le.AppendUint32(out, uint32(v))
		default:
			out = le.AppendUint64(out, uint64(v))
		}
	}
	return out
}

func (t *Tensor) setWideBytes(b []byte) {
	le := binary.LittleEndian
	for i := range t.F64 {
		switch t.DType {
		case F16:
			t.F64[i] = Half(le.Uint16(b[2*i:]))
		case BF16:
			t.F64[i] = float64(math.Float32frombits(uint32(le.Uint16(b[2*i:])) << 16))
		default:
			t.F64[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
	}
	for i := range t.I64 {
		switch t.DType.Size() {
		case 1:
			t.SetInt(i, int64(b[i]))
		case 2:
			t.SetInt(i, int64(le.Uint16(b[2*i:])))
		case 4:
			t.SetInt(i, int64(le.Uint32(b[4*i:])))
		default:
			t.I64[i] = int64(le.Uint64(b[8*i:]))
		}
	}
}
