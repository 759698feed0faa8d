package sim

import (
	"math"

	"github.com/amctc/amctc/target"
)

// operand is a vector operand: where it is among the op's addresses and how it moves.
type operand struct {
	mem      *memory
	at       int // index into entry.off
	size     int // bytes of an element
	blk, rep int // 32 B blocks
}

// offset is the byte offset of element i of repeat r, relative to the operand's start.
func (v *operand) offset(r, i int) int {
	per := 32 / v.size
	return 32*(i/per*v.blk+r*v.rep) + i%per*v.size
}

// shape is how a vector instruction walks its operands: repeats of lanes elements, lane elements per block of the widest type.
type shape struct {
	repeat, lanes, tail int
	full                int  // elements of a whole repeat
	chunk               int  // elements of a 32 B block of the widest type
	flat                bool // a repeat is contiguous in every operand
	solid               bool // and so are all repeats together
}

func (s *shape) active(r int) int {
	if r == s.repeat-1 {
		return s.tail
	}
	return s.lanes
}

// operand adds a vector operand of the op.
func (r *resolver) operand(o *op, v target.VAddr, size int) operand {
	d := r.m.desc
	o.limit(d, "vec.blk", "block stride", v.Blk)
	o.limit(d, "vec.rep", "repeat stride", v.Rep)
	mem := r.at(o, v.Addr, target.UB)
	return operand{mem, len(o.addr) - 1, size, v.Blk, v.Rep}
}

// shape checks the repeat fields against a widest element size and works out how the operands are walked.
func (r *resolver) shape(o *op, rep target.Rep, widest int, ops ...operand) shape {
	o.limit(r.m.desc, "vec.repeat", "repeat", rep.Repeat)
	s := shape{repeat: rep.Repeat, lanes: rep.Lanes, tail: rep.Tail, full: 256 / widest, chunk: 32 / widest}
	o.within("lanes", s.lanes, 0, s.full)
	o.within("tail", s.tail, 0, s.full)
	if s.lanes == 0 {
		s.lanes = s.full
	}
	if s.tail == 0 {
		s.tail = s.lanes
	}
	s.flat, s.solid = true, s.lanes == s.full
	for _, v := range ops {
		s.flat = s.flat && (v.blk == 1 || s.full*v.size <= 32)
		s.solid = s.solid && (32*v.rep == s.full*v.size || s.repeat <= 1)
	}
	s.solid = s.solid && s.flat
	return s
}

// spans calls f with the byte ranges an operand covers, relative to its start.
func (s *shape) spans(v operand, f func(lo, hi int)) {
	if s.repeat == 0 {
		return
	}
	n := s.repeat
	if v.rep == 0 && s.lanes == s.tail {
		n = 1 // every repeat covers the same bytes
	}
	if v.blk == 1 && 32*v.rep == s.full*v.size && s.lanes == s.full {
		f(0, ((s.repeat-1)*s.full+s.tail)*v.size)
		return
	}
	per := 32 / v.size
	for r := range n {
		active, base := s.active(r), 32*r*v.rep
		if v.blk == 1 {
			f(base, base+active*v.size)
			continue
		}
		for b := 0; b*per < active; b++ {
			at := base + 32*b*v.blk
			f(at, at+min(per, active-b*per)*v.size)
		}
	}
}

// hull is the bytes from the start of an operand to the end of what it covers.
func (s *shape) hull(v operand) int {
	per := 32 / v.size
	end := func(active, r int) int {
		b := (active - 1) / per
		return 32*(b*v.blk+r*v.rep) + (active-b*per)*v.size
	}
	h := max(end(s.lanes, max(0, s.repeat-2)), end(s.tail, s.repeat-1))
	return h
}

// read declares that a source operand is read; it returns its first byte.
func (s *shape) read(e *entry, p *pipe, v operand) int {
	at := e.op.align(v.mem, e.off[v.at], 32)
	s.spans(v, func(lo, hi int) { v.mem.read(e.op, p, at+lo, at+hi) })
	return at
}

// write declares that a destination is written; it returns its first byte.
func (s *shape) write(e *entry, p *pipe, v operand) int {
	at := e.op.align(v.mem, e.off[v.at], 32)
	s.spans(v, func(lo, hi int) { v.mem.write(e.op, p, at+lo, at+hi) })
	return at
}

// distinct checks that no byte of a destination is written twice.
func (s *shape) distinct(o *op, v operand) {
	per := 32 / v.size
	blocks := (s.full + per - 1) / per
	if s.repeat <= 1 && (v.blk >= 1 || blocks == 1) || v.blk >= 1 && v.rep >= (blocks-1)*v.blk+1 {
		return
	}
	seen := map[int]bool{}
	for r := range s.repeat {
		for b := 0; b*per < s.active(r); b++ {
			at := b*v.blk + r*v.rep
			if seen[at] {
				fail(o, Overlap, "blocks of the destination in UB overlap: block stride %d, repeat stride %d", v.blk, v.rep)
			}
			seen[at] = true
		}
	}
}

// apart checks that a destination overlaps a source only where both are the same element by element.
func (s *shape) apart(o *op, d operand, dAt int, v operand, vAt int) {
	if dAt == vAt && d.size == v.size && d.blk == v.blk && d.rep == v.rep || dAt+s.hull(d) <= vAt || vAt+s.hull(v) <= dAt {
		return
	}
	seen := map[int]bool{}
	s.spans(d, func(lo, hi int) {
		for at := (dAt + lo) / 32; at <= (dAt+hi-1)/32; at++ {
			seen[at] = true
		}
	})
	s.spans(v, func(lo, hi int) {
		for at := (vAt + lo) / 32; at <= (vAt+hi-1)/32; at++ {
			if seen[at] {
				fail(o, Overlap, "destination and source overlap at byte %d of UB without being the same", at*32)
			}
		}
	})
}

// kernel computes a run of elements; the slices have as many elements, in their types' sizes.
type kernel func(d, a, b []byte)

// elementwise gives the op the function for a kernel over one destination and one or two sources.
func (r *resolver) elementwise(o *op, s shape, c cost, k kernel, dst operand, src ...operand) {
	s.distinct(o, dst)
	two := len(src) == 2
	o.run = func(e *entry, p *pipe) cost {
		if s.repeat == 0 {
			return cost{path: pathVector}
		}
		a := s.read(e, p, src[0])
		b := 0
		if two {
			b = s.read(e, p, src[1])
		}
		d := s.write(e, p, dst)
		s.apart(o, dst, d, src[0], a)
		if two {
			s.apart(o, dst, d, src[1], b)
		}
		run := func(d, a, b, n int) {
			x := dst.mem.data[d : d+n*dst.size]
			y := src[0].mem.data[a : a+n*src[0].size]
			if two {
				k(x, y, src[1].mem.data[b:b+n*src[1].size])
			} else {
				k(x, y, nil)
			}
		}
		if s.solid {
			run(d, a, b, (s.repeat-1)*s.full+s.tail)
			return c
		}
		for rep := range s.repeat {
			n := s.active(rep)
			if s.flat {
				ob := 0
				if two {
					ob = b + 32*rep*src[1].rep
				}
				run(d+32*rep*dst.rep, a+32*rep*src[0].rep, ob, n)
				continue
			}
			for i := 0; i < n; i += s.chunk {
				ob := 0
				if two {
					ob = b + src[1].offset(rep, i)
				}
				run(d+dst.offset(rep, i), a+src[0].offset(rep, i), ob, min(s.chunk, n-i))
			}
		}
		return c
	}
}

// vecCost looks a vector instruction up.
func (r *resolver) vecCost(o *op, name string, t target.Type, repeat, elems int) cost {
	v := r.m.desc.VecOp(name, t)
	if v == nil {
		fail(o, BadType, "%s knows no %s of %v", r.m.desc.Name, name, t)
	}
	o.assum = o.assum || v.Assumed
	c := cost{path: pathVector, head: int64(v.Head), work: int64(v.Cycles) * int64(repeat)}
	if v.Elems > 0 {
		c.work = int64((elems + v.Elems - 1) / v.Elems)
	}
	return c
}

func (r *resolver) vector(o *op) {
	switch x := o.in.(type) {
	case *target.VBin:
		r.checkOp(o, int(x.Op), int(target.VOr))
		c := r.vecCost(o, x.Mnemonic(), x.Type, x.Repeat, 0)
		n := x.Type.Size()
		d, a, b := r.operand(o, x.Dst, n), r.operand(o, x.A, n), r.operand(o, x.B, n)
		r.elementwise(o, r.shape(o, x.Rep, n, d, a, b), c, binKernel(o, x.Op, x.Type), d, a, b)
	case *target.VScalar:
		r.checkOp(o, int(x.Op), int(target.VShr))
		c := r.vecCost(o, x.Mnemonic(), x.Type, x.Repeat, 0)
		n := x.Type.Size()
		d, a := r.operand(o, x.Dst, n), r.operand(o, x.A, n)
		r.elementwise(o, r.shape(o, x.Rep, n, d, a), c, scalarKernel(o, x.Op, x.Type, x.Imm), d, a)
	case *target.VUn:
		r.checkOp(o, int(x.Op), int(target.VCopy))
		c := r.vecCost(o, x.Mnemonic(), x.Type, x.Repeat, 0)
		n := x.Type.Size()
		d, a := r.operand(o, x.Dst, n), r.operand(o, x.A, n)
		r.elementwise(o, r.shape(o, x.Rep, n, d, a), c, unKernel(o, x.Op, x.Type), d, a)
	case *target.VCast:
		r.cast(o, x)
	case *target.VCmp:
		r.compare(o, x.Cond, x.Type, x.Dst, x.A, &x.B, 0, x.Rep)
	case *target.VCmps:
		r.compare(o, x.Cond, x.Type, x.Dst, x.A, nil, x.Imm, x.Rep)
	case *target.VSel:
		r.selectOp(o, x.Type, x.Dst, x.Mask, x.A, &x.B, 0, x.Rep)
	case *target.VSels:
		r.selectOp(o, x.Type, x.Dst, x.Mask, x.A, nil, x.Imm, x.Rep)
	case *target.VDup:
		r.dup(o, x)
	case *target.VBrcb:
		r.brcb(o, x)
	case *target.VGather:
		r.gather(o, x)
	case *target.VTrans:
		r.trans(o, x)
	case *target.VRed:
		r.reduce(o, x)
	default:
		fail(o, NotOnSoC, "no such instruction")
	}
}

func (r *resolver) checkOp(o *op, v, last int) {
	if v > last {
		fail(o, NotOnSoC, "no such operation")
	}
}

func (r *resolver) dup(o *op, x *target.VDup) {
	c := r.vecCost(o, "vdup", x.Type, x.Repeat, 0)
	n := x.Type.Size()
	d := r.operand(o, x.Dst, n)
	s := r.shape(o, x.Rep, n, d)
	s.distinct(o, d)
	pattern := make([]byte, 256)
	for i := range pattern {
		pattern[i] = byte(x.Imm >> (8 * (i % n)))
	}
	o.run = func(e *entry, p *pipe) cost {
		if s.repeat == 0 {
			return cost{path: pathVector}
		}
		at := s.write(e, p, d)
		s.spans(d, func(lo, hi int) {
			for lo < hi {
				lo += copy(d.mem.data[at+lo:at+hi], pattern)
			}
		})
		return c
	}
}

func (r *resolver) brcb(o *op, x *target.VBrcb) {
	c := r.vecCost(o, "vbrcb", x.Type, x.Repeat, 0)
	o.limit(r.m.desc, "vec.repeat", "repeat", x.Repeat)
	n := x.Type.Size()
	d := r.operand(o, x.Dst, n)
	src := r.at(o, x.Src, target.UB)
	s := shape{repeat: x.Repeat, full: 256 / n, lanes: 256 / n, tail: 256 / n, chunk: 32 / n}
	s.distinct(o, d)
	o.run = func(e *entry, p *pipe) cost {
		if x.Repeat == 0 {
			return cost{path: pathVector}
		}
		from := o.align(src, e.off[1], min(32, 8*n))
		src.read(o, p, from, from+8*n*x.Repeat)
		at := s.write(e, p, d)
		if h := s.hull(d); at < from+8*n*x.Repeat && from < at+h {
			fail(o, Overlap, "the source lies within the destination in UB")
		}
		for rep := range x.Repeat {
			for b := range 8 {
				v := src.data[from+(8*rep+b)*n:][:n]
				out := d.mem.data[at+32*(b*d.blk+rep*d.rep):][:32]
				for i := 0; i < 32; i += n {
					copy(out[i:], v)
				}
			}
		}
		return c
	}
}

func (r *resolver) gather(o *op, x *target.VGather) {
	c := r.vecCost(o, "vgather", x.Type, 0, x.Count)
	o.limit(r.m.desc, "vgather.count", "count", x.Count)
	n := x.Type.Size()
	dst, src, offs := r.at(o, x.Dst, target.UB), r.at(o, x.Src, target.UB), r.at(o, x.Offs, target.UB)
	o.run = func(e *entry, p *pipe) cost {
		d, s, i := o.align(dst, e.off[0], 32), o.align(src, e.off[1], 32), o.align(offs, e.off[2], 32)
		if x.Count == 0 {
			return cost{path: pathVector}
		}
		offs.read(o, p, i, i+4*x.Count)
		// Every element is checked; the access record covers the range they span.
		lo, hi := math.MaxInt, 0
		for k := range x.Count {
			at := int(u32(offs.data[i+4*k:]))
			if at%n != 0 {
				fail(o, Misaligned, "offset %d of element %d isn't a multiple of %d", at, k, n)
			}
			lo, hi = min(lo, s+at), max(hi, s+at+n)
		}
		src.touch(o, p, lo, hi)
		dst.write(o, p, d, d+n*x.Count)
		if d < hi && lo < d+n*x.Count || d < i+4*x.Count && i < d+n*x.Count {
			fail(o, Overlap, "the destination overlaps a source in UB")
		}
		for k := range x.Count {
			at := s + int(u32(offs.data[i+4*k:]))
			src.defined(o, at, at+n)
			copy(dst.data[d+n*k:d+n*k+n], src.data[at:])
		}
		return c
	}
}

func (r *resolver) trans(o *op, x *target.VTrans) {
	c := r.vecCost(o, "vtrans", x.Type, x.Repeat, 0)
	o.limit(r.m.desc, "vec.repeat", "repeat", x.Repeat)
	n := x.Type.Size()
	side := 32 / n
	// A square's rows are blocks: walked as a repeat of side blocks.
	d, a := r.operand(o, x.Dst, n), r.operand(o, x.A, n)
	s := shape{repeat: x.Repeat, full: side * side, lanes: side * side, tail: side * side, chunk: side}
	s.distinct(o, d)
	o.run = func(e *entry, p *pipe) cost {
		if x.Repeat == 0 {
			return cost{path: pathVector}
		}
		from, to := s.read(e, p, a), s.write(e, p, d)
		s.apart(o, d, to, a, from)
		if from == to && a.blk == d.blk && a.rep == d.rep {
			fail(o, Overlap, "a square can't be transposed in place in UB")
		}
		for t := range x.Repeat {
			in, out := a.mem.data[from+32*t*a.rep:], d.mem.data[to+32*t*d.rep:]
			switch n {
			case 1:
				for row := range side {
					line := in[32*row*a.blk:][:32]
					for col, v := range line {
						out[32*col*d.blk+row] = v
					}
				}
			default:
				for row := range side {
					for col := range side {
						copy(out[32*col*d.blk+n*row:][:n], in[32*row*a.blk+n*col:])
					}
				}
			}
		}
		return c
	}
}
