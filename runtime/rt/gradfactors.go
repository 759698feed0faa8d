// SPDX-License-Identifier: MIT-0

package rt

import "math"

// BoundsArgs describe quantization between trained bounds in codes from Lo to Hi.
type BoundsArgs struct {
	N        int // samples, of the gradient
	Lo, Hi   int32
	FixedMin bool // the lower bound is 0
}

// smallest is the least scale; a smaller one becomes 1.
const smallest = 1.192092896e-7

// plan is the map of the range.
func (a *BoundsArgs) plan(hi, lo float32) (scale float32, offset int32) {
	if a.FixedMin {
		lo = 0
	}
	hi, lo = max(hi, 0), min(lo, 0)
	scale = float32(float32(hi-lo) / float32(a.Hi-a.Lo))
	if !(scale >= smallest) {
		return 1, a.Lo
	}
	o := int32(math.RoundToEven(float64(float32(float32(a.Lo) - float32(lo/scale)))))
	return scale, min(max(o, a.Lo), a.Hi)
}

// nearest rounds half to even within bounds below 2^22; NaN gives 0.
func nearest(v, lo, hi float32) float32 {
	const magic = 3 << 22
	if v != v {
		return 0
	}
	v = min(max(v, lo), hi)
	return float32(float32(v+magic) - magic)
}

// BoundsQuantize quantizes and dequantizes.
func BoundsQuantize(w *Worker, a *BoundsArgs, dst, src, hi, lo []float32) {
	s, o := a.plan(hi[0], lo[0])
	from, to := w.share(len(dst), 64)
	first, last, zero := float32(a.Lo), float32(a.Hi), float32(o)
	for i := from; i < to; i++ {
		q := nearest(float32(float32(src[i]/s)+zero), first, last)
		dst[i] = float32(float32(q-zero) * s)
	}
	w.wait()
}

// Scratch is how many numbers of memory BoundsGrad needs: two sums of each sample.
func (a *BoundsArgs) Scratch() int { return 2 * a.N }

// BoundsGrad gives the gradients by the source and by both bounds: sums of the samples' sums, all in
// ascending order in float64, those of a sample rounded to float32.
func BoundsGrad(w *Worker, a *BoundsArgs, dst, dhi, dlo, src, hi, lo, grad, sums []float32) {
	per := len(src) / a.N
	first, end := w.share(a.N, 1)
	for n := first; n < end; n++ {
		at := n * per
		sums[2*n], sums[2*n+1] = a.sample(dst[at:at+per], src[at:at+per], grad[at:at+per], hi[0], lo[0])
	}
	w.wait()
	if w.alone() {
		var up, down float64
		for n := range a.N {
			up, down = up+float64(sums[2*n]), down+float64(sums[2*n+1])
		}
		dhi[0], dlo[0] = float32(up), float32(down)
	}
	w.wait()
}

// sample gives the gradient of a sample by its source, and its part of those by the bounds.
func (a *BoundsArgs) sample(dst, src, grad []float32, hi, lo float32) (dhi, dlo float32) {
	s, o := a.plan(hi, lo)
	low := lo
	if a.FixedMin {
		low = 0
	}
	top, bottom := float32(s*float32(a.Hi-o)), float32(s*float32(a.Lo-o))
	var sumHi, sumLo float64
	width := float64(a.Hi - a.Lo)
	for i, x := range src {
		g := float64(grad[i])
		var up, down float64
		dst[i] = 0
		switch {
		case x > top:
			x, up = hi, 1
		case x < bottom:
			x, down = low, 1
		default:
			dst[i] = grad[i]
		}
		v := float64(float32(x / s))
		e := (math.RoundToEven(v) - v) / width
		sumHi += float64((e + up) * g)
		sumLo += float64((down - e) * g)
	}
	if a.FixedMin {
		sumLo = 0
	}
	return float32(sumHi), float32(sumLo)
}

// ScalesArgs describe weights of Groups groups, each with a scale, in symmetric codes from Lo to Hi.
type ScalesArgs struct {
	Groups int
	Lo, Hi int32
}

// ScalesQuantize quantizes weights and dequantizes them.
func ScalesQuantize(w *Worker, a *ScalesArgs, dst, src, scale []float32) {
	per := len(src) / a.Groups
	lo, hi := w.share(a.Groups, 1)
	for k := lo; k < hi; k++ {
		s := scale[k]
		for i := k * per; i < (k+1)*per; i++ {
			dst[i] = float32(nearest(float32(src[i]/s), float32(a.Lo), float32(a.Hi)) * s)
		}
	}
	w.wait()
}

// ScalesGrad gives the gradients by the weights and by their scales.
func ScalesGrad(w *Worker, a *ScalesArgs, dst, dscale, src, scale, grad []float32) {
	per := len(src) / a.Groups
	first, end := w.share(a.Groups, 1)
	lo, hi := float64(a.Lo), float64(a.Hi)
	for k := first; k < end; k++ {
		s := scale[k]
		bottom, top := float32(s*float32(a.Lo)), float32(s*float32(a.Hi))
		var sum float64
		for i := k * per; i < (k+1)*per; i++ {
			g := float64(grad[i])
			dst[i] = 0
			switch x := src[i]; {
			case x < bottom:
				sum += float64(g * lo)
			case x > top:
				sum += float64(g * hi)
			default:
				v := float64(float32(x / s))
				sum += float64(g * (math.RoundToEven(v) - v))
				dst[i] = grad[i]
			}
		}
		dscale[k] = float32(sum / math.Sqrt(float64(per)*hi))
	}
	w.wait()
}

// RangeScales gives the scale of every group by its range.
func RangeScales(w *Worker, a *ScalesArgs, scale, src []float32) {
	per := len(src) / a.Groups
	first, end := w.share(a.Groups, 1)
	for k := first; k < end; k++ {
		var lowest, highest float32
		for _, v := range src[k*per : (k+1)*per] {
			lowest, highest = min(lowest, v), max(highest, v)
		}
		s := float32(highest / float32(a.Hi))
		if highest < -lowest {
			s = float32(-lowest / float32(a.Hi+1))
		}
		if !(s >= smallest) {
			s = 1
		}
		scale[k] = s
	}
	w.wait()
}

// BiasQuantize rounds biases to multiples of the scale of the bounds times those of the weights, in float64.
func BiasQuantize(w *Worker, a *BoundsArgs, dst, src, hi, lo, scale []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	sx, _ := a.plan(hi[0], lo[0])
	for i, b := range src {
		s := float64(float64(sx) * float64(scale[i%len(scale)]))
		dst[i] = float32(math.RoundToEven(float64(b)/s) * s)
	}
}
