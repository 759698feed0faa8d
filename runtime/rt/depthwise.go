// SPDX-License-Identifier: MIT-0

package rt

// DepthwiseArgs describe a convolution of codes with one filter for each channel. Weights are
// [c][kh][kw]; the other fields are those of Conv.
type DepthwiseArgs struct {
	N, C int
	Window
	Weights []int8
	Bias    []int32
	Offset  int32
	M       []float32
	Codes

	w    []int8 // [kh][kw][c]
	bias []int32
}

// Prepare packs the weights and folds the zero point into the bias, as makePanel does.
func (a *DepthwiseArgs) Prepare() {
	k := a.KH * a.KW
	a.w, a.bias = make([]int8, k*a.C), make([]int32, a.C)
	for c := range a.C {
		sum := int32(0)
		for i, v := range a.Weights[c*k : (c+1)*k] {
			a.w[i*a.C+c] = v
			sum += int32(v)
		}
		a.bias[c] = a.Bias[c] - (128+a.Offset)*sum
	}
}

// Depthwise convolves each channel and requantizes. acc is scratch of C numbers.
func Depthwise(a *DepthwiseArgs, dst, src []uint8, acc []int32) {
	for at := range a.N * a.OutH * a.OutW {
		a.accumulate(at, src, acc)
		requantize(dst[at*a.C:(at+1)*a.C], acc, a.M, &a.Codes)
	}
}

// DepthwiseToF32 convolves each channel and gives the accumulators' values. acc is scratch of C
// numbers.
func DepthwiseToF32(a *DepthwiseArgs, dst []float32, src []uint8, acc []int32) {
	for at := range a.N * a.OutH * a.OutW {
		a.accumulate(at, src, acc)
		scaleRow(dst[at*a.C:(at+1)*a.C], acc, a.M)
	}
}

func (a *DepthwiseArgs) accumulate(at int, src []uint8, acc []int32) {
	acc = acc[:a.C]
	copy(acc, a.bias)
	image, oy, ox := at/(a.OutW*a.OutH), at/a.OutW%a.OutH, at%a.OutW
	for ky := range a.KH {
		y := oy*a.SH - a.Top + ky*a.DH
		for kx := range a.KW {
			x := ox*a.SW - a.Left + kx*a.DW
			w := a.w[(ky*a.KW+kx)*a.C:][:len(acc)]
			if y < 0 || y >= a.H || x < 0 || x >= a.W {
				for c := range acc {
					acc[c] += (128 + a.Offset) * int32(w[c])
				}
				continue
			}
			row := src[((image*a.H+y)*a.W+x)*a.C:][:len(acc)]
			for c := range acc {
				acc[c] += int32(row[c]) * int32(w[c])
			}
		}
	}
}
