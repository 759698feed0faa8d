// SPDX-License-Identifier: MIT-0

package rt

import "math"

// NormalizeF32Args describe rows of N numbers that are normalized together, with the mean left as it is where they
// are Uncentred.
type NormalizeF32Args struct {
	Rows, N   int
	Eps       float32
	Uncentred bool
}

// NormalizeF32 gives every row zero mean and unit variance, or a mean square of one.
func NormalizeF32(w *Worker, a *NormalizeF32Args, dst, src []float32) {
	defer w.wait()
	lo, hi := w.share(a.Rows, 1)
	for r := lo; r < hi; r++ {
		row, out := src[r*a.N:(r+1)*a.N], dst[r*a.N:(r+1)*a.N]
		var sum, mean, square float32
		if !a.Uncentred {
			for _, v := range row {
				sum = float32(sum + v)
			}
			mean = float32(sum / float32(a.N))
		}
		for _, v := range row {
			d := float32(v - mean)
			square = float32(square + float32(d*d))
		}
		s := float32(math.Sqrt(float64(float32(float32(square/float32(a.N)) + a.Eps))))
		for i, v := range row {
			out[i] = float32(float32(v-mean) / s)
		}
	}
}
