// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// windows is one call of a pooling kernel: n outputs of c channels, each of a window of rows by cols
// codes that all exist. In bytes, rows of a window are row apart, columns col, windows stride. The
// fields are read by assembly.
type windows struct {
	dst      unsafe.Pointer // codes, or int32 sums
	src      *uint8
	n, c     int
	rows     int
	cols     int
	row, col int
	stride   int
}

// each calls f with every code of channel 0 of window i.
func (p *windows) each(i int, f func(row []uint8)) {
	for y := range p.rows {
		for x := range p.cols {
			f(unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(p.src), i*p.stride+y*p.row+x*p.col)), p.c))
		}
	}
}

// maxGeneric stores the greatest codes.
func (p *windows) maxGeneric() {
	for i := range p.n {
		dst := unsafe.Slice((*uint8)(unsafe.Add(p.dst, i*p.c)), p.c)
		clear(dst)
		p.each(i, func(row []uint8) {
			for c, u := range row {
				dst[c] = max(dst[c], u)
			}
		})
	}
}

// sumsGeneric stores sums.
func (p *windows) sumsGeneric() {
	for i := range p.n {
		dst := unsafe.Slice((*int32)(unsafe.Add(p.dst, 4*i*p.c)), p.c)
		clear(dst)
		p.each(i, func(row []uint8) {
			for c, u := range row {
				dst[c] += int32(u)
			}
		})
	}
}

// fill describes the windows of outputs from x on in an output row, as many as have the same columns
// inside, and gives their number of columns and rows.
func (p *windows) fill(a *Pool, row, x int, src []uint8) {
	image, y0 := row/a.OutH, row%a.OutH*a.SH-a.Top
	ylo, yhi := inside(y0, a.DH, a.KH, a.H)
	columns := func(x int) (lo, hi int) { return inside(x*a.SW-a.Left, a.DW, a.KW, a.W) }
	lo, hi := columns(x)
	p.src = &src[((image*a.H+y0+ylo*a.DH)*a.W+x*a.SW-a.Left+lo*a.DW)*a.C]
	p.n, p.c, p.rows, p.cols = 1, a.C, yhi-ylo, hi-lo
	p.row, p.col, p.stride = a.DH*a.W*a.C, a.DW*a.C, a.SW*a.C
	for x++; x < a.OutW; x++ {
		if l, h := columns(x); l != lo || h != hi {
			break
		}
		p.n++
	}
}
