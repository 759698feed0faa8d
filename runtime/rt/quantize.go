// SPDX-License-Identifier: MIT-0

package rt

// QuantizeArgs describe float32 to codes. The source is N images of C planes of P numbers, the
// destination N images of P positions of C codes; C = 1 keeps the order. R is 1/scale.
type QuantizeArgs struct {
	N, C, P int
	R       float32
	Codes
}

// planeRun is the number of positions of three planes that are quantized before they are brought
// together.
const planeRun = 1024

// Local is the memory that every worker needs in bytes.
func (a *QuantizeArgs) Local() int {
	if a.C == 3 {
		return 3 * planeRun
	}
	return 0
}

// Quantize takes float32 to codes.
func Quantize(w *Worker, a *QuantizeArgs, dst []uint8, src []float32) {
	c, p := a.C, a.P
	lo, hi := w.share(p, 64)
	for i := range a.N {
		out, in := dst[i*c*p:(i+1)*c*p], src[i*c*p:(i+1)*c*p]
		switch c {
		case 1:
			a.quantize(out[lo:hi], in[lo:hi], a.R)
		case 3:
			for at := lo; at < hi; at += planeRun {
				n := min(planeRun, hi-at)
				planes := [3][]uint8{w.local[:n], w.local[planeRun:][:n], w.local[2*planeRun:][:n]}
				for ch, plane := range planes {
					a.quantize(plane, in[ch*p+at:][:n], a.R)
				}
				interleave3(out[3*at:3*(at+n)], planes[0], planes[1], planes[2])
			}
		default:
			for ch := range c {
				at := lo*c + ch
				for _, v := range in[ch*p+lo : ch*p+hi] {
					out[at] = a.code(float32(v * a.R))
					at += c
				}
			}
		}
	}
	w.wait()
}

// quantizeGeneric takes numbers times r to codes.
func (q *Codes) quantizeGeneric(dst []uint8, src []float32, r float32) {
	for i, v := range src {
		dst[i] = q.code(float32(v * r))
	}
}

// interleaveGeneric brings three planes together.
func interleaveGeneric(dst, a, b, c []uint8) {
	for i := range a {
		dst[3*i], dst[3*i+1], dst[3*i+2] = a[i], b[i], c[i]
	}
}
