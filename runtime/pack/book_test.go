package pack

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// decode is the obvious inverse.
func decode(b *Book, n int) []int8 {
	out := make([]int8, n)
	for i := range out {
		k := 0
		for j := range b.Bits {
			at := i*b.Bits + j
			k |= int(b.Indices[at/8]>>(at%8)&1) << j
		}
		out[i] = b.Codes[k]
	}
	return out
}

func TestBook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ codes, bits int }{{1, 1}, {2, 1}, {3, 2}, {7, 3}, {16, 4}, {17, 5}, {32, 5}, {33, 0}} {
		list := make([]int8, 0, c.codes)
		for _, v := range r.Perm(256)[:c.codes] {
			list = append(list, int8(v-128))
		}
		w := make([]int8, bookMin+r.IntN(100))
		for i := range w {
			w[i] = list[i%len(list)]
		}
		b := ToBook(w)
		switch {
		case c.bits == 0:
			if b != nil {
				t.Errorf("%d codes: %d bits, want no book", c.codes, b.Bits)
			}
		case b == nil:
			t.Errorf("%d codes: no book", c.codes)
		case b.Bits != c.bits || len(b.Codes) != 1<<c.bits || !slices.IsSorted(b.Codes) || len(b.Indices) != (len(w)*c.bits+7)/8:
			t.Errorf("%d codes: %d bits, %d codes, %d bytes", c.codes, b.Bits, len(b.Codes), len(b.Indices))
		case !slices.Equal(decode(b, len(w)), w):
			t.Errorf("%d codes: other weights", c.codes)
		}
	}
	if ToBook(make([]int8, bookMin-1)) != nil {
		t.Error("few weights have a book")
	}
}
