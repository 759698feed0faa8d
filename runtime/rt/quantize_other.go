// SPDX-License-Identifier: MIT-0

//go:build (!amd64 && !arm64) || purego

package rt

// quantize takes numbers times r to codes.
func (q *Codes) quantize(dst []uint8, src []float32, r float32) { q.quantizeGeneric(dst, src, r) }

// interleave3 brings three planes together.
func interleave3(dst, a, b, c []uint8) { interleaveGeneric(dst, a, b, c) }
