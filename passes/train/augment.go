package train

// Augmentation changes images of C channels of H by W numbers, each by its own stream.
type Augmentation struct {
	Shift int  // by up to so many positions along both axes, zeros coming in
	Flip  bool // left to right, half of the time
}

// Image writes a changed copy of an image [C][H][W].
func (a *Augmentation) Image(r *Random, dst, src []float32, c, h, w int) {
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
