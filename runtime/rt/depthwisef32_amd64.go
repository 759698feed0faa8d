// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import "unsafe"

//go:noescape
func spotsF32AVX2(p *uint8)

// run computes as many whole groups of 8 channels as there are, then the rest.
func (s *spotsF32) run() {
	whole := s.c &^ 31
	if machine == Generic || whole == 0 {
		s.runGeneric()
		return
	}
	part := *s
	part.c = whole
	spotsF32AVX2((*uint8)(unsafe.Pointer(&part)))
	if part.c = s.c - whole; part.c > 0 {
		part.dst, part.src = unsafe.Add(s.dst, whole), unsafe.Add(s.src, whole)
		part.w, part.bias = unsafe.Add(s.w, whole), unsafe.Add(s.bias, whole)
		part.runGeneric()
	}
}
