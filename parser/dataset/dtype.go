package dataset

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A dtype is an element type of a file.
type dtype struct {
	name string
	size int
	// put converts len(to) elements from raw to float32, rounding once to nearest even.
	put func(to []float32, raw []byte, o binary.ByteOrder)
	// integer reads one element exactly; nil for floats.
	integer func(raw []byte, o binary.ByteOrder) int64
}

var dtypes = []dtype{
	{"float32", 4, func(to []float32, raw []byte, o binary.ByteOrder) {
		for i := range to {
			to[i] = math.Float32frombits(o.Uint32(raw[4*i:]))
		}
	}, nil},
	{"float64", 8, func(to []float32, raw []byte, o binary.ByteOrder) {
		for i := range to {
			to[i] = float32(math.Float64frombits(o.Uint64(raw[8*i:])))
		}
	}, nil},
	integers("uint8", 1, func(b []byte, o binary.ByteOrder) int64 { return int64(b[0]) }),
	integers("int8", 1, func(b []byte, o binary.ByteOrder) int64 { return int64(int8(b[0])) }),
	integers("uint16", 2, func(b []byte, o binary.ByteOrder) int64 { return int64(o.Uint16(b)) }),
	integers("int16", 2, func(b []byte, o binary.ByteOrder) int64 { return int64(int16(o.Uint16(b))) }),
	integers("int32", 4, func(b []byte, o binary.ByteOrder) int64 { return int64(int32(o.Uint32(b))) }),
	integers("int64", 8, func(b []byte, o binary.ByteOrder) int64 { return int64(o.Uint64(b)) }),
}

func integers(name string, size int, get func([]byte, binary.ByteOrder) int64) dtype {
	return dtype{name, size, func(to []float32, raw []byte, o binary.ByteOrder) {
		for i := range to {
			to[i] = float32(get(raw[size*i:], o))
		}
	}, get}
}

func findDType(name string) (dtype, bool) {
	for _, d := range dtypes {
		if d.name == name {
			return d, true
		}
	}
	return dtype{}, false
}

func rawDType(name string) (dtype, error) {
	if name == "" {
		name = "float32"
	}
	d, ok := findDType(name)
	if !ok {
		return d, fmt.Errorf("raw data of type %q is not supported; use float32, float64, uint8, int8, uint16, int16, int32 or int64", name)
	}
	return d, nil
}
