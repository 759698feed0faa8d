// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import (
	"math"
	"unsafe"
)

// rowCall is one call of the assembly.
type rowCall struct {
	dst, x, y *float32
	n         int
	lo, hi    uint64 // bits of float32
}

//go:noescape
func reluAVX2(p *uint8)

//go:noescape
func clipAVX2(p *uint8)

//go:noescape
func addAVX2(p *uint8)

//go:noescape
func mulAVX2(p *uint8)

//go:noescape
func maxAVX2F32(p *uint8)

// call is the assembly's view of the first numbers, as many as make whole vectors; r keeps the others.
// It is empty where there is no such assembly.
func (r *rowF32) call() (c rowCall) {
	n := len(r.dst) &^ 7
	if machine == Generic || n == 0 {
		return c
	}
	c = rowCall{dst: &r.dst[0], x: &r.x[:n][0], n: n, lo: uint64(math.Float32bits(r.lo)), hi: uint64(math.Float32bits(r.hi))}
	r.dst, r.x = r.dst[n:], r.x[n:]
	if r.y != nil {
		c.y = &r.y[:n][0]
		r.y = r.y[n:]
	}
	return c
}

func (r *rowF32) relu() {
	if c := r.call(); c.n > 0 {
		reluAVX2((*uint8)(unsafe.Pointer(&c)))
	}
	r.reluGeneric()
}

func (r *rowF32) clip() {
	if c := r.call(); c.n > 0 {
		clipAVX2((*uint8)(unsafe.Pointer(&c)))
	}
	r.clipGeneric()
}

func (r *rowF32) add() {
	if c := r.call(); c.n > 0 {
		addAVX2((*uint8)(unsafe.Pointer(&c)))
	}
	r.addGeneric()
}

func (r *rowF32) mul() {
	if c := r.call(); c.n > 0 {
		mulAVX2((*uint8)(unsafe.Pointer(&c)))
	}
	r.mulGeneric()
}

func (r *rowF32) max() {
	if c := r.call(); c.n > 0 {
		maxAVX2F32((*uint8)(unsafe.Pointer(&c)))
	}
	r.maxGeneric()
}
