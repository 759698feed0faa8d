// SPDX-License-Identifier: MIT-0

package rt

// Pool describes a window over N images of C channels. Every window has a tap inside.
type Pool struct {
	N, C int
	Window
}

// taps calls f with the row of channels of every tap inside, in ascending order of kernel row and
// column, for the output at position at, and gives their number.
func (p *Pool) taps(at int, f func(first int)) int {
	image, oy, ox := at/(p.OutW*p.OutH), at/p.OutW%p.OutH, at%p.OutW
	y0, x0 := oy*p.SH-p.Top, ox*p.SW-p.Left
	ylo, yhi := inside(y0, p.DH, p.KH, p.H)
	xlo, xhi := inside(x0, p.DW, p.KW, p.W)
	for ky := ylo; ky < yhi; ky++ {
		for kx := xlo; kx < xhi; kx++ {
			f(((image*p.H+y0+ky*p.DH)*p.W + x0 + kx*p.DW) * p.C)
		}
	}
	return (yhi - ylo) * (xhi - xlo)
}
