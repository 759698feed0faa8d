package sim

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/amctc/amctc/target"
)

// ranked checks the operand of a step that orders elements, and gives them.
func (s *hostStep) ranked() func(i int) float64 {
	s.want(1, 1)
	mem := s.in[0].mem // its bytes are placed later
	switch s.in[0].typ {
	case target.F32:
		return func(i int) float64 { return float64(math.Float32frombits(u32(mem.data[4*i:]))) }
	case target.S8:
		return func(i int) float64 { return float64(int8(mem.data[i])) }
	}
	s.bad("an operand of %v, want f32 or s8", s.in[0].typ)
	return nil
}

// order compares two elements: 1 when a comes after b. NaN comes last.
func order(a, b float64) int {
	switch {
	case a != a && b != b || a == b:
		return 0
	case a != a || a > b:
		return 1
	}
	return -1
}

func putIndex(t hostTensor, at, index int) {
	binary.LittleEndian.PutUint64(t.mem.data[8*at:], uint64(index))
}

func hostArgMax(s *hostStep) func() {
	element := s.ranked()
	axis, outer, n, inner := s.along()
	keep, last, least := s.ints("keep", 1)[0] != 0, s.ints("last", 1)[0] != 0, s.ints("least", 1)[0] != 0
	dims := slices.Clone(s.in[0].dims)
	if dims[axis] = 1; !keep {
		dims = slices.Delete(dims, axis, axis+1)
	}
	s.result(dims...)
	if s.out.typ != target.S64 {
		s.bad("indices of %v, want s64", s.out.typ)
	}
	return func() {
		for o := range outer {
			s.alive()
			for j := range inner {
				best := 0
				for i := 1; i < n; i++ {
					d := order(element((o*n+i)*inner+j), element((o*n+best)*inner+j))
					if least {
						d = -d
					}
					if d > 0 || d == 0 && last {
						best = i
					}
				}
				putIndex(s.out, o*inner+j, best)
			}
		}
	}
}

func hostTopK(s *hostStep) func() {
	element := s.ranked()
	axis, outer, n, inner := s.along()
	k, least := s.ints("k", 1)[0], s.ints("least", 1)[0] != 0
	if k < 1 || k > n {
		s.bad("k is %d in an axis of %d", k, n)
	}
	dims := slices.Clone(s.in[0].dims)
	dims[axis] = k
	s.result(dims...)
	if s.outs[1].typ != target.S64 || !slices.Equal(s.outs[1].dims, dims) {
		s.bad("indices of %v and %v, want s64 and %v", s.outs[1].typ, s.outs[1].dims, dims)
	}
	size := s.out.typ.Size()
	return func() {
		list := make([]int, n)
		for o := range outer {
			s.alive()
			for j := range inner {
				for i := range list {
					list[i] = i
				}
				slices.SortStableFunc(list, func(a, b int) int {
					d := order(element((o*n+b)*inner+j), element((o*n+a)*inner+j))
					if least {
						d = -d
					}
					return d
				})
				for i, v := range list[:k] {
					to := (o*k+i)*inner + j
					copy(s.out.mem.data[to*size:(to+1)*size], s.in[0].mem.data[((o*n+v)*inner+j)*size:])
					putIndex(s.outs[1], to, v)
				}
			}
		}
	}
}
