// Package tensor holds element types and dense row-major tensors. It knows no graph.
package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType is the storage type of one element.
type DType uint8

// The storage types amctc knows. Those after I16 occur in no compiled network, only in models that are
// evaluated; a Tensor holds them widened, see wide.go.
const (
	Invalid DType = iota
	F32
	I8
	I32
	I64
	I16
	F64
	F16
	BF16
	Bool
	U8
	U16
	U32
	U64
)

var names = [...]string{Invalid: "invalid", F32: "f32", I8: "i8", I32: "i32", I64: "i64", I16: "i16",
	F64: "f64", F16: "f16", BF16: "bf16", Bool: "bool", U8: "u8", U16: "u16", U32: "u32", U64: "u64"}
var sizes = [...]int{Invalid: 0, F32: 4, I8: 1, I32: 4, I64: 8, I16: 2, F64: 8, F16: 2, BF16: 2, Bool: 1, U8: 1, U16: 2, U32: 4, U64: 8}

// String is the name used in the text form.
func (d DType) String() string {
	if int(d) < len(names) {
		return names[d]
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Size is the number of bytes of one element.
func (d DType) Size() int { return sizes[d] }

// ParseDType is the inverse of String; ok is false for an unknown name.
func ParseDType(s string) (d DType, ok bool) {
	for i, n := range names {
		if n == s && i != int(Invalid) {
			return DType(i), true
		}
	}
	return Invalid, false
}

// Tensor is a dense row-major array. Exactly one slice is set, the one named by DType: F64 also for F16
// and BF16, I64 also for Bool and the unsigned types. Its length is the product of Shape. Tensors are
// treated as immutable once built.
type Tensor struct {
	DType DType
	Shape []int
	F32   []float32
	I8    []int8
	I32   []int32
	I64   []int64
	I16   []int16
	F64   []float64
}

// Elems is the product of the dimensions; 1 for a scalar.
func Elems(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// CheckedElems is Elems for a hostile shape: ok is false when a dimension is negative or the
// product exceeds limit.
func CheckedElems(shape []int, limit int) (n int, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d != 0 && n > limit/d {
			return 0, false
		}
		n *= d
	}
	return n, n <= limit
}

// New makes a zero tensor.
func New(d DType, shape ...int) *Tensor {
	t := &Tensor{DType: d, Shape: slices.Clone(shape)}
	n := Elems(shape)
	switch d {
	case F32:
		t.F32 = make([]float32, n)
	case I8:
		t.I8 = make([]int8, n)
	case I32:
		t.I32 = make([]int32, n)
	case I16:
		t.I16 = make([]int16, n)
	case F64, F16, BF16:
		t.F64 = make([]float64, n)
	case I64, Bool, U8, U16, U32, U64:
		t.I64 = make([]int64, n)
	default:
		panic("tensor.New: " + d.String())
	}
	return t
}

// FromF32 wraps data; the shape must have len(data) elements.
func FromF32(data []float32, shape ...int) *Tensor {
	return check(&Tensor{DType: F32, Shape: slices.Clone(shape), F32: data}, len(data))
}

// FromI8 wraps data.
func FromI8(data []int8, shape ...int) *Tensor {
	return check(&Tensor{DType: I8, Shape: slices.Clone(shape), I8: data}, len(data))
}

// FromI32 wraps data.
func FromI32(data []int32, shape ...int) *Tensor {
	return check(&Tensor{DType: I32, Shape: slices.Clone(shape), I32: data}, len(data))
}

// FromI64 wraps data.
func FromI64(data []int64, shape ...int) *Tensor {
	return check(&Tensor{DType: I64, Shape: slices.Clone(shape), I64: data}, len(data))
}

// FromI16 wraps data.
func FromI16(data []int16, shape ...int) *Tensor {
	return check(&Tensor{DType: I16, Shape: slices.Clone(shape), I16: data}, len(data))
}

func check(t *Tensor, n int) *Tensor {
	if n != Elems(t.Shape) {
		panic(fmt.Sprintf("tensor: %d elements for shape %v", n, t.Shape))
	}
	return t
}

// Len is the number of elements.
func (t *Tensor) Len() int { return Elems(t.Shape) }

// Reshape shares the data under another shape with as many elements.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	u := *t
	u.Shape = slices.Clone(shape)
	return check(&u, t.Len())
}

// Rows is the part [lo, hi) of the first axis; data is shared.
func (t *Tensor) Rows(lo, hi int) *Tensor {
	u := &Tensor{DType: t.DType, Shape: slices.Clone(t.Shape)}
	u.Shape[0] = hi - lo
	row := Elems(t.Shape[1:])
	switch t.DType {
	case F32:
		u.F32 = t.F32[lo*row : hi*row]
	case I8:
		u.I8 = t.I8[lo*row : hi*row]
	case I32:
		u.I32 = t.I32[lo*row : hi*row]
	case I16:
		u.I16 = t.I16[lo*row : hi*row]
	case F64, F16, BF16:
		u.F64 = t.F64[lo*row : hi*row]
	default:
		u.I64 = t.I64[lo*row : hi*row]
	}
	return u
}

// Bytes is the little-endian image of the elements.
func (t *Tensor) Bytes() []byte {
	out := make([]byte, 0, t.Len()*t.DType.Size())
	switch t.DType {
	case F32:
		for _, v := range t.F32 {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	case I8:
		for _, v := range t.I8 {
			out = append(out, byte(v))
		}
	case I32:
		for _, v := range t.I32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		}
	case I64:
		for _, v := range t.I64 {
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
	case I16:
		for _, v := range t.I16 {
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		}
	default:
		out = t.wideBytes(out)
	}
	return out
}

// FromBytes is the inverse of Bytes. It reports a length that does not fit the shape.
func FromBytes(d DType, shape []int, b []byte) (*Tensor, error) {
	n, ok := CheckedElems(shape, len(b)/max(1, d.Size()))
	if !ok || d.Size() == 0 || n*d.Size() != len(b) {
		return nil, fmt.Errorf("%d bytes do not hold %v of %v", len(b), shape, d)
	}
	t := New(d, shape...)
	switch d {
	case F32:
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case I8:
		for i := range t.I8 {
			t.I8[i] = int8(b[i])
		}
	case I32:
		for i := range t.I32 {
			t.I32[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case I64:
		for i := range t.I64 {
			t.I64[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case I16:
		for i := range t.I16 {
			t.I16[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
	default:
		t.setWideBytes(b)
	}
	return t, nil
}

// Equal compares type, shape and bit patterns.
func (t *Tensor) Equal(u *Tensor) bool {
	if t.DType != u.DType || !slices.Equal(t.Shape, u.Shape) {
		return false
	}
	switch t.DType {
	case F32:
		for i, v := range t.F32 {
			if math.Float32bits(v) != math.Float32bits(u.F32[i]) {
				return false
			}
		}
		return true
	case I8:
		return slices.Equal(t.I8, u.I8)
	case I32:
		return slices.Equal(t.I32, u.I32)
	case I16:
		return slices.Equal(t.I16, u.I16)
	case F64, F16, BF16:
		return slices.EqualFunc(t.F64, u.F64, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	}
	return slices.Equal(t.I64, u.I64)
}

// Strides are the row-major element strides of a shape.
func Strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}
