package sim

import "github.com/amctc/amctc/target"

// hostTable looks codes up: operand 0 holds them, operand 1 what becomes of -128 to 127, for all or for each index of axis 1.
func hostTable(s *hostStep) func() {
	s.want(2, 2)
	x, table := &s.in[0], &s.in[1]
	rows, inner := 1, 1
	if len(table.dims) == 2 && len(x.dims) > 1 {
		rows = x.dims[1]
		for _, d := range x.dims[2:] {
			inner *= d
		}
	}
	if x.typ != target.S8 || table.n != 256*rows || table.dims[len(table.dims)-1] != 256 {
		s.bad("elements of %v and dimensions %v, and a table of %v", x.typ, x.dims, table.dims)
	}
	s.result(x.dims...)
	return func() {
		for i, q := range x.mem.data[:x.n] {
			s.out.mem.data[i] = table.mem.data[256*(i/inner%rows)+int(int8(q))+128]
		}
	}
}
