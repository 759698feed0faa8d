// SPDX-License-Identifier: MIT-0

package rt

// Window is the geometry of a sliding window over images of H by W positions. Tap (ky, kx) of
// output (oy, ox) is at row oy*SH-Top+ky*DH and column ox*SW-Left+kx*DW; it is outside when that
// position does not exist.
type Window struct {
	H, W, KH, KW, SH, SW, DH, DW, Top, Left, OutH, OutW int
}

// inside is the range [lo, hi) of taps of an axis that lie inside, for a window whose tap 0 is at
// position start; d is the dilation, k the number of taps, n the size of the axis.
func inside(start, d, k, n int) (lo, hi int) {
	if start < 0 {
		lo = (-start + d - 1) / d
	}
	if n > start {
		hi = min(k, (n-start+d-1)/d)
	}
	return min(lo, hi), hi
}
