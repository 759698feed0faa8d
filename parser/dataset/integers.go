package dataset

import (
	"fmt"
	"io"
)

// maxIntegers bounds what Integers reads: shapes, axes and indices are short.
const maxIntegers = 1 << 20

// Integers reads a whole .npy array of integers, or the only one of an .npz: the value of an input that holds
// a shape, axes or indices.
func Integers(path string) (shape []int, values []int64, err error) {
	f, err := findFile(path, "")
	if err != nil {
		return nil, nil, err
	}
	a, err := f.header()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	n, ok := product(a.shape)
	if a.dtype.integer == nil || !ok || n > maxIntegers {
		return nil, nil, fmt.Errorf("%s: it holds %s of shape %s, want at most %d integers", f.name, a.dtype.name, shapeString(a.shape), maxIntegers)
	}
	in, err := f.open(a.start)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	raw := make([]byte, n*a.dtype.size)
	if _, err := io.ReadFull(in, raw); err != nil {
		return nil, nil, fmt.Errorf("%s: truncated: %w", f.name, err)
	}
	for i := range n {
		values = append(values, a.dtype.integer(raw[i*a.dtype.size:], a.order))
	}
	return a.shape, values, nil
}
