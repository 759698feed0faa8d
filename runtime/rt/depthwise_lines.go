// SPDX-License-Identifier: MIT-0

package rt

// lines computes rows of a depthwise convolution: it brings the codes under a row of windows together
// in lines of columns, some columns at a time, and sums what is together while it is in the nearest
// cache.
type lines struct {
	a       *DepthwiseArgs
	s       spots
	outside []uint8 // a row of codes outside
	lines   []uint8 // columns of groups of four rows, lineBytes apart
	run     int     // outputs between two fillings
}

// nearBytes is how much of the lines is filled at once.
const nearBytes = 12 << 10

// begin takes a.Local bytes of memory.
func (l *lines) begin(a *DepthwiseArgs, local []uint8) {
	l.a = a
	l.outside = local[:a.rowBytes()]
	fillU8(l.outside, a.Zero)
	l.lines = local[(a.rowBytes()+63)/64*64:][:a.rowGroups()*a.lineBytes()]
	fillU8(l.lines, a.Zero)
	l.run = max(8, nearBytes/(4*a.SW*a.C*a.rowGroups()))
	s := &l.s
	s.planes, s.taps, s.plane = a.rowGroups(), a.KW, a.lineBytes()
	s.step, s.stride, s.ldd = 4*a.DW*a.C, 4*a.SW*a.C, a.C
	s.zero, s.lo, s.hi, s.plain = a.ends(&a.Packed)
}

// row computes row oy of an image's outputs. Row y of the image is row y modulo ring of src.
func (l *lines) row(dst, src []uint8, ring, oy int) {
	a := l.a
	most := max(0, min(a.W, a.line()-a.Left)) // columns of the image that windows reach
	done := 0
	for x := 0; x < a.OutW; x += l.run {
		n := min(l.run, a.OutW-x)
		upto := min(most, (x+n-1)*a.SW+(a.KW-1)*a.DW+1-a.Left)
		if upto > done {
			l.fill(src, ring, oy*a.SH-a.Top, done, upto)
			done = upto
		}
		l.sum(dst, x, n)
	}
}

// fill brings columns from lo to hi of the image together; the first kernel row is at y0.
func (l *lines) fill(src []uint8, ring, y0, lo, hi int) {
	a := l.a
	var c columns
	c.n = (hi - lo) * a.C
	for group := range a.rowGroups() {
		for r := range c.rows {
			y := y0 + (4*group+r)*a.DH
			if 4*group+r >= a.KH || y < 0 || y >= a.H {
				c.rows[r] = &l.outside[0]
			} else {
				c.rows[r] = &src[y%ring*a.rowBytes()+lo*a.C]
			}
		}
		c.dst = &l.lines[group*a.lineBytes()+4*(a.Left+lo)*a.C]
		c.run()
	}
}

// sum computes n outputs from x on.
func (l *lines) sum(dst []uint8, x, n int) {
	a, s := l.a, &l.s
	s.n = n
	weights := 0
	for channel := 0; channel < a.C; {
		rest := a.C - channel
		lanes := PanelLanes(rest)
		s.src = &l.lines[4*(x*a.SW*a.C+channel)]
		s.dst = &dst[x*a.C+channel]
		s.w, s.bias, s.m = &a.Weights[weights], &a.Bias[channel], &a.M[channel]
		s.mask = ^uint64(0)
		if rest < 64 {
			s.mask = 1<<rest - 1
		}
		s.run(lanes)
		weights += lanes * 4 * s.planes * s.taps
		channel += lanes
	}
}
