// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func columnsAVX512(p *uint8)

//go:noescape
func spots64AVX512(p *uint8)

//go:noescape
func spots32AVX512(p *uint8)

//go:noescape
func spots16AVX512(p *uint8)

func (c *columns) run() {
	if machine != AVX512VNNI {
		c.runGeneric()
		return
	}
	columnsAVX512((*uint8)(unsafe.Pointer(c)))
}

func (s *spots) run(lanes int) {
	if machine != AVX512VNNI {
		s.runGeneric(lanes)
		return
	}
	p := (*uint8)(unsafe.Pointer(s))
	switch lanes {
	case 64:
		spots64AVX512(p)
	case 32:
		spots32AVX512(p)
	default:
		spots16AVX512(p)
	}
}
