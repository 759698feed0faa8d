package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY"

// maxHeader bounds the header text of an .npy file; numpy itself stops at 10,000 bytes.
const maxHeader = 1 << 16

// npyTypes are the supported element types as an .npy header names them.
var npyTypes = []struct{ descr, name string }{
	{"<f4", "float32"}, {"<f8", "float64"}, {"|u1", "uint8"}, {"|i1", "int8"},
	{"<u2", "uint16"}, {"<i2", "int16"}, {"<i4", "int32"}, {"<i8", "int64"},
}

// readNPYHeader reads the header of an .npy file, format versions 1 to 3.
func readNPYHeader(r io.Reader) (*array, error) {
	var pre [12]byte
	if _, err := io.ReadFull(r, pre[:10]); err != nil {
		return nil, cutHeader(err)
	}
	if string(pre[:6]) != npyMagic {
		return nil, fmt.Errorf("not an .npy file: it starts with % x", pre[:6])
	}
	start, n := 10, uint32(binary.LittleEndian.Uint16(pre[8:]))
	switch pre[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, pre[10:]); err != nil {
			return nil, cutHeader(err)
		}
		start, n = 12, binary.LittleEndian.Uint32(pre[8:])
	default:
		return nil, fmt.Errorf(".npy format version %d.%d is not supported (1 to 3 are)", pre[6], pre[7])
	}
	if n > maxHeader {
		return nil, fmt.Errorf("the .npy header claims %d bytes; at most %d are read", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, cutHeader(err)
	}
	h := npyHeader{text: string(text)}
	if err := h.parse(); err != nil {
		return nil, fmt.Errorf("the .npy header is damaged: %w", err)
	}
	a := &array{shape: h.shape, order: binary.LittleEndian, start: int64(start) + int64(n)}
	if err := h.element(a); err != nil {
		return nil, err
	}
	if h.fortran {
		return nil, fmt.Errorf("the array is in Fortran order; save np.ascontiguousarray(a)")
	}
	if _, err := a.bytes(); err != nil {
		return nil, err
	}
	return a, nil
}

// element finds the array's element type.
func (h *npyHeader) element(a *array) error {
	for _, t := range npyTypes {
		// One-byte types have no byte order; writers differ in what they put there.
		if t.descr == h.descr || strings.HasSuffix(t.descr, "1") && len(h.descr) == 3 && h.descr[1:] == t.descr[1:] {
			a.dtype, _ = findDType(t.name)
			return nil
		}
		if ">"+t.descr[1:] == h.descr {
			return fmt.Errorf("the array is big-endian %s (%s); save a.astype('<%s')", t.name, h.descr, t.descr[1:])
		}
	}
	return fmt.Errorf("elements of type %q are not supported; save a.astype('float32')", h.descr)
}

// npyHeader is the Python dictionary of an .npy header. parse reads the literals that numpy
// writes: strings, True and False, tuples of integers.
type npyHeader struct {
	text string
	at   int

	descr   string
	fortran bool
	shape   []int
}

func (h *npyHeader) parse() error {
	if !h.take("{") {
		return h.errorf("expected {")
	}
	seen := make(map[string]bool)
	for !h.take("}") {
		key, err := h.str()
		if err != nil {
			return err
		}
		if seen[key] {
			return h.errorf("key %q occurs twice", key)
		}
		seen[key] = true
		if !h.take(":") {
			return h.errorf("expected : after %q", key)
		}
		switch key {
		case "descr":
			if h.peek('[') {
				return h.errorf("the array has named fields (a structured dtype), which is not supported; save one field")
			}
			h.descr, err = h.str()
		case "fortran_order":
			h.fortran, err = h.boolean()
		case "shape":
			h.shape, err = h.tuple()
		default:
			return h.errorf("unknown key %q", key)
		}
		if err != nil {
			return err
		}
		if !h.take(",") && !h.peek('}') {
			return h.errorf("expected , or }")
		}
	}
	h.space()
	if h.at != len(h.text) {
		return h.errorf("text after the dictionary")
	}
	for _, k := range []string{"descr", "fortran_order", "shape"} {
		if !seen[k] {
			return h.errorf("key %q is missing", k)
		}
	}
	return nil
}

func (h *npyHeader) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: "+format, append([]any{h.at}, args...)...)
}

func (h *npyHeader) space() {
	for h.at < len(h.text) && strings.IndexByte(" \t\r\n", h.text[h.at]) >= 0 {
		h.at++
	}
}

func (h *npyHeader) peek(c byte) bool {
	h.space()
	return h.at < len(h.text) && h.text[h.at] == c
}

func (h *npyHeader) take(s string) bool {
	h.space()
	if strings.HasPrefix(h.text[h.at:], s) {
		h.at += len(s)
		return true
	}
	return false
}

func (h *npyHeader) str() (string, error) {
	h.space()
	if h.at == len(h.text) || h.text[h.at] != '\'' && h.text[h.at] != '"' {
		return "", h.errorf("expected a string")
	}
	rest := h.text[h.at+1:]
	end := strings.IndexByte(rest, h.text[h.at])
	if end < 0 || strings.IndexByte(rest[:end], '\\') >= 0 {
		return "", h.errorf("expected a plain string")
	}
	h.at += end + 2
	return rest[:end], nil
}

func (h *npyHeader) boolean() (bool, error) {
	switch {
	case h.take("True"):
		return true, nil
	case h.take("False"):
		return false, nil
	}
	return false, h.errorf("expected True or False")
}

func (h *npyHeader) tuple() ([]int, error) {
	if !h.take("(") {
		return nil, h.errorf("expected the shape, a tuple")
	}
	shape := []int{}
	for !h.take(")") {
		h.space()
		end := h.at
		for end < len(h.text) && h.text[end] >= '0' && h.text[end] <= '9' {
			end++
		}
		d, err := strconv.Atoi(h.text[h.at:end])
		if err != nil {
			return nil, h.errorf("expected a dimension that fits an integer")
		}
		h.at = end
		h.take("L") // Python 2 marked long integers
		if shape = append(shape, d); len(shape) > maxRank {
			return nil, h.errorf("more than %d dimensions", maxRank)
		}
		if !h.take(",") && !h.peek(')') {
			return nil, h.errorf("expected , or )")
		}
	}
	return shape, nil
}
