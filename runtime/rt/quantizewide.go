// SPDX-License-Identifier: MIT-0

package rt

import "math"

// Codes of int16 are stored as two planes of bytes, one after the other: of q = 256*h + l first all
// h+128, then all l. Each is a tensor of unsigned bytes that the matrix kernels read.

// QuantizeWideArgs describe float32 to codes of int16. The source is N images of C planes of P numbers,
// the destination N images of P positions of C codes; C = 1 keeps the order. R is 1/scale; Lo and Hi
// are the ends of the code range less Zero, the code of the number 0.
type QuantizeWideArgs struct {
	N, C, P   int
	R, Lo, Hi float32
	Zero      int32
}

// QuantizeWide takes float32 to codes.
func QuantizeWide(w *Worker, a *QuantizeWideArgs, dst []uint8, src []float32) {
	n := a.N * a.C * a.P
	high, low := dst[:n], dst[n:2*n]
	lo, hi := w.share(a.P, 64)
	for row := range a.N * a.C {
		at := row/a.C*a.C*a.P + row%a.C + lo*a.C
		for _, v := range src[row*a.P+lo : row*a.P+hi] {
			q := a.code(float32(v * a.R))
			high[at], low[at] = uint8((q>>8)+128), uint8(q)
			at += a.C
		}
	}
	w.wait()
}

// code is the only way from float32 to a code of int16.
func (a *QuantizeWideArgs) code(f float32) int32 {
	if f != f {
		return a.Zero
	}
	f = min(max(f, a.Lo), a.Hi)
	return int32(math.Float32bits(f+round)) - roundBits + a.Zero
}
