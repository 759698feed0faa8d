// SPDX-License-Identifier: MIT-0

package rt

// ConvAddArgs describe a convolution whose codes are added to another tensor of the result's shape:
// the end of a residual block. OC and MC are the offset plus 128 of the convolution's codes and the
// ratio of their scale to the sum's, OR and MR those of the other tensor; Sum takes the sum to
// codes.
type ConvAddArgs struct {
	Conv
	OC, OR int32
	MC, MR float32
	Sum    Codes
}

// Conv2DAdd convolves, requantizes and adds: the same codes as Conv2D followed by AddCodes. mid,
// when it is not empty, receives the codes before the sum. patch and acc are scratch.
func Conv2DAdd(a *ConvAddArgs, dst, src, other, mid []uint8, patch []int64, acc []int32) {
	total := a.N * a.OutH * a.OutW
	for at := 0; at < total; at += 2 * strip {
		n := min(2*strip, total-at)
		a.accumulate(at, n, src, patch, acc)
		for i := range n {
			lo, hi := (at+i)*a.Out, (at+i+1)*a.Out
			row := dst[lo:hi]
			requantize(row, acc[i*a.Out:], a.M, &a.Codes)
			if len(mid) > 0 {
				copy(mid[lo:hi], row)
			}
			a.add(row, other[lo:hi])
		}
	}
}

func (a *ConvAddArgs) add(row, other []uint8) {
	other = other[:len(row)]
	for i, u := range row {
		fc := float32(float32(int32(u)-a.OC) * a.MC)
		fr := float32(float32(int32(other[i])-a.OR) * a.MR)
		row[i] = a.Sum.code(float32(fc + fr))
	}
}
