// SPDX-License-Identifier: MIT-0

package rt

// AddCodesArgs describe the sum of two tensors of codes.
type AddCodesArgs struct {
	Strided
	Sum
}

// AddCodes adds.
func AddCodes(w *Worker, a *AddCodesArgs, dst, x, y []uint8) {
	n, sa, sb := a.last()
	if len(a.Dims) == 1 && sa == 1 && sb == 1 {
		lo, hi := w.share(n, 64)
		a.add(dst[lo:hi], x[lo:hi], y[lo:hi])
		w.wait()
		return
	}
	if w.alone() {
		a.rows(func(at, pa, pb int) {
			if sa == 1 && sb == 1 {
				a.add(dst[at:at+n], x[pa:pa+n], y[pb:pb+n])
				return
			}
			for i := range dst[at : at+n] {
				fa := float32(float32(int32(x[pa])-a.OA) * a.MA)
				fb := float32(float32(int32(y[pb])-a.OB) * a.MB)
				dst[at+i] = a.code(float32(fa + fb))
				pa += sa
				pb += sb
			}
		})
	}
	w.wait()
}
