// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// tileF32 is one call of the matrix kernel for float32 numbers: n pixels by the channels of one panel.
// Every sum starts at its bias and adds, in order, the product of each tap with its weight; product
// and sum are rounded. A pixel's taps are segs segments of taps numbers; the first begins offs[i]
// bytes after src, each next one step bytes after the end of the last. The weights of a tap are row
// bytes after those of the tap before, with skip bytes between segments. Sums in mask are stored
// outs[i] bytes after dst. The fields are read by assembly.
type tileF32 struct {
	dst, src         unsafe.Pointer
	offs, outs       *int32
	n                int
	w, bias          *float32
	segs, taps, step int
	skip             int
	mask             uint64
	row              int
}

// runGeneric is the definition of what a kernel does with a tile, for panels of lanes channels.
func (t *tileF32) runGeneric(lanes int) {
	for i := range t.n {
		from := unsafe.Add(t.src, at32(t.offs, i))
		out := unsafe.Slice((*float32)(unsafe.Add(t.dst, at32(t.outs, i))), lanes)
		for lane := 0; lane < lanes && t.mask>>lane != 0; lane += 8 {
			s := *(*[8]float32)(unsafe.Add(unsafe.Pointer(t.bias), 4*lane))
			w, x := unsafe.Add(unsafe.Pointer(t.w), 4*lane), from
			for range t.segs {
				w = dotF32(&s, unsafe.Slice((*float32)(x), t.taps), w, t.row)
				w, x = unsafe.Add(w, t.skip), unsafe.Add(x, 4*t.taps+t.step)
			}
			for j := range s {
				if t.mask>>(lane+j)&1 != 0 {
					out[lane+j] = s[j]
				}
			}
		}
	}
}

// at32 is element i of a list.
func at32(list *int32, i int) int {
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(list), 4*i)))
}

// dotF32 adds the products of x with weights, row bytes apart, to 8 sums, and gives the place behind
// the last weight.
func dotF32(s *[8]float32, x []float32, w unsafe.Pointer, row int) unsafe.Pointer {
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for _, v := range x {
		r := (*[8]float32)(w)
		s0 = float32(s0 + float32(v*r[0]))
		s1 = float32(s1 + float32(v*r[1]))
		s2 = float32(s2 + float32(v*r[2]))
		s3 = float32(s3 + float32(v*r[3]))
		s4 = float32(s4 + float32(v*r[4]))
		s5 = float32(s5 + float32(v*r[5]))
		s6 = float32(s6 + float32(v*r[6]))
		s7 = float32(s7 + float32(v*r[7]))
		w = unsafe.Add(w, row)
	}
	*s = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	return w
}
