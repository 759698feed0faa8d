package ir

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
)

// Free is the dimension of unknown size, printed "?". It is allowed only as the leading
// dimension: the batch.
const Free = -1

// A Quant is the affine map real = (code - Offset) * Scale of stored integer codes, for a whole
// tensor (Axis < 0, one entry) or along one axis, where entry i covers the indices
// [i*Block, (i+1)*Block). Codes lie in [Min, Max].
type Quant struct {
	Axis   int
	Block  int
	Scale  []float32
	Offset []int32
	Min    int32
	Max    int32
}

// PerTensor is the int8 map with one scale and offset.
func PerTensor(scale float32, offset int32) *Quant {
	return &Quant{Axis: -1, Block: 1, Scale: []float32{scale}, Offset: []int32{offset}, Min: -128, Max: 127}
}

// PerChannel is the symmetric int8 map with one scale for each index of axis.
func PerChannel(axis int, scale []float32) *Quant {
	return &Quant{Axis: axis, Block: 1, Scale: scale, Offset: make([]int32, len(scale)), Min: -128, Max: 127}
}

// IsPerTensor says whether one scale and offset serve the whole tensor.
func (q *Quant) IsPerTensor() bool { return q.Axis < 0 }

// At is the scale and offset of the index i along Axis; for a per-tensor map, of everything.
func (q *Quant) At(i int) (float32, int32) {
	if q.Axis < 0 {
		return q.Scale[0], q.Offset[0]
	}
	return q.Scale[i/q.Block], q.Offset[i/q.Block]
}

// Equal compares bit for bit.
func (q *Quant) Equal(r *Quant) bool {
	if q == r || q == nil || r == nil {
		return q == r
	}
	if q.Axis != r.Axis || q.Block != r.Block || q.Min != r.Min || q.Max != r.Max || len(q.Scale) != len(r.Scale) {
		return false
	}
	for i := range q.Scale {
		if math.Float32bits(q.Scale[i]) != math.Float32bits(r.Scale[i]) {
			return false
		}
	}
	return slices.Equal(q.Offset, r.Offset)
}

// A Type is a shape and an element type. DType is the storage type; a non-nil Quant says that
// the stored integers stand for float32 numbers. Types are values; compare them with Equal.
type Type struct {
	Shape []int
	DType tensor.DType
	Quant *Quant
}

// TensorType is a plain type.
func TensorType(d tensor.DType, shape ...int) Type { return Type{Shape: slices.Clone(shape), DType: d} }

// Float is a float32 type.
func Float(shape ...int) Type { return TensorType(tensor.F32, shape...) }

// Quantized is the type of codes with map q: int8, or int16 when the codes do not fit int8.
func Quantized(q *Quant, shape ...int) Type {
	return Type{Shape: slices.Clone(shape), DType: q.Storage(), Quant: q}
}

// Bits is the width of the codes: the fewest bits, with a sign, that hold Max.
func (q *Quant) Bits() int { return bits.Len32(uint32(max(q.Max, 0))) + 1 }

// Storage is the narrowest storage type that holds the codes: int8 or int16.
func (q *Quant) Storage() tensor.DType {
	if q.Min < -128 || q.Max > 127 {
		return tensor.I16
	}
	return tensor.I8
}

// WithShape is t with another shape.
func (t Type) WithShape(shape []int) Type {
	t.Shape = slices.Clone(shape)
	return t
}

// WithElem is t's shape with u's element type.
func (t Type) WithElem(u Type) Type {
	return Type{Shape: slices.Clone(t.Shape), DType: u.DType, Quant: u.Quant}
}

// IsFloat says whether the elements are float32.
func (t Type) IsFloat() bool { return t.DType == tensor.F32 }

// IsQuant says whether the elements are codes.
func (t Type) IsQuant() bool { return t.Quant != nil }

// SameElem says whether both have the same storage and map.
func (t Type) SameElem(u Type) bool { return t.DType == u.DType && t.Quant.Equal(u.Quant) }

// Equal compares shape, storage and map.
func (t Type) Equal(u Type) bool { return t.SameElem(u) && slices.Equal(t.Shape, u.Shape) }

// IsFree says whether the leading dimension is free.
func (t Type) IsFree() bool { return len(t.Shape) > 0 && t.Shape[0] == Free }

// Bind is t with a free leading dimension replaced by batch.
func (t Type) Bind(batch int) Type {
	if t.IsFree() {
		t = t.WithShape(t.Shape)
		t.Shape[0] = batch
	}
	return t
}

// Elems is the number of elements, a free dimension counted as one.
func (t Type) Elems() int { return tensor.Elems(t.Bind(1).Shape) }

// String is the text form for messages: maps are written out, but of long lists of scales and
// offsets only the beginning.
func (t Type) String() string {
	return t.format(func(q *Quant, d tensor.DType) string { return q.format(d, maxShown) })
}

// maxShown is how many scales and offsets stand in messages.
const maxShown = 4

// Format is the text form; alias, when not nil, may name a map.
func (t Type) Format(alias func(*Quant, tensor.DType) string) string {
	return t.format(func(q *Quant, d tensor.DType) string {
		if alias != nil {
			if a := alias(q, d); a != "" {
				return "!" + a
			}
		}
		return q.Format(d)
	})
}

func (t Type) format(quant func(*Quant, tensor.DType) string) string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range t.Shape {
		if d == Free {
			b.WriteString("?x")
		} else {
			b.WriteString(strconv.Itoa(d) + "x")
		}
	}
	if t.Quant != nil {
		b.WriteString(quant(t.Quant, t.DType))
	} else {
		b.WriteString(t.DType.String())
	}
	b.WriteString(">")
	return b.String()
}

// Format is the map's text, such as !q.i8<scale=0.5, offset=3>; defaults are left out.
func (q *Quant) Format(d tensor.DType) string { return q.format(d, max(len(q.Scale), len(q.Offset))) }

// format is Format with at most limit entries of each list.
func (q *Quant) format(d tensor.DType, limit int) string {
	var parts []string
	if q.Axis >= 0 {
		parts = append(parts, fmt.Sprintf("axis=%d", q.Axis))
		if q.Block != 1 {
			parts = append(parts, fmt.Sprintf("block=%d", q.Block))
		}
	}
	zero := !slices.ContainsFunc(q.Offset, func(o int32) bool { return o != 0 })
	if q.Axis < 0 && len(q.Scale) == 1 && len(q.Offset) == 1 {
		parts = append(parts, "scale="+floatText(q.Scale[0]))
		if !zero {
			parts = append(parts, fmt.Sprintf("offset=%d", q.Offset[0]))
		}
	} else {
		parts = append(parts, "scale="+shortList(q.Scale, floatText, limit))
		if !zero {
			parts = append(parts, "offset="+shortList(q.Offset, func(o int32) string { return strconv.Itoa(int(o)) }, limit))
		}
	}
	lo, hi := CodeRange(d)
	if q.Min != lo {
		parts = append(parts, fmt.Sprintf("min=%d", q.Min))
	}
	if q.Max != hi {
		parts = append(parts, fmt.Sprintf("max=%d", q.Max))
	}
	return "!q." + d.String() + "<" + strings.Join(parts, ", ") + ">"
}

// shortList is listText that stops after limit entries.
func shortList[T any](list []T, text func(T) string, limit int) string {
	if len(list) <= limit {
		return listText(list, text)
	}
	return strings.TrimSuffix(listText(list[:limit], text), "]") + fmt.Sprintf(", ... %d more]", len(list)-limit)
}

// CodeRange is the whole range of a storage type's codes.
func CodeRange(d tensor.DType) (lo, hi int32) {
	switch d {
	case tensor.I8:
		return -128, 127
	case tensor.I16:
		return math.MinInt16, math.MaxInt16
	}
	return math.MinInt32, math.MaxInt32
}

// FormatFloat has the fewest digits that read back as the same float32.
func FormatFloat(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
