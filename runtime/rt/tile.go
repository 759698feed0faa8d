// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// tile is one call of the matrix kernel: n pixels by the channels of one panel. A pixel's taps are
// segs segments of groups*4 codes; the first begins offs[i] bytes after src, each next one step
// bytes after the end of the last. Sums start at bias and add products with w; they become codes as
// requantize says, of which those in mask are stored, or are stored as they are in int32. Pixels of
// the result are ldd bytes apart. The fields are read by assembly: 8 bytes each where pointers have
// 8 bytes.
type tile struct {
	dst, src           unsafe.Pointer
	offs               *int32
	n                  int
	w                  *int8
	bias               *int32
	m                  *float32
	segs, groups, step int
	ldd                int
	mask               uint64
	zero, lo, hi       int // of codes: zero point, least and greatest code
	sums               int // 1 to store sums
	plain              int // 1 when zero and lo are 0, hi is 255, and sums times m stay below 2^31
	scratch            unsafe.Pointer
	lanes              int // set by run
	ahead              int // where to the next panel is, bytes from w: a hint
}

// by takes the memory of a worker.
func (t *tile) by(w *Worker) { t.offs, t.scratch = &w.offs[0], unsafe.Pointer(&w.scratch) }

// requantization sets the fields that take sums to codes.
func (t *tile) requantization(q *Codes, p *Packed) {
	t.zero, t.lo, t.hi, t.plain = q.ends(p)
}

// runGeneric is the definition of what a kernel does with a tile, for panels of lanes channels.
func (t *tile) runGeneric(lanes int) {
	offs := unsafe.Slice(t.offs, t.n)
	k := t.segs * t.groups * 4
	w := unsafe.Slice(t.w, k*lanes)
	bias, m := unsafe.Slice(t.bias, lanes), unsafe.Slice(t.m, lanes)
	q := Codes{Lo: float32(t.lo - t.zero), Hi: float32(t.hi - t.zero), Zero: int32(t.zero)}
	for i := 0; i < t.n; i += 2 {
		pair := [2]int32{offs[i], offs[min(i+1, t.n-1)]}
		for lane := 0; lane < lanes; lane += 8 {
			var sums [8]int64
			t.pair(&sums, &pair, w, lane, lanes)
			for p := range min(2, t.n-i) {
				for j, s := range sums {
					lo := int32(s)
					if p == 1 {
						lo = int32((s - int64(lo)) >> 32)
					}
					t.put(i+p, lane+j, bias[lane+j]+lo, m[lane+j], &q)
				}
			}
		}
	}
}

// put stores one sum or its code.
func (t *tile) put(pixel, channel int, sum int32, m float32, q *Codes) {
	row := unsafe.Add(t.dst, pixel*t.ldd)
	switch {
	case t.sums != 0:
		*(*int32)(unsafe.Add(row, 4*channel)) = sum
	case t.mask>>channel&1 != 0:
		*(*uint8)(unsafe.Add(row, channel)) = q.code(float32(float32(sum) * m))
	}
}

// pair adds up the products of two pixels with 8 channels. One multiplication serves both: with
// codes u0 and u1, (u0 + 2^32*u1)*w is u0*w + 2^32*u1*w, and sums that fit int32 separate exactly.
func (t *tile) pair(s *[8]int64, offs *[2]int32, w []int8, lane, lanes int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 int64
	at := 0
	for range t.segs {
		n := t.groups * 4
		x := unsafe.Slice((*uint8)(unsafe.Add(t.src, int(offs[0])+at)), n)
		y := unsafe.Slice((*uint8)(unsafe.Add(t.src, int(offs[1])+at)), n)
		at += n + t.step
		for g := 0; g+3 < n; g += 4 {
			r := (*[32]int8)(w[4*lane:])
			w = w[4*lanes:]
			a := int64(x[g]) | int64(y[g])<<32
			b := int64(x[g+1]) | int64(y[g+1])<<32
			c := int64(x[g+2]) | int64(y[g+2])<<32
			d := int64(x[g+3]) | int64(y[g+3])<<32
			s0 += a*int64(r[0]) + b*int64(r[1]) + c*int64(r[2]) + d*int64(r[3])
			s1 += a*int64(r[4]) + b*int64(r[5]) + c*int64(r[6]) + d*int64(r[7])
			s2 += a*int64(r[8]) + b*int64(r[9]) + c*int64(r[10]) + d*int64(r[11])
			s3 += a*int64(r[12]) + b*int64(r[13]) + c*int64(r[14]) + d*int64(r[15])
			s4 += a*int64(r[16]) + b*int64(r[17]) + c*int64(r[18]) + d*int64(r[19])
			s5 += a*int64(r[20]) + b*int64(r[21]) + c*int64(r[22]) + d*int64(r[23])
			s6 += a*int64(r[24]) + b*int64(r[25]) + c*int64(r[26]) + d*int64(r[27])
			s7 += a*int64(r[28]) + b*int64(r[29]) + c*int64(r[30]) + d*int64(r[31])
		}
	}
	*s = [8]int64{s0, s1, s2, s3, s4, s5, s6, s7}
}
