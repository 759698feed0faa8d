// SPDX-License-Identifier: MIT-0

//go:build !amd64 || purego

package rt

// max stores the greatest codes.
func (p *windows) max() { p.maxGeneric() }

// sums stores sums.
func (p *windows) sums() { p.sumsGeneric() }
