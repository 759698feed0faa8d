// SPDX-License-Identifier: MIT-0

package rt

import (
	"bytes"
	"testing"
	"unsafe"
)

func TestPages(t *testing.T) {
	block := make([]byte, 3*4096)
	base := int(-uintptr(unsafe.Pointer(&block[0])) & 4095)
	for _, c := range []struct{ from, to, first, n int }{
		{base, base + 8192, 0, 8192},
		{base, base + 8191, 0, 4096},
		{base + 1, base + 8192, 4095, 4096},
		{base + 1, base + 4096, 0, 0},
		{base + 1, base + 2, 0, 0},
		{base, base, 0, 0},
	} {
		b := block[c.from:c.to]
		p := pages(b, 4096)
		if len(p) != c.n || c.n > 0 && unsafe.SliceData(p) != &b[c.first] {
			t.Errorf("pages of [%d:%d] are %d bytes", c.from-base, c.to-base, len(p))
		}
	}
	if pages(nil, 4096) != nil {
		t.Error("no bytes have pages")
	}
}

// TestPrefault: what is there stays, written or read.
func TestPrefault(t *testing.T) {
	b := bytes.Repeat([]byte{7}, 1<<20)
	for _, write := range []bool{false, true} {
		prefault(b[5:], write)
	}
	Prefault(nil)
	if bytes.Count(b, []byte{7}) != len(b) {
		t.Error("bytes have changed")
	}
}
