// SPDX-License-Identifier: MIT-0

package rt

// AddCodesArgs describe the sum of two tensors of codes: OA and OB are the offsets plus 128, MA and
// MB the ratios of the operands' scales to the result's.
type AddCodesArgs struct {
	Strided
	OA, OB int32
	MA, MB float32
	Codes
}

// AddCodes adds.
func AddCodes(a *AddCodesArgs, dst, x, y []uint8) {
	n, sa, sb := a.last()
	a.rows(func(at, pa, pb int) {
		for i := range dst[at : at+n] {
			fa := float32(float32(int32(x[pa])-a.OA) * a.MA)
			fb := float32(float32(int32(y[pb])-a.OB) * a.MB)
			dst[at+i] = a.code(float32(fa + fb))
			pa += sa
			pb += sb
		}
	})
}
