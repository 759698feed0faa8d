package sim

import "github.com/amctc/amctc/target"

// hostTable looks codes up: operand 0 holds them, operand 1 what becomes of -128 to 127.
func hostTable(s *hostStep) func() {
	s.want(2, 2)
	x, table := &s.in[0], &s.in[1]
	if x.typ != target.S8 || table.n != 256 {
		s.bad("elements of %v and a table of %d", x.typ, table.n)
	}
	s.result(x.dims...)
	return func() {
		for i, q := range x.mem.data[:x.n] {
			s.out.mem.data[i] = table.mem.data[int(int8(q))+128]
		}
	}
}
