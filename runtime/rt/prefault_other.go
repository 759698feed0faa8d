// SPDX-License-Identifier: MIT-0

//go:build !linux

package rt

func prefault(b []byte, write bool) {}
