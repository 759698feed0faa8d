package dataset

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// ReadNPY reads a whole .npy file (gzipped or not) as float32. It is meant for small files; what
// it allocates is bounded by what the file holds.
func ReadNPY(path string) (shape []int, data []float32, err error) {
	f, err := findFile(path, "")
	if err != nil {
		return nil, nil, err
	}
	if f.idx {
		return nil, nil, fmt.Errorf("%s: an IDX file, not .npy", path)
	}
	a, err := f.header()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	raw, err := f.readAll(a)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	data = make([]float32, len(raw)/a.dtype.size)
	a.dtype.put(data, raw, a.order)
	return a.shape, data, nil
}

// readAll reads the data of an array, growing with what is there rather than with what the header
// promises.
func (f *file) readAll(a *array) ([]byte, error) {
	want, err := a.bytes()
	if err != nil {
		return nil, err
	}
	in, err := f.open(a.start)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, want))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) < want {
		return nil, fmt.Errorf("truncated: shape %s of %s needs %d bytes, the file has %d", shapeString(a.shape), a.dtype.name, want, len(raw))
	}
	var more [1]byte
	if n, err := io.ReadFull(in, more[:]); n > 0 || !ended(err) {
		if n > 0 {
			return nil, fmt.Errorf("the file goes on after the array of shape %s", shapeString(a.shape))
		}
		return nil, err
	}
	return raw, nil
}

// WriteNPY writes float32 data of the given shape as .npy (format version 1.0, little-endian).
func WriteNPY(w io.Writer, shape []int, data []float32) error {
	return writeNPY(w, "<f4", shape, data, func(b []byte, x float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(x)) })
}

// WriteIndices is WriteNPY for little-endian int64.
func WriteIndices(w io.Writer, shape []int, data []int64) error {
	return writeNPY(w, "<i8", shape, data, func(b []byte, x int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(x)) })
}

func writeNPY[T any](w io.Writer, descr string, shape []int, data []T, put func([]byte, T) []byte) error {
	if n, ok := product(shape); !ok || n != len(data) {
		return fmt.Errorf("npy: %d values do not have shape %s", len(data), shapeString(shape))
	}
	h := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shapeString(shape) + ", }"
	if pad := (10 + len(h) + 1) % 64; pad > 0 {
		h += strings.Repeat(" ", 64-pad)
	}
	h += "\n"
	if len(h) > math.MaxUint16 {
		return fmt.Errorf("npy: a shape of %d dimensions is too long", len(shape))
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(npyMagic + "\x01\x00")
	var b [8]byte
	binary.LittleEndian.PutUint16(b[:], uint16(len(h)))
	out.Write(b[:2])
	out.WriteString(h)
	for _, x := range data {
		out.Write(put(b[:0], x)) // the writer keeps the first error for Flush
	}
	return out.Flush()
}
