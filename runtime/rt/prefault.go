// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// Prefault asks the system to map the pages of b, which is going to be read whole, at once instead of
// one fault after the other during the first run. It is a hint: nothing depends on its success.
func Prefault(b []byte) { prefault(b, false) }

// pages is the part of b that consists of whole pages of so many bytes, a power of two.
func pages(b []byte, size int) []byte {
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & uintptr(size-1))
	if at >= len(b) {
		return nil
	}
	return b[at : at+(len(b)-at)&^(size-1)]
}
