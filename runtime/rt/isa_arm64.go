// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

import (
	"os"
	"runtime"
	"unsafe"
)

// dotProduct says whether this machine has the dot product of bytes (FEAT_DotProd).
var dotProduct = runtime.GOOS == "darwin" || runtime.GOOS == "linux" && hwcap()&hwcapDotProduct != 0

func has(i ISA) bool { return i == Generic || i == NEON || i == NEONDot && dotProduct }

// hwcapDotProduct is HWCAP_ASIMDDP of Linux's asm/hwcap.h.
const hwcapDotProduct = 1 << 20

// hwcap is the entry AT_HWCAP of the auxiliary vector that Linux gives to a process, 0 when it cannot be
// read.
func hwcap() uint64 {
	const atHWCAP = 16
	data, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return 0
	}
	for ; len(data) >= 16; data = data[16:] {
		if entry := (*[2]uint64)(unsafe.Pointer(&data[0])); entry[0] == atHWCAP {
			return entry[1]
		}
	}
	return 0
}
