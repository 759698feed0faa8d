package dataset

import (
	"encoding/binary"
	"fmt"
	"math"
)

// An array describes the dense array that a file holds: its header, parsed.
type array struct {
	shape []int
	dtype dtype
	order binary.ByteOrder
	start int64 // of the data, from the start of the (unpacked) file
}

// bytes is the size of the data.
func (a *array) bytes() (int64, error) {
	n, ok := product(a.shape)
	if !ok || int64(n) > (math.MaxInt64-a.start)/int64(a.dtype.size) {
		return 0, fmt.Errorf("the array's shape %s is too large", shapeString(a.shape))
	}
	return int64(n) * int64(a.dtype.size), nil
}
