// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// Mem is the working memory of one run: one block, aligned to 64 bytes, whose parts are planned
// ahead. Parts are viewed as numbers of the machine's own byte order.
type Mem struct{ block []byte }

// NewMem allocates a block of the given size, its pages mapped.
func NewMem(size int) *Mem {
	b := make([]byte, size+64)
	prefault(b, true)
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63)
	return &Mem{b[at : at+size : at+size]}
}

// U8 views n codes at a byte offset.
func (m *Mem) U8(at, n int) []uint8 { return m.block[at : at+n : at+n] }

// F32 views n numbers at a byte offset that is a multiple of 4.
func (m *Mem) F32(at, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(m.block[at:at+4*n]))), n)
}

// I32 views n numbers at a byte offset that is a multiple of 4.
func (m *Mem) I32(at, n int) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(m.block[at:at+4*n]))), n)
}

// I64 views n numbers at a byte offset that is a multiple of 8.
func (m *Mem) I64(at, n int) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(m.block[at:at+8*n]))), n)
}

// F64 views n numbers at a byte offset that is a multiple of 8.
func (m *Mem) F64(at, n int) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(m.block[at:at+8*n]))), n)
}
