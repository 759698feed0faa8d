// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func columnsNEON(p *uint8)

//go:noescape
func spotsNEON(p *uint8)

//go:noescape
func spotsNEONDot(p *uint8)

func (c *columns) run() {
	whole := c.n &^ 15
	if machine == Generic || whole == 0 {
		c.runGeneric()
		return
	}
	part := *c
	part.n = whole
	columnsNEON((*uint8)(unsafe.Pointer(&part)))
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
	switch machine {
	case NEONDot:
		spotsNEONDot(p)
	case NEON:
		spotsNEON(p)
	default:
		s.runGeneric(lanes)
	}
}
