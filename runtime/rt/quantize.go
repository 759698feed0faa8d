// SPDX-License-Identifier: MIT-0

package rt

// QuantizeArgs describe float32 to codes. The source is N images of C planes of P numbers, the
// destination N images of P positions of C codes; C = 1 keeps the order. R is 1/scale.
type QuantizeArgs struct {
	N, C, P int
	R       float32
	Codes
}

// Quantize takes float32 to codes.
func Quantize(w *Worker, a *QuantizeArgs, dst []uint8, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	q, r, c, p := &a.Codes, a.R, a.C, a.P
	for i := range a.N {
		out := dst[i*c*p : (i+1)*c*p]
		if c == 1 {
			for j, v := range src[i*p : (i+1)*p] {
				out[j] = q.code(float32(v * r))
			}
			continue
		}
		for ch := range c {
			at := ch
			for _, v := range src[(i*c+ch)*p : (i*c+ch+1)*p] {
				out[at] = q.code(float32(v * r))
				at += c
			}
		}
	}
}
