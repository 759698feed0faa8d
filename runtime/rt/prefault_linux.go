// SPDX-License-Identifier: MIT-0

package rt

import "syscall"

// What madvise(2) takes since Linux 5.14; an older one refuses it.
const (
	populateRead  = 22
	populateWrite = 23
)

func prefault(b []byte, write bool) {
	advice := populateRead
	if write {
		advice = populateWrite
	}
	if p := pages(b, syscall.Getpagesize()); len(p) > 0 {
		_ = syscall.Madvise(p, advice)
	}
}
