// SPDX-License-Identifier: MIT-0

package rt

import "math"

// RoiAlignArgs describe images of H by W positions of C channels, and for each region the image that it is in. A region
// has Rows by Cols bins; each has Samples by Samples samples, or as many as it has pixels, up to 256.
type RoiAlignArgs struct {
	C, H, W, Rows, Cols, Samples int
	Images                       []int32
	Scale                        float32
	Half, Greatest               bool
}

// extent is a region along one axis of n pixels: where it begins, the size of a bin, and its samples.
type extent struct {
	start, bin float32
	samples, n int
}

// RoiAlignF32 gives the mean or the greatest of the samples of each bin.
func RoiAlignF32(w *Worker, a *RoiAlignArgs, dst, src, rois []float32) {
	defer w.wait()
	lo, hi := w.share(len(a.Images)*a.Rows, 1)
	for row := lo; row < hi; row++ {
		r := row / a.Rows
		image := src[int(a.Images[r])*a.H*a.W*a.C:][:a.H*a.W*a.C]
		ys := a.extent(rois[4*r+1], rois[4*r+3], a.Rows, a.H)
		xs := a.extent(rois[4*r], rois[4*r+2], a.Cols, a.W)
		for col := range a.Cols {
			to := dst[(row*a.Cols+col)*a.C:][:a.C]
			clear(to)
			first := true
			for i := range ys.samples {
				y0, y1, v0, v1 := ys.sample(row%a.Rows, i)
				for j := range xs.samples {
					x0, x1, u0, u1 := xs.sample(col, j)
					if y0 >= 0 && x0 >= 0 {
						a.pixel(to, image[(y0*a.W+x0)*a.C:], float32(v0*u0), first)
						a.pixel(to, image[(y0*a.W+x1)*a.C:], float32(v0*u1), false)
						a.pixel(to, image[(y1*a.W+x0)*a.C:], float32(v1*u0), false)
						a.pixel(to, image[(y1*a.W+x1)*a.C:], float32(v1*u1), false)
					} else if a.Greatest && !first {
						for c, v := range to {
							if v < 0 {
								to[c] = 0
							}
						}
					}
					first = false
				}
			}
			if n := ys.samples * xs.samples; n > 0 && !a.Greatest {
				for c, v := range to {
					to[c] = float32(v / float32(n))
				}
			}
		}
	}
}

// pixel adds a weighted pixel to the sums of a bin, or takes it where it is greater; first says that there is none yet.
func (a *RoiAlignArgs) pixel(to, from []float32, weight float32, first bool) {
	for c, v := range from[:len(to)] {
		v = float32(weight * v)
		switch t := to[c]; {
		case !a.Greatest:
			to[c] = float32(t + v)
		case first || v > t || v != v && t == t:
			to[c] = v
		}
	}
}

func (a *RoiAlignArgs) extent(from, to float32, bins, n int) extent {
	var offset float32
	if a.Half {
		offset = 0.5
	}
	e := extent{start: float32(float32(from*a.Scale) - offset), samples: a.Samples, n: n}
	size := float32(float32(float32(to*a.Scale)-offset) - e.start)
	if !a.Half && !(size > 1) {
		size = 1
	}
	e.bin = float32(size / float32(bins))
	if e.samples == 0 && e.bin > 0 {
		if e.samples = 256; e.bin < 256 {
			e.samples = int(math.Ceil(float64(e.bin)))
		}
	}
	return e
}

// sample gives the two pixels beside sample i of bin k, and their weights; -1 outside.
func (e *extent) sample(k, i int) (low, high int, a, b float32) {
	p := float32(float32(float32(i)+0.5) * e.bin)
	p = float32(float32(e.start+float32(float32(k)*e.bin)) + float32(p/float32(e.samples)))
	if !(p >= -1 && p <= float32(e.n)) {
		return -1, -1, 0, 0
	}
	if p < 0 {
		p = 0
	}
	low = int(p)
	if low >= e.n-1 {
		return e.n - 1, e.n - 1, 1, 0
	}
	b = float32(p - float32(low))
	return low, low + 1, float32(1 - b), b
}
