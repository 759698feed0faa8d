// SPDX-License-Identifier: MIT-0

//go:build (!amd64 && !arm64) || purego

package rt

func has(i ISA) bool { return i == Generic }
