// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func tileNEON(p *uint8)

//go:noescape
func tileNEONDot(p *uint8)

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tile) run(lanes int) {
	t.lanes = lanes
	p := (*uint8)(unsafe.Pointer(t))
	switch machine {
	case NEONDot:
		tileNEONDot(p)
	case NEON:
		tileNEON(p)
	default:
		t.runGeneric(lanes)
	}
}
