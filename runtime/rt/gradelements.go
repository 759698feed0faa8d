// SPDX-License-Identifier: MIT-0

package rt

import "math"

// MaskArgs are the bounds between which a gradient passes.
type MaskArgs struct{ Lo, Hi float32 }

// rank maps float32 to integers in the same order; NaN lies beyond infinity.
func rank(v float32) int64 {
	s := int32(math.Float32bits(v))
	return int64(s ^ int32(uint32(s>>31)>>1))
}

// Mask is the gradient of a clamp: grad where the source lies within the bounds, else +0.
func Mask(w *Worker, a *MaskArgs, dst, src, grad []float32) {
	first, last := rank(a.Lo), rank(a.Hi)
	if a.Lo == 0 {
		first = -1 // -0 is not below 0
	}
	if a.Hi == 0 {
		last = 0
	}
	lo, hi := w.share(len(dst), 64)
	to, x, g := dst[lo:hi], src[lo:hi], grad[lo:hi]
	for i := range to {
		k := rank(x[i])
		outside := uint32(((k - first) | (last - k)) >> 63)
		to[i] = math.Float32frombits(math.Float32bits(g[i]) &^ outside)
	}
	w.wait()
}

// MaxPoolGrad gives each window's gradient to the first of its greatest numbers.
func MaxPoolGrad(w *Worker, a *Pool, dst, src, grad []float32) {
	first, end := w.share(a.N, 1)
	clear(dst[first*a.H*a.W*a.C : end*a.H*a.W*a.C])
	best := make([]int, a.C)
	for at := first * a.OutH * a.OutW; at < end*a.OutH*a.OutW; at++ {
		fresh := true
		a.taps(at, func(from int) {
			for c := range best {
				if fresh || src[from+c] > src[best[c]] {
					best[c] = from + c
				}
			}
			fresh = false
		})
		for c, b := range best {
			dst[b] = float32(dst[b] + grad[at*a.C+c])
		}
	}
	w.wait()
}

// AvgPoolGrad gives each window's gradient, divided, to all of its elements.
func AvgPoolGrad(w *Worker, a *AvgPoolF32Args, dst, grad []float32) {
	first, end := w.share(a.N, 1)
	clear(dst[first*a.H*a.W*a.C : end*a.H*a.W*a.C])
	part := make([]float32, a.C)
	for at := first * a.OutH * a.OutW; at < end*a.OutH*a.OutW; at++ {
		n := a.Count
		if n == 0 {
			n = a.taps(at, func(int) {})
		}
		for c := range part {
			part[c] = float32(grad[at*a.C+c] / float32(n))
		}
		a.taps(at, func(from int) {
			for c, v := range part {
				dst[from+c] = float32(dst[from+c] + v)
			}
		})
	}
	w.wait()
}

// SoftmaxGrad is the gradient of SoftmaxF32 from its result.
func SoftmaxGrad(w *Worker, a *SoftmaxF32Args, dst, y, grad []float32) {
	lo, hi := w.share(a.Outer*a.Inner, 1)
	for r := lo; r < hi; r++ {
		base := r/a.Inner*a.N*a.Inner + r%a.Inner
		var s float32
		for i := range a.N {
			s = float32(s + float32(grad[base+i*a.Inner]*y[base+i*a.Inner]))
		}
		for i := range a.N {
			at := base + i*a.Inner
			dst[at] = float32(y[at] * float32(grad[at]-s))
		}
	}
	w.wait()
}

// LossArgs describe N samples of C numbers.
type LossArgs struct{ N, C int }

// CrossEntropy gives the mean cross entropy of softmax and a distribution, in float64.
func CrossEntropy(w *Worker, a *LossArgs, dst, src, target []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	var total float64
	for r := range a.N {
		row := src[r*a.C:][:a.C]
		m := float64(row[0])
		for _, v := range row {
			m = max(m, float64(v))
		}
		var s float64
		for _, v := range row {
			s += math.Exp(float64(v) - m)
		}
		for i, v := range row {
			total += float64(float64(target[r*a.C+i]) * (math.Log(s) + m - float64(v)))
		}
	}
	dst[0] = float32(total / float64(a.N))
}

// CrossEntropyGrad is its gradient; soft is softmax of the source, as SoftmaxF32 gives it.
func CrossEntropyGrad(w *Worker, a *LossArgs, dst, soft, target, grad []float32) {
	d := float32(grad[0] / float32(a.N))
	lo, hi := w.share(a.N*a.C, 16)
	for i := lo; i < hi; i++ {
		dst[i] = float32(float32(soft[i]-target[i]) * d)
	}
	w.wait()
}

// SquaredError gives the mean squared difference, in float64.
func SquaredError(w *Worker, a *LossArgs, dst, src, target []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	var total float64
	for i, v := range src {
		d := float64(v) - float64(target[i])
		total += float64(d * d)
	}
	dst[0] = float32(total / float64(len(src)))
}

// SquaredErrorGrad is its gradient.
func SquaredErrorGrad(w *Worker, a *LossArgs, dst, src, target, grad []float32) {
	f := float32(2 * float64(grad[0]) / float64(a.N*a.C))
	lo, hi := w.share(len(dst), 64)
	for i := lo; i < hi; i++ {
		dst[i] = float32(float32(src[i]-target[i]) * f)
	}
	w.wait()
}

// SumToArgs describe numbers of dimensions Dims; To are the distances of the sums along them, 0 where
// they are added up.
type SumToArgs struct{ Dims, To []int }

// SumTo adds up in ascending order from +0.
func SumTo(w *Worker, a *SumToArgs, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	clear(dst)
	at := 0
	a.walk(0, 0, &at, dst, src)
}

func (a *SumToArgs) walk(d, to int, at *int, dst, src []float32) {
	if d == len(a.Dims) {
		dst[to] = float32(dst[to] + src[*at])
		*at++
		return
	}
	for range a.Dims[d] {
		a.walk(d+1, to, at, dst, src)
		to += a.To[d]
	}
}

// SliceArgs describe a box: as Permute, from element Start on.
type SliceArgs struct {
	Permute
	Start int
}

// SliceF32 takes a box out of a tensor.
func SliceF32(w *Worker, a *SliceArgs, dst, src []float32) {
	PermuteF32(w, &a.Permute, dst, src[a.Start:])
}
