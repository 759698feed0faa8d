// SPDX-License-Identifier: MIT-0

package rt

// Sum describes the sum of two codes: OA and OB are the offsets plus 128, MA and MB the ratios of the
// operands' scales to the result's.
type Sum struct {
	OA, OB int32
	MA, MB float32
	Codes
}

// addGeneric adds codes of equally long slices; dst may be x or y.
func (a *Sum) addGeneric(dst, x, y []uint8) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		fa := float32(float32(int32(x[i])-a.OA) * a.MA)
		fb := float32(float32(int32(y[i])-a.OB) * a.MB)
		dst[i] = a.code(float32(fa + fb))
	}
}
