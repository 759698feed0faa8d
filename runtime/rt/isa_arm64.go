// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

func has(i ISA) bool { return i == Generic }
