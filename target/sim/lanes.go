package sim

import (
	"slices"

	"github.com/amctc/amctc/target"
)

// elem reads one element as a float64 that orders as the type does.
func elem(t target.Type) func(b []byte) float64 {
	switch t {
	case target.F16:
		return func(b []byte) float64 { return float64(half(b)) }
	case target.F32:
		return func(b []byte) float64 { return float64(f32(b)) }
	case target.S32:
		return func(b []byte) float64 { return float64(int32(u32(b))) }
	case target.S16:
		return func(b []byte) float64 { return float64(int16(u16(b))) }
	}
	return nil
}

func immBytes(v target.Imm) []byte {
	return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
}

var conditions = [...]func(a, b float64) bool{
	target.EQ: func(a, b float64) bool { return a == b }, target.NE: func(a, b float64) bool { return a != b },
	target.LT: func(a, b float64) bool { return a < b }, target.LE: func(a, b float64) bool { return a <= b },
	target.GT: func(a, b float64) bool { return a > b }, target.GE: func(a, b float64) bool { return a >= b },
}

// compare compiles a comparison with a vector b, or with an immediate where b is nil.
func (r *resolver) compare(o *op, cond target.Cond, t target.Type, dst target.Addr, av target.VAddr, bv *target.VAddr, imm target.Imm, rep target.Rep) {
	c := r.vecCost(o, o.in.Mnemonic(), t, rep.Repeat, 0)
	get, n := elem(t), t.Size()
	if get == nil {
		fail(o, BadType, "no comparison of %v", t)
	}
	if int(cond) >= len(conditions) || t == target.S32 && cond != target.EQ {
		fail(o, NotOnSoC, "no comparison %v of %v", cond, t)
	}
	test := conditions[cond]
	mask := r.at(o, dst, target.UB)
	ops := []operand{r.operand(o, av, n)}
	if bv != nil {
		ops = append(ops, r.operand(o, *bv, n))
	}
	s := r.shape(o, rep, n, ops...)
	value := get(immBytes(imm))
	o.run = func(e *entry, p *pipe) cost {
		if s.repeat == 0 {
			return cost{path: pathVector}
		}
		a, b := s.read(e, p, ops[0]), 0
		if bv != nil {
			b = s.read(e, p, ops[1])
		}
		to, bytes := o.align(mask, e.off[0], 32), s.full/8
		mask.write(o, p, to, to+bytes*s.repeat)
		starts := [2]int{a, b}
		for i := range ops {
			if h := s.hull(ops[i]); to < starts[i]+h && starts[i] < to+bytes*s.repeat {
				fail(o, Overlap, "the mask overlaps a source in UB")
			}
		}
		out := mask.data[to : to+bytes*s.repeat]
		clear(out)
		for rr := range s.repeat {
			for i := range s.active(rr) {
				v := value
				if bv != nil {
					v = get(ops[1].mem.data[b+ops[1].offset(rr, i):])
				}
				if test(get(ops[0].mem.data[a+ops[0].offset(rr, i):]), v) {
					out[bytes*rr+i/8] |= 1 << (i % 8)
				}
			}
		}
		return c
	}
}

// selectOp compiles a selection between two vectors, or a vector and an immediate where bv is nil.
func (r *resolver) selectOp(o *op, t target.Type, dst target.VAddr, maskAt target.Addr, av target.VAddr, bv *target.VAddr, imm target.Imm, rep target.Rep) {
	c := r.vecCost(o, o.in.Mnemonic(), t, rep.Repeat, 0)
	n := t.Size()
	d := r.operand(o, dst, n)
	mask := r.at(o, maskAt, target.UB)
	ops := []operand{r.operand(o, av, n)}
	if bv != nil {
		ops = append(ops, r.operand(o, *bv, n))
	}
	s := r.shape(o, rep, n, append(slices.Clone(ops), d)...)
	s.distinct(o, d)
	value := immBytes(imm)[:n]
	o.run = func(e *entry, p *pipe) cost {
		if s.repeat == 0 {
			return cost{path: pathVector}
		}
		from, bytes := o.align(mask, e.off[1], 32), s.full/8
		for rr := range s.repeat {
			mask.read(o, p, from+bytes*rr, from+bytes*rr+(s.active(rr)+7)/8)
		}
		a, b := s.read(e, p, ops[0]), 0
		if bv != nil {
			b = s.read(e, p, ops[1])
		}
		to := s.write(e, p, d)
		s.apart(o, d, to, ops[0], a)
		if bv != nil {
			s.apart(o, d, to, ops[1], b)
		}
		if h := s.hull(d); to < from+bytes*s.repeat && from < to+h {
			fail(o, Overlap, "the mask overlaps the destination in UB")
		}
		for rr := range s.repeat {
			for i := range s.active(rr) {
				v := value
				if mask.data[from+bytes*rr+i/8]>>(i%8)&1 == 1 {
					v = ops[0].mem.data[a+ops[0].offset(rr, i):][:n]
				} else if bv != nil {
					v = ops[1].mem.data[b+ops[1].offset(rr, i):][:n]
				}
				copy(d.mem.data[to+d.offset(rr, i):], v)
			}
		}
		return c
	}
}

// reduce compiles a reduction.
func (r *resolver) reduce(o *op, x *target.VRed) {
	name := "vreduce.block"
	if x.Whole {
		name = "vreduce.whole"
	}
	c := r.vecCost(o, name, x.Type, x.Repeat, 0)
	r.checkOp(o, int(x.Op), int(target.RedMin))
	n := x.Type.Size()
	if x.Type != target.F16 && x.Type != target.F32 {
		fail(o, BadType, "no reduction of %v", x.Type)
	}
	dst := r.at(o, x.Dst, target.UB)
	a := r.operand(o, x.A, n)
	s := r.shape(o, x.Rep, n, a)
	per := 32 / n
	var value [128]float32
	o.assum = o.assum || x.Op == target.RedSum
	o.run = func(e *entry, p *pipe) cost {
		if s.repeat == 0 {
			return cost{path: pathVector}
		}
		at, to := s.read(e, p, a), o.align(dst, e.off[0], n)
		results := 8
		if x.Whole {
			results = 1
		}
		if h := s.hull(a); to < at+h && at < to+n*results*s.repeat {
			fail(o, Overlap, "the result overlaps the source in UB")
		}
		for rr := range s.repeat {
			active := s.active(rr)
			for i := range active {
				b := a.mem.data[at+a.offset(rr, i):]
				if n == 2 {
					value[i] = half(b)
				} else {
					value[i] = f32(b)
				}
			}
			store := func(i int, v float32) {
				t := to + n*(results*rr+i)
				dst.write(o, p, t, t+n)
				if n == 2 {
					putHalf(dst.data[t:], v)
				} else {
					putF(dst.data[t:], v)
				}
			}
			if x.Whole {
				store(0, fold(x.Op, value[:active], n))
				continue
			}
			for b := 0; b*per < active; b++ {
				store(b, fold(x.Op, value[b*per:min(active, b*per+per)], n))
			}
		}
		return c
	}
}

// fold reduces the values, which it overwrites, as a tree of neighbours; sums of halves are rounded to half at every step.
func fold(f target.RedOp, v []float32, size int) float32 {
	for len(v) > 1 {
		for i := 0; i < len(v); i += 2 {
			x := v[i]
			if i+1 < len(v) {
				switch f {
				case target.RedMax:
					x = max(x, v[i+1])
				case target.RedMin:
					x = min(x, v[i+1])
				default:
					x += v[i+1]
					if size == 2 {
						x = halfTable()[toHalf(x)]
					}
				}
			}
			v[i/2] = x
		}
		v = v[:(len(v)+1)/2]
	}
	return v[0]
}
