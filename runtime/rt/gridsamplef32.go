// SPDX-License-Identifier: MIT-0

package rt

import "math"

// GridSampleArgs describe N images of H by W positions of C channels, and places in each; the grid of the first image
// is that of all where it is Shared.
type GridSampleArgs struct {
	N, C, H, W, Places int
	Mode, Border       int // nearest, bilinear, bicubic; zeros, border, reflection
	Align, Shared      bool
}

// axisTaps are up to four pixels of an axis with their weights; a pixel may not exist.
type axisTaps struct {
	n      int
	at     [4]int
	weight [4]float32
}

// GridSampleF32 reads images at the places of a grid: sums from +0 of products with the pixels around, by rows and then
// columns.
func GridSampleF32(w *Worker, a *GridSampleArgs, dst, src, grid []float32) {
	defer w.wait()
	var rows, cols axisTaps
	lo, hi := w.share(a.N*a.Places, 1)
	for p := lo; p < hi; p++ {
		g := p
		if a.Shared {
			g = p % a.Places
		}
		a.taps(&cols, grid[2*g], a.W)
		a.taps(&rows, grid[2*g+1], a.H)
		to := dst[p*a.C : (p+1)*a.C]
		clear(to)
		first := p / a.Places * a.H
		for i, y := range rows.at[:rows.n] {
			if y < 0 || y >= a.H {
				continue
			}
			for j, x := range cols.at[:cols.n] {
				if x < 0 || x >= a.W {
					continue
				}
				f := float32(rows.weight[i] * cols.weight[j])
				for c, v := range src[((first+y)*a.W+x)*a.C:][:len(to)] {
					to[c] = float32(to[c] + float32(f*v))
				}
			}
		}
	}
}

// taps finds the pixels of an axis of n for the place g.
func (a *GridSampleArgs) taps(t *axisTaps, g float32, n int) {
	const far = 1 << 22
	p := float32(g + 1)
	if a.Align {
		p = float32(p * float32(n-1))
	} else {
		p = float32(float32(p*float32(n)) - 1)
	}
	if p /= 2; !(p > -far) {
		p = -far
	} else if p > far {
		p = far
	}
	if a.Mode < 2 {
		p = a.inside(p, n)
	}
	if a.Mode == 0 {
		t.n, t.at[0], t.weight[0] = 1, int(math.RoundToEven(float64(p))), 1
		return
	}
	f := float32(math.Floor(float64(p)))
	d := float32(p - f)
	e := float32(1 - d)
	if a.Mode == 1 {
		t.n, t.at[0], t.at[1], t.weight[0], t.weight[1] = 2, int(f), int(f)+1, e, d
		return
	}
	t.n = 4
	for i := range t.at {
		t.at[i] = int(a.inside(float32(f+float32(i-1)), n))
	}
	t.weight = [4]float32{outerCubic(float32(d + 1)), innerCubic(d), innerCubic(e), outerCubic(float32(e + 1))}
}

// inside moves a coordinate into an axis of n pixels, where the border says so.
func (a *GridSampleArgs) inside(p float32, n int) float32 {
	if a.Border == 0 {
		return p
	}
	if a.Border == 2 {
		least, span := float32(-0.5), float32(n)
		if a.Align {
			least, span = 0, float32(n-1)
		}
		if span > 0 {
			period := float32(2 * span)
			p = float32(math.Mod(math.Abs(float64(float32(p-least))), float64(period)))
			if p > span {
				p = float32(period - p)
			}
			p = float32(p + least)
		}
	}
	if !(p > 0) {
		return 0
	}
	if last := float32(n - 1); p > last {
		return last
	}
	return p
}

// innerCubic and outerCubic are the weights of pixels up to one and up to two pixels away.
func innerCubic(d float32) float32 {
	v := float32(float32(1.25*d) - 2.25)
	v = float32(v * d)
	return float32(float32(v*d) + 1)
}

func outerCubic(d float32) float32 {
	v := float32(float32(-0.75*d) + 3.75)
	v = float32(float32(v*d) - 6)
	return float32(float32(v*d) + 3)
}
