//go:build !purego

package calib

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// lossCall is one call of the assembly.
type lossCall struct {
	x             *float32
	n             int
	scale, lo, hi *float32
	loss          *float64
}

//go:noescape
func lossAVX2(p *uint8)

// add adds the squared errors of x, which is not empty, to the group of ranges at index at.
func (c *ranges) add(at int, x []float32) {
	if !cpu.X86.HasAVX2 {
		c.addGeneric(at, x)
		return
	}
	call := lossCall{x: &x[0], n: len(x), scale: &c.scale[at], lo: &c.lo[at], hi: &c.hi[at], loss: &c.loss[at]}
	lossAVX2((*uint8)(unsafe.Pointer(&call)))
}
