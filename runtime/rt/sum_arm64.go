// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import (
	"math"
	"unsafe"
)

// sumCall is one call of the assembly.
type sumCall struct {
	dst, x, y    *uint8
	n            int
	oa, ob       int
	ma, mb       uint64 // bits of float32
	zero, lo, hi int
}

//go:noescape
func sumNEON(p *uint8)

// add adds codes of equally long slices; dst may be x or y.
func (a *Sum) add(dst, x, y []uint8) {
	n := len(dst) &^ 15
	if machine == Generic || n == 0 {
		a.addGeneric(dst, x, y)
		return
	}
	c := sumCall{dst: &dst[0], x: &x[:n][0], y: &y[:n][0], n: n, oa: int(a.OA), ob: int(a.OB),
		ma: uint64(math.Float32bits(a.MA)), mb: uint64(math.Float32bits(a.MB)), zero: int(a.Zero), lo: int(int32(a.Lo) + a.Zero), hi: int(int32(a.Hi) + a.Zero)}
	sumNEON((*uint8)(unsafe.Pointer(&c)))
	a.addGeneric(dst[n:], x[n:], y[n:])
}
