// SPDX-License-Identifier: MIT-0

//go:build (!amd64 && !arm64) || purego

package rt

// add adds codes of equally long slices; dst may be x or y.
func (a *Sum) add(dst, x, y []uint8) { a.addGeneric(dst, x, y) }
