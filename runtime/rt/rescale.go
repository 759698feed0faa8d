// SPDX-License-Identifier: MIT-0

package rt

// RescaleArgs describe codes of one map to codes of another: In is the offset of the source plus
// 128, M the ratio of the scales.
type RescaleArgs struct {
	In int32
	M  float32
	Codes
}

// at is the new code of a code.
func (a *RescaleArgs) at(u uint8) uint8 { return a.code(float32(float32(int32(u)-a.In) * a.M)) }

// Rescale moves codes to another map. Many go through a table of what becomes of every code.
func Rescale(w *Worker, a *RescaleArgs, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	var table [256]uint8
	if len(dst) < 2*len(table) {
		for i, u := range src {
			dst[i] = a.at(u)
		}
		return
	}
	for u := range table {
		table[u] = a.at(uint8(u))
	}
	for i, u := range src {
		dst[i] = table[u]
	}
}
