package sim

import "github.com/amctc/amctc/target"

// hostPixels looks bytes up: operand 0 holds them, operand 1 the table, of the result's elements, 256 in a row for
// each channel or in one row for all. "strides" say where neighbours along every axis of the result come from, "first"
// where its first element does.
func hostPixels(s *hostStep) func() {
	s.want(2, 2)
	x, table := &s.in[0], &s.in[1]
	if x.typ != target.U8 || table.typ != s.out.typ {
		s.bad("elements of %v and a table of %v for a result of %v", x.typ, table.typ, s.out.typ)
	}
	dims := s.out.dims
	strides, at := s.ints("strides", len(dims)), s.ints("first", 1)[0]
	s.rank(*table, 2)
	rows, channel := table.dims[0], 1
	if table.dims[1] != 256 || rows != 1 && (len(dims) != 4 || rows != dims[1]) {
		s.bad("a table of %v for a result of %v", table.dims, dims)
	}
	if rows > 1 {
		channel = dims[2] * dims[3]
	}
	lo, hi := at, at
	for i, d := range dims {
		if strides[i] < -1<<24 || strides[i] > 1<<24 || d > 1<<24 {
			s.bad("strides lie within 2^24 bytes")
		}
		lo, hi = lo+min(0, (d-1)*strides[i]), hi+max(0, (d-1)*strides[i])
	}
	if lo < 0 || hi >= x.n || x.n != s.out.n {
		s.bad("strides %v from %d leave %d bytes", strides, at, x.n)
	}
	size := table.typ.Size()
	return func() {
		walk(dims, strides, strides, func(i, from, _ int) {
			row := 0
			if rows > 1 {
				row = i / channel % rows
			}
			entry := (row*256 + int(x.mem.data[at+from])) * size
			copy(s.out.mem.data[i*size:(i+1)*size], table.mem.data[entry:entry+size])
		})
	}
}
