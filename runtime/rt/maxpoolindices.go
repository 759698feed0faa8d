// SPDX-License-Identifier: MIT-0

package rt

// PoolIndicesArgs describe the windows. Indices count the elements of a sample, channel by channel, by rows or by
// Columns; Whole adds the elements of the samples in front.
type PoolIndicesArgs struct {
	Pool
	Columns, Whole bool
}

// MaxPoolIndicesU8 gives for each window of stored codes the index of its maximum, the first of equal ones.
func MaxPoolIndicesU8(w *Worker, a *PoolIndicesArgs, dst []int64, src []uint8) {
	poolIndices(w, a, dst, src)
}

// MaxPoolIndicesF32 is the same for numbers; NaN is above them all.
func MaxPoolIndicesF32(w *Worker, a *PoolIndicesArgs, dst []int64, src []float32) {
	poolIndices(w, a, dst, src)
}

// poolIndices reads images in pixel order and gives indices in row-major order.
func poolIndices[T uint8 | float32](w *Worker, a *PoolIndicesArgs, dst []int64, src []T) {
	defer w.wait()
	plane, pixels := a.OutH*a.OutW, a.H*a.W
	lo, hi := w.share(a.N*plane, 1)
	for at := lo; at < hi; at++ {
		image, fresh := at/plane, true
		to := dst[image*a.C*plane+at%plane:]
		a.taps(at, func(first int) {
			for c := range a.C {
				if best := &to[c*plane]; fresh || above(src[first+c], src[*best]) {
					*best = int64(first + c)
				}
			}
			fresh = false
		})
		for c := range a.C {
			at := int(to[c*plane]) / a.C % pixels
			if a.Columns {
				at = at%a.W*a.H + at/a.W
			}
			at += c * pixels
			if a.Whole {
				at += image * a.C * pixels
			}
			to[c*plane] = int64(at)
		}
	}
}
