// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import (
	"math"
	"unsafe"
)

// quantizeCall is one call of the assembly.
type quantizeCall struct {
	dst            *uint8
	src            *float32
	n              int
	r, least, most uint64 // bits of float32
	zero, lo, hi   int
}

//go:noescape
func quantizeNEON(p *uint8)

// quantize takes numbers times r to codes.
func (q *Codes) quantize(dst []uint8, src []float32, r float32) {
	n := len(src) &^ 15
	if machine == Generic || n == 0 {
		q.quantizeGeneric(dst, src, r)
		return
	}
	bits := func(f float32) uint64 { return uint64(math.Float32bits(f)) }
	c := quantizeCall{dst: &dst[:n][0], src: &src[0], n: n, r: bits(r), least: bits(q.Lo), most: bits(q.Hi),
		zero: int(q.Zero), lo: int(int32(q.Lo) + q.Zero), hi: int(int32(q.Hi) + q.Zero)}
	quantizeNEON((*uint8)(unsafe.Pointer(&c)))
	q.quantizeGeneric(dst[n:], src[n:], r)
}

// interleave3 brings three planes together.
func interleave3(dst, a, b, c []uint8) { interleaveGeneric(dst, a, b, c) }
