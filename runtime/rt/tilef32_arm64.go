// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func tileF32x16NEON(p *uint8)

// run computes a tile of a panel of 64, 32 or 16 channels, 16 at a time. Those that are not all stored
// go the other way.
func (t *tileF32) run(lanes int) {
	if machine == Generic {
		t.runGeneric(lanes)
		return
	}
	part := *t
	for lane := 0; lane < lanes && t.mask>>lane != 0; lane += 16 {
		part.dst = unsafe.Add(t.dst, 4*lane)
		part.w = (*float32)(unsafe.Add(unsafe.Pointer(t.w), 4*lane))
		part.bias = (*float32)(unsafe.Add(unsafe.Pointer(t.bias), 4*lane))
		part.mask = t.mask >> lane & 0xffff
		if part.mask == 0xffff {
			tileF32x16NEON((*uint8)(unsafe.Pointer(&part)))
		} else {
			part.runGeneric(16)
		}
	}
}
