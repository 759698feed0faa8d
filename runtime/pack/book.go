package pack

import "slices"

// A Book is weights of few different codes as indices into a list of them.
type Book struct {
	Codes []int8 // ascending, 1<<Bits of them; the last repeats where fewer are used
	Bits  int    // of an index, 1 to 5
	// Indices is a stream of Bits-wide indices, the first in the lowest bits of the first byte.
	Indices []byte
}

// bookBits is the widest index: a list of 32 codes, as AMCT's non-uniform quantization has them.
const bookBits = 5

// bookMin is how many weights are worth a book.
const bookMin = 128

// ToBook gives the book of packed weights, or nil when they have more than 32 different codes or are
// few. Weights of 4 bits and those of a code book of 16 take half a byte each.
func ToBook(weights []int8) *Book {
	if len(weights) < bookMin {
		return nil
	}
	var used [256]bool
	for _, w := range weights {
		used[uint8(w)] = true
	}
	b := &Book{Bits: 1}
	for w := -128; w <= 127; w++ {
		if used[uint8(int8(w))] {
			b.Codes = append(b.Codes, int8(w))
		}
	}
	if len(b.Codes) > 1<<bookBits {
		return nil
	}
	for len(b.Codes) > 1<<b.Bits {
		b.Bits++
	}
	for len(b.Codes) < 1<<b.Bits {
		b.Codes = append(b.Codes, b.Codes[len(b.Codes)-1])
	}
	b.Indices = make([]byte, (len(weights)*b.Bits+7)/8)
	for i, w := range weights {
		k, _ := slices.BinarySearch(b.Codes, w)
		at := i * b.Bits
		b.Indices[at/8] |= byte(k << (at % 8))
		if at%8+b.Bits > 8 {
			b.Indices[at/8+1] |= byte(k >> (8 - at%8))
		}
	}
	return b
}
