package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A problem is a diagnostic that its finder can't place.
type problem struct {
	code diag.Code
	text string
}

func problemf(code diag.Code, format string, args ...any) *problem {
	return &problem{code, fmt.Sprintf(format, args...)}
}

// elemName is the name of an element type, also of one newer than the bindings.
func elemName(t int32) string {
	if n, ok := pb.TensorProto_DataType_name[t]; ok {
		return n
	}
	return fmt.Sprintf("of the unknown type %d", t)
}

// elemSize is the bytes of one element in raw data; 0 for types that are not read.
func elemSize(t pb.TensorProto_DataType) int {
	switch t {
	case pb.TensorProto_UINT8, pb.TensorProto_INT8, pb.TensorProto_BOOL:
		return 1
	case pb.TensorProto_UINT16, pb.TensorProto_INT16, pb.TensorProto_FLOAT16, pb.TensorProto_BFLOAT16:
		return 2
	case pb.TensorProto_FLOAT, pb.TensorProto_INT32, pb.TensorProto_UINT32:
		return 4
	case pb.TensorProto_INT64, pb.TensorProto_UINT64, pb.TensorProto_DOUBLE:
		return 8
	}
	return 0
}

// decode reads a tensor. It allocates no more than a small multiple of the data present.
func (im *importer) decode(t *pb.TensorProto) (*literal, *problem) {
	elem := pb.TensorProto_DataType(t.DataType)
	size := elemSize(elem)
	if size == 0 {
		return nil, problemf(codeElem, "its elements are %s, which is not supported; export the network in float32", elemName(t.DataType))
	}
	shape := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		shape[i] = int(d)
	}
	n, ok := tensor.CheckedElems(shape, maxElems)
	if !ok {
		return nil, problemf(codeTensor, "dimensions %v are negative or too large", t.Dims)
	}
	l := &literal{name: t.Name, elem: elem, shape: shape}
	raw := t.RawData
	if t.DataLocation == pb.TensorProto_EXTERNAL {
		var p *problem
		if raw, p = im.external(t, n*size); p != nil {
			return nil, p
		}
	}
	if len(raw) > 0 || t.DataLocation == pb.TensorProto_EXTERNAL {
		if len(raw) != n*size {
			return nil, problemf(codeTensor, "%d bytes do not hold %v of %s", len(raw), shape, elem)
		}
		l.fromRaw(raw, n, size)
	} else if have := l.fromFields(t, n); have != n {
		return nil, problemf(codeTensor, "%d elements do not fill shape %v", have, shape)
	}
	im.budget += 4 * n
	return l, nil
}

func (l *literal) fromRaw(raw []byte, n, size int) {
	le := binary.LittleEndian
	bits := func(i int) uint64 {
		switch size {
		case 1:
			return uint64(raw[i])
		case 2:
			return uint64(le.Uint16(raw[2*i:]))
		case 4:
			return uint64(le.Uint32(raw[4*i:]))
		}
		return le.Uint64(raw[8*i:])
	}
	l.fill(n, bits)
}

// fill sets the elements from their bit patterns.
func (l *literal) fill(n int, bits func(i int) uint64) {
	switch l.elem {
	case pb.TensorProto_FLOAT:
		l.f = make([]float32, n)
		for i := range l.f {
			l.f[i] = math.Float32frombits(uint32(bits(i)))
		}
	case pb.TensorProto_DOUBLE:
		l.d = make([]float64, n)
		for i := range l.d {
			l.d[i] = math.Float64frombits(bits(i))
		}
	case pb.TensorProto_FLOAT16:
		l.d = make([]float64, n)
		for i := range l.d {
			l.d[i] = tensor.Half(uint16(bits(i)))
		}
	case pb.TensorProto_BFLOAT16:
		l.d = make([]float64, n)
		for i := range l.d {
			l.d[i] = float64(math.Float32frombits(uint32(bits(i)) << 16))
		}
	default:
		l.i = make([]int64, n)
		for i := range l.i {
			l.i[i] = narrowInt(int64(bits(i)), l.elem)
		}
	}
}

// narrowInt keeps the low bits that the integer type has.
func narrowInt(v int64, t pb.TensorProto_DataType) int64 {
	switch t {
	case pb.TensorProto_BOOL:
		if v != 0 {
			return 1
		}
		return 0
	case pb.TensorProto_UINT8:
		return int64(uint8(v))
	case pb.TensorProto_INT8:
		return int64(int8(v))
	case pb.TensorProto_UINT16:
		return int64(uint16(v))
	case pb.TensorProto_INT16:
		return int64(int16(v))
	case pb.TensorProto_UINT32:
		return int64(uint32(v))
	case pb.TensorProto_INT32:
		return int64(int32(v))
	}
	return v
}

// fromFields reads the typed fields; the result is how many elements they hold.
func (l *literal) fromFields(t *pb.TensorProto, n int) int {
	have := 0
	var bits func(i int) uint64
	switch l.elem {
	case pb.TensorProto_FLOAT:
		have, bits = len(t.FloatData), func(i int) uint64 { return uint64(math.Float32bits(t.FloatData[i])) }
	case pb.TensorProto_DOUBLE:
		have, bits = len(t.DoubleData), func(i int) uint64 { return math.Float64bits(t.DoubleData[i]) }
	case pb.TensorProto_INT64:
		have, bits = len(t.Int64Data), func(i int) uint64 { return uint64(t.Int64Data[i]) }
	case pb.TensorProto_UINT64, pb.TensorProto_UINT32:
		have, bits = len(t.Uint64Data), func(i int) uint64 { return t.Uint64Data[i] }
	default:
		have, bits = len(t.Int32Data), func(i int) uint64 { return uint64(t.Int32Data[i]) }
	}
	if have == n {
		l.fill(n, bits)
	}
	return have
}

// external reads data that lie in a file of the model's folder; want is their exact length.
func (im *importer) external(t *pb.TensorProto, want int) ([]byte, *problem) {
	location, offset, length := "", int64(0), int64(want)
	for _, e := range t.ExternalData {
		var err error
		switch e.GetKey() {
		case "location":
			location = e.GetValue()
		case "offset":
			offset, err = strconv.ParseInt(e.GetValue(), 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.GetValue(), 10, 64)
		}
		if err != nil {
			return nil, problemf(codeExternal, "external data: %s %q is no number", e.GetKey(), e.GetValue())
		}
	}
	switch {
	case im.opt.Dir == "":
		return nil, problemf(codeExternal, "its data lie in the file %q, but the model's folder is not known; import the model from a file", location)
	case location == "":
		return nil, problemf(codeExternal, "its data are said to lie in a file, but none is named")
	case !filepath.IsLocal(filepath.FromSlash(location)):
		return nil, problemf(codeExternal, "its data lie in %q, outside the model's folder; move the file beside the model", location)
	case offset < 0 || length != int64(want):
		return nil, problemf(codeExternal, "external data of %d bytes at %d do not fit %v of %s, which needs %d bytes", length, offset, t.Dims, elemName(t.DataType), want)
	}
	root, err := os.OpenRoot(im.opt.Dir)
	if err != nil {
		return nil, problemf(codeExternal, "external data: %v", err)
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(location))
	if err != nil {
		return nil, problemf(codeExternal, "external data: %v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, problemf(codeExternal, "external data: %v", err)
	}
	if !info.Mode().IsRegular() || offset > info.Size() || int64(want) > info.Size()-offset {
		return nil, problemf(codeExternal, "the file %q of %d bytes does not hold %d bytes at %d", location, info.Size(), want, offset)
	}
	buf := make([]byte, want)
	if _, err := f.ReadAt(buf, offset); err != nil {
		return nil, problemf(codeExternal, "external data: %v", err)
	}
	return buf, nil
}
