package gogen

import (
	"encoding/binary"
	"hash/crc64"
	"math"

	"github.com/amctc/amctc/runtime/pack"
	"github.com/amctc/amctc/runtime/rt"
)

// sectionAlign is the alignment in bytes of the sections of weights.bin that kernels read in place; the
// others are copied when they are read.
const sectionAlign = 64

// codesSize is the number of bytes of one rt.Codes in weights.bin: Lo, Hi, Zero, and NaN in four bytes.
const codesSize = 16

// polynomial is that of every checksum in an emitted package.
var polynomial = crc64.MakeTable(crc64.ECMA)

// weightsMagic begins weights.bin. The checksum of what follows the head is behind it; a package knows
// its file by both, without reading all of it.
const weightsMagic = "amctc weights 1\n"

// weightsHeadSize is the size of the head of weights.bin.
const weightsHeadSize = sectionAlign

// A weightsFile becomes weights.bin: a head, and sections of little-endian numbers, zeros between them.
type weightsFile struct{ data []byte }

// newWeights is a file with an empty head.
func newWeights() weightsFile { return weightsFile{make([]byte, weightsHeadSize)} }

// add appends a section and gives its offset. v is []int8, []uint8, []int32,
// []float32, []rt.Codes or *pack.Book: its codes and then its indices.
func (w *weightsFile) add(v any) int {
	align := 4
	switch v.(type) {
	case []int8, []uint8:
		align = sectionAlign // kernels read these in place
	}
	for len(w.data)%align != 0 {
		w.data = append(w.data, 0)
	}
	at := len(w.data)
	switch v := v.(type) {
	case []int8:
		for _, x := range v {
			w.data = append(w.data, byte(x))
		}
	case []uint8:
		w.data = append(w.data, v...)
	case []int32:
		for _, x := range v {
			w.data = binary.LittleEndian.AppendUint32(w.data, uint32(x))
		}
	case []float32:
		w.floats(v...)
	case []rt.Codes:
		for _, x := range v {
			w.floats(x.Lo, x.Hi)
			w.data = binary.LittleEndian.AppendUint32(w.data, uint32(x.Zero))
			w.data = binary.LittleEndian.AppendUint32(w.data, uint32(x.NaN))
		}
	case *pack.Book:
		for _, x := range v.Codes {
			w.data = append(w.data, byte(x))
		}
		w.data = append(w.data, v.Indices...)
	default:
		panic("gogen: no section for this type")
	}
	return at
}

func (w *weightsFile) floats(v ...float32) {
	for _, x := range v {
		w.data = binary.LittleEndian.AppendUint32(w.data, math.Float32bits(x))
	}
}

// sum is the checksum of all sections.
func (w *weightsFile) sum() uint64 { return Checksum(w.data[weightsHeadSize:]) }

// file is the complete file.
func (w *weightsFile) file() []byte {
	copy(w.data, weightsMagic)
	binary.LittleEndian.PutUint64(w.data[len(weightsMagic):], w.sum())
	return w.data
}

// Checksum is the CRC-64 (ECMA) that emitted packages hold their files and tensors against.
func Checksum(data []byte) uint64 { return crc64.Checksum(data, polynomial) }
