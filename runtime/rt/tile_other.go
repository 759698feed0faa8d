// SPDX-License-Identifier: MIT-0

//go:build !amd64 || purego

package rt

// scratchBytes is the memory that kernels work in: plain Go has no need.
const scratchBytes = 0

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tile) run(lanes int) { t.runGeneric(lanes) }
