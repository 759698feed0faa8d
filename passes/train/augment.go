package train

// Augmentation changes images of C channels of H by W numbers, each by its own stream.
type Augmentation struct {
	Shift int     // by up to so many positions along both axes, zeros coming in
	Flip  bool    // left to right, half of the time
	Crop  float64 // a window with sides of between this part and all of the image's, scaled up again; 0 leaves it out
}

// Image writes a changed copy of an image [C][H][W].
func (a *Augmentation) Image(r *Random, dst, src []float32, c, h, w int) {
	if a.Crop > 0 && a.Crop < 1 {
		a.crop(r, dst, src, c, h, w)
		src = append([]float32(nil), dst[:c*h*w]...)
	}
	dy, dx, flip := 0, 0, false
	if a.Shift > 0 {
		dy, dx = r.Below(2*a.Shift+1)-a.Shift, r.Below(2*a.Shift+1)-a.Shift
	}
	if a.Flip {
		flip = r.Next()&1 == 1
	}
	if dy == 0 && dx == 0 && !flip {
		copy(dst, src)
		return
	}
	for p := range c {
		for y := range h {
			row := dst[(p*h+y)*w:][:w]
			sy := y - dy
			if sy < 0 || sy >= h {
				clear(row)
				continue
			}
			from := src[(p*h+sy)*w:][:w]
			for x := range row {
				sx := x - dx
				if flip {
					sx = w - 1 - x - dx
				}
				row[x] = 0
				if sx >= 0 && sx < w {
					row[x] = from[sx]
				}
			}
		}
	}
}

// crop scales a drawn window up to the image, bilinearly in float64.
func (a *Augmentation) crop(r *Random, dst, src []float32, c, h, w int) {
	part := a.Crop + float64((1-a.Crop)*r.Uniform())
	top, left := float64(float64((1-part)*float64(h))*r.Uniform()), float64(float64((1-part)*float64(w))*r.Uniform())
	place := func(start float64, i, n int) (int, int, float64) {
		at := start + float64((float64(i)+0.5)*part) - 0.5
		at = min(max(at, 0), float64(n-1))
		k := int(at)
		return k, min(k+1, n-1), at - float64(k)
	}
	for y := range h {
		y0, y1, ty := place(top, y, h)
		for x := range w {
			x0, x1, tx := place(left, x, w)
			for p := range c {
				at := func(y, x int) float64 { return float64(src[(p*h+y)*w+x]) }
				upper := float64((1-tx)*at(y0, x0)) + float64(tx*at(y0, x1))
				lower := float64((1-tx)*at(y1, x0)) + float64(tx*at(y1, x1))
				dst[(p*h+y)*w+x] = float32(float64((1-ty)*upper) + float64(ty*lower))
			}
		}
	}
}
