// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func tile64AVX512(p *uint8)

//go:noescape
func tile32AVX512(p *uint8)

//go:noescape
func tile16AVX512(p *uint8)

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tile) run(lanes int) {
	if machine != AVX512VNNI {
		t.runGeneric(lanes)
		return
	}
	p := (*uint8)(unsafe.Pointer(t))
	switch lanes {
	case 64:
		tile64AVX512(p)
	case 32:
		tile32AVX512(p)
	default:
		tile16AVX512(p)
	}
}
