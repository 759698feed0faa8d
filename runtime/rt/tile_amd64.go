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

//go:noescape
func tileAVX2(p *uint8)

//go:noescape
func tileAVXVNNI(p *uint8)

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tile) run(lanes int) {
	t.lanes = lanes
	p := (*uint8)(unsafe.Pointer(t))
	switch {
	case machine == AVX2:
		tileAVX2(p)
	case machine == AVXVNNI:
		tileAVXVNNI(p)
	case machine == Generic:
		t.runGeneric(lanes)
	case lanes == 64:
		tile64AVX512(p)
	case lanes == 32:
		tile32AVX512(p)
	default:
		tile16AVX512(p)
	}
}
