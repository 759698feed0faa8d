package sim

import (
	"math"

	"github.com/amctc/amctc/target"
)

// The paths data take. An instruction pays its head when its pipe was idle or worked on another path.
const (
	pathGML1 = iota
	pathGMUB
	pathUBGM
	pathL1L0A
	pathL1L0B
	pathL1L0AT
	pathL1L0BT
	pathL1BT
	pathL1FB
	pathOut8
	pathOut16
	pathOut32
	pathL0CUB
	pathLoad3D
	pathCube
	pathVector
	numPaths
)

var pathNames = [numPaths]string{"gm-l1", "gm-ub", "ub-gm", "l1-l0a", "l1-l0b", "l1-l0a.t", "l1-l0b.t", "l1-bt", "l1-fb", "l0c-out8", "l0c-out16", "l0c-out32", "l0c-ub", "l1-l0a.3d", "cube", "vector"}

// path looks a path up; an instruction that uses one without a published rate counts as assumed.
func (r *resolver) path(o *op, id int) *target.Path {
	p := r.m.desc.Path(pathNames[id])
	if p == nil {
		fail(o, NotOnSoC, "%s has no path %s", r.m.desc.Name, pathNames[id])
	}
	o.assum = o.assum || p.Assumed
	return p
}

func (r *resolver) moved(id int, p *target.Path, n int) cost {
	r.core.bytes[id] += int64(n)
	c := cost{path: id, head: int64(p.Latency), work: int64((n + p.Rate - 1) / p.Rate)}
	if id == pathGML1 || id == pathGMUB || id == pathUBGM {
		c.gm, c.rate = int64(n), int64(p.Rate)
	}
	return c
}

// extent is the bytes from the first to the end of the last of count runs of n bytes, pitch bytes apart.
func extent(count, n, pitch int) int { return (count-1)*pitch + n }

func (r *resolver) dataCopy(o *op, x *target.DataCopy) {
	d := r.m.desc
	o.limit(d, "datacopy.count", "count", x.Count)
	o.limit(d, "datacopy.len", "len", x.Len)
	o.limit(d, "datacopy.gap", "srcgap", x.SrcGap)
	o.limit(d, "datacopy.gap", "dstgap", x.DstGap)
	unit, id, alignDst, alignSrc := 32, 0, 32, 32
	switch s, t := x.Src.Space, x.Dst.Space; {
	case s == target.GM && t == target.L1:
		id, alignSrc = pathGML1, 1
	case s == target.GM && t == target.UB:
		id, alignSrc = pathGMUB, 1
	case s == target.UB && t == target.GM:
		id = pathUBGM
	case s == target.L1 && t == target.BT:
		id, unit, alignDst = pathL1BT, 64, r.alignOf(t)
	case s == target.L1 && t == target.FB:
		id, unit, alignDst = pathL1FB, 128, r.alignOf(t)
	case s == target.L0C && t == target.UB:
		id, unit, alignSrc = pathL0CUB, 1024, r.alignOf(s)
	default:
		fail(o, NotOnSoC, "no copy from %v to %v", s, t)
	}
	dst, src := r.at(o, x.Dst, x.Dst.Space), r.at(o, x.Src, x.Src.Space)
	path := r.path(o, id)
	n := x.Len * unit
	ps, pd := n+32*x.SrcGap, n+32*x.DstGap
	o.run = func(e *entry, p *pipe) cost {
		to, from := o.align(dst, e.off[0], alignDst), o.align(src, e.off[1], alignSrc)
		if x.Count == 0 || n == 0 {
			return cost{path: id}
		}
		copyRuns(o, p, dst, to, pd, src, from, ps, x.Count, n)
		return r.moved(id, path, x.Count*n)
	}
}

// copyRuns copies count runs of n bytes.
func copyRuns(o *op, p *pipe, dst *memory, to, pd int, src *memory, from, ps, count, n int) {
	src.bounds(o, from, from+extent(count, n, ps))
	dst.bounds(o, to, to+extent(count, n, pd))
	if ps == n && pd == n {
		n *= count
		count = 1
	}
	for i := range count {
		s, t := from+i*ps, to+i*pd
		src.touch(o, p, s, s+n)
		dst.claim(o, p, t, t+n)
		copy(dst.data[t:t+n], src.data[s:s+n])
		copyInit(dst, t, src, s, n)
	}
}

// maxGap is the largest gap on the GM side of a padcopy, as far as the host can count.
const maxGap = min(math.MaxInt, 1<<32-1)

func (r *resolver) padCopy(o *op, x *target.PadCopy) {
	d := r.m.desc
	o.limit(d, "padcopy.count", "count", x.Count)
	o.limit(d, "padcopy.len", "len", x.Len)
	size := x.Type.Size()
	if size == 0 || size > 4 {
		fail(o, BadType, "no pad copy of %v", x.Type)
	}
	if x.Len%size != 0 {
		fail(o, FieldRange, "len %d isn't a multiple of the element size %d", x.Len, size)
	}
	into := x.Dst.Space == target.UB
	id := pathUBGM
	switch {
	case into && x.Src.Space == target.GM:
		id = pathGMUB
		o.within("left", x.Left, 0, 32/size)
		o.within("right", x.Right, 0, 32/size)
		o.within("srcgap", x.SrcGap, 0, maxGap)
		o.limit(d, "datacopy.gap", "dstgap", x.DstGap)
	case !into && x.Src.Space == target.UB && x.Dst.Space == target.GM:
		o.within("left", x.Left, 0, 0)
		o.within("right", x.Right, 0, 0)
		o.limit(d, "datacopy.gap", "srcgap", x.SrcGap)
		o.within("dstgap", x.DstGap, 0, maxGap)
	default:
		fail(o, NotOnSoC, "no pad copy from %v to %v", x.Src.Space, x.Dst.Space)
	}
	dst, src := r.at(o, x.Dst, x.Dst.Space), r.at(o, x.Src, x.Src.Space)
	path := r.path(o, id)
	n, left := x.Len, x.Left*size
	block := (left + n + x.Right*size + 31) &^ 31
	fillWord := [4]byte{byte(x.Fill), byte(x.Fill >> 8), byte(x.Fill >> 16), byte(x.Fill >> 24)}
	o.run = func(e *entry, p *pipe) cost {
		alignDst, alignSrc := 1, 32
		if into {
			alignDst, alignSrc = 32, 1
		}
		to, from := o.align(dst, e.off[0], alignDst), o.align(src, e.off[1], alignSrc)
		if x.Count == 0 || n == 0 {
			return cost{path: id}
		}
		if !into {
			copyRuns(o, p, dst, to, n+x.DstGap, src, from, block+32*x.SrcGap, x.Count, n)
			return r.moved(id, path, x.Count*n)
		}
		pd, ps := block+32*x.DstGap, n+x.SrcGap
		src.bounds(o, from, from+extent(x.Count, n, ps))
		dst.bounds(o, to, to+extent(x.Count, block, pd))
		for i := range x.Count {
			s, t := from+i*ps, to+i*pd
			src.touch(o, p, s, s+n)
			dst.write(o, p, t, t+block)
			b := dst.data[t : t+block]
			for j := 0; j < left; j++ {
				b[j] = fillWord[j%size]
			}
			copy(b[left:], src.data[s:s+n])
			for j := left + n; j < block; j++ {
				b[j] = fillWord[(j-left-n)%size]
			}
			if src.init != nil && !src.init.all(s, s+n) {
				copyInit(dst, t+left, src, s, n)
			}
		}
		return r.moved(id, path, x.Count*n)
	}
}

func (r *resolver) nd2nz(o *op, x *target.Nd2Nz) {
	d := r.m.desc
	o.limit(d, "nd2nz.num", "num", x.Num)
	o.limit(d, "nd2nz.n", "n", x.N)
	o.limit(d, "nd2nz.d", "d", x.D)
	o.limit(d, "nd2nz.srcmatrix", "srcmatrix", x.SrcMatrix)
	o.limit(d, "nd2nz.srcd", "srcd", x.SrcD)
	o.limit(d, "nd2nz.dstc0", "dstc0", x.DstC0)
	o.limit(d, "nd2nz.dstn", "dstn", x.DstN)
	o.limit(d, "nd2nz.dstmatrix", "dstmatrix", x.DstMatrix)
	size := x.Type.Size()
	if size == 0 || size > 4 {
		fail(o, BadType, "no nd2nz of %v", x.Type)
	}
	if x.DstMatrix*size%32 != 0 {
		fail(o, Misaligned, "destination matrices are %d bytes apart, not a multiple of 32", x.DstMatrix*size)
	}
	dst, src := r.at(o, x.Dst, target.L1), r.at(o, x.Src, target.GM)
	path := r.path(o, pathGML1)
	row, c1 := x.D*size, (x.D*size+31)/32
	o.run = func(e *entry, p *pipe) cost {
		to, from := o.align(dst, e.off[0], 32), o.align(src, e.off[1], 1)
		if x.Num == 0 || x.N == 0 || x.D == 0 {
			return cost{path: pathGML1}
		}
		last := (x.Num-1)*x.SrcMatrix*size + (x.N-1)*x.SrcD*size + row
		src.bounds(o, from, from+last)
		last = (x.Num-1)*x.DstMatrix*size + 32*((c1-1)*x.DstC0+(x.N-1)*x.DstN) + 32
		dst.bounds(o, to, to+last)
		if 32*x.Num*x.N*c1 > last {
			fail(o, Overlap, "%d blocks of 32 bytes are written into %d bytes", x.Num*x.N*c1, last)
		}
		for b := range x.Num {
			for i := range x.N {
				s := from + (b*x.SrcMatrix+i*x.SrcD)*size
				src.touch(o, p, s, s+row)
			}
			for j := range c1 {
				n := min(32, row-32*j)
				col := to + b*x.DstMatrix*size + 32*j*x.DstC0
				if x.DstN == 1 {
					dst.write(o, p, col, col+32*x.N)
				}
				for i := range x.N {
					s, t := from+(b*x.SrcMatrix+i*x.SrcD)*size+32*j, col+32*i*x.DstN
					if x.DstN != 1 {
						dst.write(o, p, t, t+32)
					}
					copy(dst.data[t:t+n], src.data[s:s+n])
					clear(dst.data[t+n : t+32])
					if src.init != nil && !src.init.all(s, s+n) {
						copyInit(dst, t, src, s, n)
					}
				}
			}
		}
		return r.moved(pathGML1, path, x.Num*x.N*row)
	}
}
