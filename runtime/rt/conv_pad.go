// SPDX-License-Identifier: MIT-0

package rt

// padSlack is how far behind the last code of padded images kernels may read.
const padSlack = 4

// PadBytes is the size of the padded images, 0 when the source is read in place.
func (a *Conv) PadBytes() int {
	if !a.Padded {
		return 0
	}
	h, width := a.covered()
	return a.N*h*width*a.C + padSlack
}

// covered is the size of an image with its border, as far as windows reach.
func (w *Window) covered() (height, width int) {
	return (w.OutH-1)*w.SH + (w.KH-1)*w.DH + 1, (w.OutW-1)*w.SW + (w.KW-1)*w.DW + 1
}

// border copies images into the middle of padded ones.
func (a *Conv) border(w *Worker, pad, src []uint8) { a.borderOf(w, pad, src, a.Zero) }

// borderOf is border with codes zero around the images.
func (a *Conv) borderOf(w *Worker, pad, src []uint8, zero uint8) {
	height, width := a.covered()
	row := width * a.C
	left := a.Left * a.C
	inner := max(0, min(a.W, width-a.Left)) * a.C
	lo, hi := w.share(a.N*height, 1)
	for i := lo; i < hi; i++ {
		to := pad[i*row : (i+1)*row]
		y := i%height - a.Top
		if y < 0 || y >= a.H {
			fillU8(to, zero)
			continue
		}
		fillU8(to[:left], zero)
		copy(to[left:left+inner], src[(i/height*a.H+y)*a.W*a.C:])
		fillU8(to[left+inner:], zero)
	}
}

// fillU8 stores one code everywhere.
func fillU8(x []uint8, u uint8) {
	if len(x) == 0 {
		return
	}
	x[0] = u
	for n := 1; n < len(x); n *= 2 {
		copy(x[n:], x[:n])
	}
}
