package sim

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/amctc/amctc/target"
)

func hostPoolIndices(s *hostStep) func() {
	element := s.ranked()
	k := s.ints("kernel", 2)
	win := s.window(k[0], k[1])
	x := s.in[0].dims
	columns, whole := s.ints("columns", 1)[0] != 0, s.ints("whole", 1)[0] != 0
	s.result(x[0], x[1], win.oh, win.ow)
	if s.out.typ != target.S64 {
		s.bad("indices of %v, want s64", s.out.typ)
	}
	return func() {
		to := 0
		for plane := range x[0] * x[1] {
			s.alive()
			base := plane * win.h * win.w
			for oy := range win.oh {
				for ox := range win.ow {
					row, col := -1, -1
					for i := range win.kh {
						for j := range win.kw {
							y, xx := oy*win.sh+i*win.dh-win.top, ox*win.sw+j*win.dw-win.left
							if y < 0 || y >= win.h || xx < 0 || xx >= win.w {
								continue
							}
							if row < 0 || order(element(base+y*win.w+xx), element(base+row*win.w+col)) > 0 {
								row, col = y, xx
							}
						}
					}
					if row < 0 {
						s.bad("the window of output (%d, %d) lies wholly in the padding", oy, ox)
					}
					index := row*win.w + col
					if columns {
						index = col*win.h + row
					}
					if whole {
						index += base
					} else {
						index += plane % x[1] * win.h * win.w
					}
					putIndex(s.out, to, index)
					to++
				}
			}
		}
	}
}

func hostUnpool(s *hostStep) func() {
	s.want(2, 2)
	s.rank(s.in[0], 4)
	x, size := s.in[0].dims, s.ints("size", 2)
	whole, zero := s.ints("whole", 1)[0] != 0, s.ints("zero", 1)[0]
	if s.in[0].typ != s.out.typ || s.out.typ != target.F32 && s.out.typ != target.S8 || s.in[1].typ != target.S64 || !slices.Equal(s.in[1].dims, x) {
		s.bad("elements of %v and %v, indices of %v and dimensions %v for %v", s.in[0].typ, s.out.typ, s.in[1].typ, s.in[1].dims, x)
	}
	if zero < -128 || zero > 127 || s.out.typ == target.F32 && zero != 0 {
		s.bad("the code of zero is %d", zero)
	}
	s.result(x[0], x[1], size[0], size[1])
	width := s.out.typ.Size()
	return func() {
		to := s.out.mem.data[:s.out.n*width]
		copy(to, bytes.Repeat([]byte{byte(zero)}, len(to)))
		before, behind := s.in[0].n/x[0], s.out.n/x[0]
		for i := range s.in[0].n {
			part := to
			if !whole {
				part = to[i/before*behind*width:][:behind*width]
			}
			if at := binary.LittleEndian.Uint64(s.in[1].mem.data[8*i:]); at < uint64(len(part)/width) {
				copy(part[int(at)*width:][:width], s.in[0].mem.data[i*width:])
			}
		}
	}
}
