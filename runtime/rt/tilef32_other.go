// SPDX-License-Identifier: MIT-0

//go:build (!amd64 && !arm64) || purego

package rt

// run computes a tile of a panel of 64, 32 or 16 channels.
func (t *tileF32) run(lanes int) { t.runGeneric(lanes) }
