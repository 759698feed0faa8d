// SPDX-License-Identifier: MIT-0

package rt

// A run is a rectangle of outputs, rows [y0, y1) by columns [x0, x1), whose windows have the same taps
// inside: rows by cols of them from (row, col) on.
type run struct {
	y0, y1, x0, x1       int
	row, col, rows, cols int
}

// runs calls f for the runs that cover the rows [lo, hi) of the outputs.
func (w *Window) runs(lo, hi int, f func(run)) {
	var r run
	for r.y0 = lo; r.y0 < hi; r.y0 = r.y1 {
		var end int
		r.row, end = inside(r.y0*w.SH-w.Top, w.DH, w.KH, w.H)
		r.rows = end - r.row
		for r.y1 = r.y0 + 1; r.y1 < hi; r.y1++ {
			if l, h := inside(r.y1*w.SH-w.Top, w.DH, w.KH, w.H); l != r.row || h != end {
				break
			}
		}
		for r.x0 = 0; r.x0 < w.OutW; r.x0 = r.x1 {
			var end int
			r.col, end = inside(r.x0*w.SW-w.Left, w.DW, w.KW, w.W)
			r.cols = end - r.col
			for r.x1 = r.x0 + 1; r.x1 < w.OutW; r.x1++ {
				if l, h := inside(r.x1*w.SW-w.Left, w.DW, w.KW, w.W); l != r.col || h != end {
					break
				}
			}
			f(r)
		}
	}
}
