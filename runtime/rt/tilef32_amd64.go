// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func tileF32x64AVX512(p *uint8)

//go:noescape
func tileF32x32AVX512(p *uint8)

//go:noescape
func tileF32x16AVX512(p *uint8)

//go:noescape
func tileF32x16AVX2(p *uint8)

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tileF32) run(lanes int) {
	p := (*uint8)(unsafe.Pointer(t))
	switch {
	case machine == Generic:
		t.runGeneric(lanes)
	case machine != AVX512VNNI:
		t.runAVX2(lanes)
	case lanes == 64:
		tileF32x64AVX512(p)
	case lanes == 32:
		tileF32x32AVX512(p)
	default:
		tileF32x16AVX512(p)
	}
}

// runAVX2 computes 16 channels at a time. Those that are not all stored go the other way.
func (t *tileF32) runAVX2(lanes int) {
	part := *t
	for lane := 0; lane < lanes && t.mask>>lane != 0; lane += 16 {
		part.dst = unsafe.Add(t.dst, 4*lane)
		part.w = (*float32)(unsafe.Add(unsafe.Pointer(t.w), 4*lane))
		part.bias = (*float32)(unsafe.Add(unsafe.Pointer(t.bias), 4*lane))
		part.mask = t.mask >> lane & 0xffff
		if part.mask == 0xffff {
			tileF32x16AVX2((*uint8)(unsafe.Pointer(&part)))
		} else {
			part.runGeneric(16)
		}
	}
}
