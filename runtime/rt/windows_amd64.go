// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func maxAVX512(p *uint8)

//go:noescape
func maxAVX2(p *uint8)

//go:noescape
func sumsAVX512(p *uint8)

//go:noescape
func sumsAVX2(p *uint8)

// max stores the greatest codes.
func (p *windows) max() {
	switch machine {
	case Generic:
		p.maxGeneric()
	case AVX512VNNI:
		maxAVX512((*uint8)(unsafe.Pointer(p)))
	default:
		maxAVX2((*uint8)(unsafe.Pointer(p)))
	}
}

// sums stores sums.
func (p *windows) sums() {
	switch machine {
	case Generic:
		p.sumsGeneric()
	case AVX512VNNI:
		sumsAVX512((*uint8)(unsafe.Pointer(p)))
	default:
		sumsAVX2((*uint8)(unsafe.Pointer(p)))
	}
}
