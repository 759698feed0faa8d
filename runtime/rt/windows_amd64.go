// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func maxAVX512(p *uint8)

//go:noescape
func sumsAVX512(p *uint8)

// max stores the greatest codes.
func (p *windows) max() {
	if machine != AVX512VNNI {
		p.maxGeneric()
		return
	}
	maxAVX512((*uint8)(unsafe.Pointer(p)))
}

// sums stores sums.
func (p *windows) sums() {
	if machine != AVX512VNNI {
		p.sumsGeneric()
		return
	}
	sumsAVX512((*uint8)(unsafe.Pointer(p)))
}
