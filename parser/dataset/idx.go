package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// idxTypes are the element types of IDX files by the third byte of the header.
var idxTypes = map[byte]string{0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}

// maxRank bounds the dimensions of an array.
const maxRank = 32

func isIDX(b []byte) bool {
	return len(b) >= 4 && b[0] == 0 && b[1] == 0 && idxTypes[b[2]] != "" && b[3] >= 1 && b[3] <= maxRank
}

// readIDXHeader reads an IDX header: two zero bytes, type, rank, big-endian uint32 dimensions.
func readIDXHeader(r io.Reader) (*array, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, cutHeader(err)
	}
	if !isIDX(magic[:]) {
		return nil, fmt.Errorf("not an IDX file: it starts with % x", magic)
	}
	d, _ := findDType(idxTypes[magic[2]])
	dims := make([]byte, 4*int(magic[3]))
	if _, err := io.ReadFull(r, dims); err != nil {
		return nil, cutHeader(err)
	}
	a := &array{dtype: d, order: binary.BigEndian, start: int64(4 + len(dims))}
	for i := 0; i < len(dims); i += 4 {
		n := binary.BigEndian.Uint32(dims[i:])
		if int64(n) > math.MaxInt {
			return nil, fmt.Errorf("dimension %d of %d is too large", i/4, n)
		}
		a.shape = append(a.shape, int(n))
	}
	if _, err := a.bytes(); err != nil {
		return nil, err
	}
	return a, nil
}

func cutHeader(err error) error {
	if ended(err) {
		return fmt.Errorf("truncated: the file ends in its header")
	}
	return err
}
