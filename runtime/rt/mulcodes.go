// SPDX-License-Identifier: MIT-0

package rt

// MulCodesArgs describe the product of two tensors of codes: OA and OB are the offsets plus 128, M
// the product of the operands' scales over the result's.
type MulCodesArgs struct {
	Strided
	OA, OB int32
	M      float32
	Codes
}

// MulCodes multiplies.
func MulCodes(w *Worker, a *MulCodesArgs, dst, x, y []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	n, sa, sb := a.last()
	a.rows(func(at, pa, pb int) {
		for i := range dst[at : at+n] {
			p := (int32(x[pa]) - a.OA) * (int32(y[pb]) - a.OB)
			dst[at+i] = a.code(float32(float32(p) * a.M))
			pa += sa
			pb += sb
		}
	})
}
