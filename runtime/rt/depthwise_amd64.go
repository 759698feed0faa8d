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

//go:noescape
func columnsAVX2(p *uint8)

//go:noescape
func spotsAVX2(p *uint8)

func (c *columns) run() {
	if machine == AVX512VNNI {
		columnsAVX512((*uint8)(unsafe.Pointer(c)))
		return
	}
	whole := c.n &^ 31
	if machine == Generic || whole == 0 {
		c.runGeneric()
		return
	}
	part := *c
	part.n = whole
	columnsAVX2((*uint8)(unsafe.Pointer(&part)))
	if part.n = c.n - whole; part.n > 0 {
		part.dst = (*uint8)(unsafe.Add(unsafe.Pointer(c.dst), 4*whole))
		for i, row := range c.rows {
			part.rows[i] = (*uint8)(unsafe.Add(unsafe.Pointer(row), whole))
		}
		part.runGeneric()
	}
}

func (s *spots) run(lanes int) {
	s.lanes = lanes
	p := (*uint8)(unsafe.Pointer(s))
	switch {
	case machine == Generic:
		s.runGeneric(lanes)
	case machine != AVX512VNNI:
		spotsAVX2(p)
	case lanes == 64:
		spots64AVX512(p)
	case lanes == 32:
		spots32AVX512(p)
	default:
		spots16AVX512(p)
	}
}
