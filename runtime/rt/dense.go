// SPDX-License-Identifier: MIT-0

package rt

// DenseArgs describe a product of Rows rows of K codes with Weights [Out][K]; the other fields are
// those of Conv.
type DenseArgs struct {
	Rows, K, Out int
	Weights      []int8
	Bias         []int32
	Offset       int32
	M            []float32
	Codes

	panel panel
}

// Prepare packs the weights.
func (a *DenseArgs) Prepare() { a.panel = makePanel(a.Weights, a.Bias, a.K, 128+a.Offset) }

// Scratch is the number of elements of both scratch slices.
func (a *DenseArgs) Scratch() (patch, acc int) { return a.K, 2 * a.Out }

// Dense multiplies and requantizes. patch and acc are scratch.
func Dense(a *DenseArgs, dst, src []uint8, patch []int64, acc []int32) {
	for r := 0; r < a.Rows; r += 2 {
		a.accumulate(r, src, patch, acc)
		for i := r; i < min(r+2, a.Rows); i++ {
			requantize(dst[i*a.Out:(i+1)*a.Out], acc[(i-r)*a.Out:], a.M, &a.Codes)
		}
	}
}

// DenseToF32 multiplies and gives the accumulators' values. patch and acc are scratch.
func DenseToF32(a *DenseArgs, dst []float32, src []uint8, patch []int64, acc []int32) {
	for r := 0; r < a.Rows; r += 2 {
		a.accumulate(r, src, patch, acc)
		for i := r; i < min(r+2, a.Rows); i++ {
			scaleRow(dst[i*a.Out:(i+1)*a.Out], acc[(i-r)*a.Out:], a.M)
		}
	}
}

func (a *DenseArgs) accumulate(r int, src []uint8, patch []int64, acc []int32) {
	for i := r; i < min(r+2, a.Rows); i++ {
		put(patch, src[i*a.K:(i+1)*a.K], i-r)
	}
	a.panel.multiply(patch[:a.K], acc, acc[a.Out:])
}
