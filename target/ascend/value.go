package ascend

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// A tensorGM is a tensor in global memory. Dims are logical, the batch bound. int8 tensors of rank 4 are NC1HWC0, the channels beyond the last
// are defined bytes of no meaning; all else is ND.
type tensorGM struct {
	Sym    string
	Type   target.Type
	Layout target.Layout
	Dims   []int
	Quant  *ir.Quant // nil for float32
	out    bool      // an Output of the program
}

// Bytes is the size of the image, without rounding.
func (t tensorGM) Bytes() int { return t.Layout.Bytes(t.Type, t.Dims) }

// Elems is the number of logical elements.
func (t tensorGM) Elems() int { return tensor.Elems(t.Dims) }

// C1 is the number of 32-channel planes of an NC1HWC0 image.
func (t tensorGM) C1() int { return cd(t.Dims[1], t.Type.C0()) }

// Plane is the bytes of one 32-channel plane of an NC1HWC0 image.
func (t tensorGM) Plane() int { return t.Dims[2] * t.Dims[3] * 32 }

// Scale and Offset of codes with one map.
func (t tensorGM) Scale() float32 { return t.Quant.Scale[0] }

// Offset is the zero-point code.
func (t tensorGM) Offset() int32 { return t.Quant.Offset[0] }

// layoutOf is where tensors of that type and rank lie.
func layoutOf(t target.Type, rank int) target.Layout {
	if t == target.S8 && rank == 4 {
		return target.NC1HWC0
	}
	return target.ND
}

func (f *frame) typeOf(v *ir.Value) (target.Type, bool) {
	switch {
	case v.Type.DType == tensor.F32 && v.Type.Quant == nil:
		return target.F32, true
	case v.Type.DType == tensor.I8 && v.Type.Quant != nil && v.Type.Quant.IsPerTensor():
		return target.S8, true
	case v.Type.DType == tensor.U8 && v.Type.Quant == nil:
		return target.U8, true
	case v.Type.DType == tensor.I64 && v.Type.Quant == nil && v.Def != nil:
		return target.S64, true
	case v.Type.DType == tensor.I16 && v.Type.Quant != nil && v.Type.Quant.IsPerTensor():
		return target.S16, true
	}
	return target.NoType, false
}

// symbolName is name made of a symbol's characters, not yet taken.
func (f *frame) symbolName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_.$/-", r) {
			return r
		}
		return '_'
	}, name)
	if s == "" {
		s = "v"
	}
	unique := s
	for i := 1; f.taken[unique]; i++ {
		unique = s + "." + strconv.Itoa(i)
	}
	f.taken[unique] = true
	return unique
}

// add makes a symbol for a tensor.
func (f *frame) add(name string, kind target.Kind, t target.Type, l target.Layout, dims ...int) string {
	sym := f.symbolName(name)
	f.prog.AddSymbol(sym, kind, t, l, dims...)
	return sym
}

// constant makes a Const symbol holding the bytes of the layout; data may be shorter than the symbol's rounded size.
func (f *frame) constant(name string, t target.Type, l target.Layout, dims []int, data []byte) string {
	sym := f.symbolName(name)
	s := f.prog.AddSymbol(sym, target.Const, t, l, dims...)
	blob := make([]byte, s.Bytes)
	copy(blob, data)
	s.At = f.consts.Add(blob)
	return sym
}

// of is the tensor of a value; constants are placed when they are first used.
func (f *frame) of(v *ir.Value) tensorGM {
	if t, ok := f.values[v]; ok {
		return t
	}
	if v.Const == nil {
		panic("ascend: %" + v.Name + " is used before it is defined")
	}
	typ, ok := f.typeOf(v)
	if !ok {
		f.fail(codeType, "constant %s is %s", v.Name, v.Type)
	}
	dims := v.Type.Shape
	t := tensorGM{Type: typ, Layout: layoutOf(typ, len(dims)), Dims: dims, Quant: v.Type.Quant}
	t.Sym = f.constant(v.Name, t.Type, t.Layout, t.Dims, image(t, v.Const.Data))
	f.values[v] = t
	return t
}

// image is a tensor's bytes in its layout; channels beyond the last are zero.
func image(t tensorGM, data *tensor.Tensor) []byte {
	raw := data.Bytes()
	if t.Layout != target.NC1HWC0 {
		return raw
	}
	out := make([]byte, t.Bytes())
	plane, c1 := t.Dims[2]*t.Dims[3], t.C1()
	for n := range t.Dims[0] {
		for c := range t.Dims[1] {
			from := raw[(n*t.Dims[1]+c)*plane:]
			at := (n*c1+c/32)*plane*32 + c%32
			for i := range plane {
				out[at+32*i] = from[i]
			}
		}
	}
	return out
}

func bytesF32(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func bytesS32(v []int32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}

func bytesU64(v []uint64) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

func cd(a, b int) int { return (a + b - 1) / b }

func up(a, b int) int { return cd(a, b) * b }
