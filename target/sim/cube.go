package sim

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/amctc/amctc/target"
)

const fractal = 512 // bytes of an operand fractal: 16 rows of 32 B

func (r *resolver) load2d(o *op, x *target.Load2D) {
	d := r.m.desc
	o.limit(d, "load2d.repeat", "repeat", x.Repeat)
	o.limit(d, "load2d.stride", "stride", x.SrcStride)
	o.limit(d, "load2d.dstgap", "dstgap", x.DstGap)
	o.limit(d, "load2d.dstgap", "fracgap", x.DstFracGap)
	size := x.Type.Size()
	if size == 0 || size > 4 || x.Transpose && size > 2 {
		fail(o, BadType, "no such load of %v", x.Type)
	}
	if x.DstFracGap != 0 && (!x.Transpose || size != 1) {
		fail(o, FieldRange, "fracgap is only for transposing 8-bit loads")
	}
	dst, src := r.at(o, x.Dst, target.L0A, target.L0B), r.at(o, x.Src, target.L1)
	id := pathL1L0A
	if x.Dst.Space == target.L0B {
		id = pathL1L0B
	}
	if x.Transpose {
		id += pathL1L0AT - pathL1L0A
	}
	path := r.path(o, id)
	unit, frac := fractal, 1 // bytes and fractals of one repeat
	if x.Transpose && size == 1 {
		unit, frac = 2*fractal, 2
	}
	step := frac + x.DstGap
	if frac == 2 {
		step += x.DstFracGap
	}
	o.run = func(e *entry, p *pipe) cost {
		to, from := o.align(dst, e.off[0], r.alignOf(x.Dst.Space)), o.align(src, e.off[1], 32)
		if x.Repeat == 0 {
			return cost{path: id}
		}
		src.bounds(o, from, from+(x.Repeat-1)*x.SrcStride*unit+unit)
		if !x.Transpose && step == 1 && x.SrcStride == 1 {
			copyRuns(o, p, dst, to, fractal*x.Repeat, src, from, fractal*x.Repeat, 1, fractal*x.Repeat)
			return r.moved(id, path, unit*x.Repeat)
		}
		for i := range x.Repeat {
			s, t := from+i*x.SrcStride*unit, to+i*step*fractal
			switch {
			case !x.Transpose:
				copyRuns(o, p, dst, t, fractal, src, s, fractal, 1, fractal)
			case size == 2:
				src.read(o, p, s, s+unit)
				dst.write(o, p, t, t+unit)
				a, b := src.data[s:s+fractal], dst.data[t:t+fractal]
				for row := range 16 {
					for col := range 16 {
						b[32*col+2*row], b[32*col+2*row+1] = a[32*row+2*col], a[32*row+2*col+1]
					}
				}
			default:
				src.read(o, p, s, s+unit)
				t2 := t + fractal*(1+x.DstFracGap)
				dst.write(o, p, t, t+fractal)
				dst.write(o, p, t2, t2+fractal)
				a := src.data[s : s+2*fractal]
				for half, at := range [2]int{t, t2} {
					b := dst.data[at : at+fractal]
					for row := range 16 {
						for col := range 32 {
							b[32*row+col] = a[32*col+16*half+row]
						}
					}
				}
			}
		}
		return r.moved(id, path, unit*x.Repeat)
	}
}

func (r *resolver) load3d(o *op, x *target.Load3D) {
	d := r.m.desc
	if x.Type != target.S8 {
		fail(o, BadType, "img2col of %v isn't known here, only of s8", x.Type)
	}
	lim := func(field, name string, v int) {
		o.limit(d, field, name, v)
		o.within(name, v, 1, math.MaxInt32)
	}
	lim("load3d.hw", "h", x.H)
	lim("load3d.hw", "w", x.W)
	lim("load3d.channels", "channels", x.Channels)
	for _, v := range []int{x.PadL, x.PadR, x.PadT, x.PadB} {
		o.limit(d, "load3d.pad", "pad", v)
	}
	lim("load3d.kernel", "kh", x.KH)
	lim("load3d.kernel", "kw", x.KW)
	lim("load3d.stride", "sh", x.SH)
	lim("load3d.stride", "sw", x.SW)
	lim("load3d.dilation", "dh", x.DH)
	lim("load3d.dilation", "dw", x.DW)
	o.within("mext", x.MExt, 0, 65535)
	o.within("kext", x.KExt, 0, 65535)
	o.within("padvalue", x.PadValue, -128, 127)
	c0, c1 := 32, x.Channels/32
	switch {
	case x.Channels%32 == 0:
	case x.Channels == 4 || x.Channels == 8 || x.Channels == 16:
		c0, c1 = x.Channels, 1
	default:
		fail(o, FieldRange, "channels is %d, must be a multiple of 32, or 4, 8 or 16", x.Channels)
	}
	h, w := x.H+x.PadT+x.PadB-((x.KH-1)*x.DH+1), x.W+x.PadL+x.PadR-((x.KW-1)*x.DW+1)
	if h < 0 || w < 0 {
		fail(o, FieldRange, "the kernel is larger than the padded map")
	}
	ho, wo := h/x.SH+1, w/x.SW+1
	rows, taps := ho*wo, c1*x.KH*x.KW
	cols := (taps*c0 + 31) &^ 31
	mapBytes := c1 * x.H * x.W * c0
	dst, src := r.at(o, x.Dst, target.L0A), r.at(o, x.Src, target.L1)
	r.field(o, x.MStart)
	r.field(o, x.KStart)
	nz := d.Cube.L0A == "nz"
	rate := d.Load3D
	pad := byte(x.PadValue)
	o.run = func(e *entry, p *pipe) cost {
		to, from := o.align(dst, e.off[0], r.alignOf(target.L0A)), o.align(src, e.off[1], 32)
		if x.MExt == 0 || x.KExt == 0 {
			return cost{path: pathLoad3D}
		}
		if e.off[2] < 0 || e.off[2] > int64(rows) || e.off[3] < 0 || e.off[3] > int64(cols) {
			fail(o, FieldRange, "mstart %d, kstart %d lie outside the %d x %d img2col matrix", e.off[2], e.off[3], rows, cols)
		}
		m0, k0 := int(e.off[2]), int(e.off[3])
		if m0%16 != 0 || k0%32 != 0 {
			fail(o, Misaligned, "mstart %d must be a multiple of 16, kstart %d of 32", m0, k0)
		}
		m1, k1 := m0+x.MExt, k0+x.KExt
		if m1 > rows || k1 > cols || x.MExt%16 != 0 && m1 != rows || x.KExt%32 != 0 && k1 != taps*c0 {
			fail(o, FieldRange, "rows %d..%d, columns %d..%d of a %d x %d img2col matrix: extents are multiples of 16 and 32 except at its edges", m0, m1, k0, k1, rows, cols)
		}
		mb, kb := (x.MExt+15)/16, (x.KExt+31)/32
		src.bounds(o, from, from+mapBytes)
		dst.write(o, p, to, to+mb*kb*fractal)
		// The input rows the load can reach are declared read as a whole: rows between them too.
		y0 := max(0, m0/wo*x.SH-x.PadT)
		y1 := min(x.H, (m1-1)/wo*x.SH-x.PadT+(x.KH-1)*x.DH+1)
		ca, cb := k0/32, (k1+31)/32 // in units of 32 columns
		firstPlane, lastPlane := 0, 0
		if c0 == 32 {
			firstPlane, lastPlane = ca/(x.KH*x.KW), (cb-1)/(x.KH*x.KW)
		}
		whole := true
		for c := firstPlane; c <= lastPlane && y0 < y1; c++ {
			a, b := from+(c*x.H+y0)*x.W*c0, from+(c*x.H+y1)*x.W*c0
			src.touch(o, p, a, b)
			whole = whole && src.init.all(a, b)
		}
		rowsOfKernel := x.KH
		for kf := range kb {
			base := (k0 + 32*kf) / c0
			for m := m0; m < m1; m++ {
				mf := (m - m0) / 16
				at := to + ((mf*kb+kf)*16+(m-m0)%16)*32
				if nz {
					at = to + ((kf*mb+mf)*16+(m-m0)%16)*32
				}
				out := dst.data[at : at+32]
				oy, ox := m/wo, m%wo
				for g := range 32 / c0 {
					t := base + g
					cell := out[g*c0 : g*c0+c0]
					if t >= taps {
						clear(cell)
						continue
					}
					c, k := t/(x.KH*x.KW), t%(x.KH*x.KW)
					y, xx := oy*x.SH-x.PadT+k/x.KW*x.DH, ox*x.SW-x.PadL+k%x.KW*x.DW
					if y < 0 || y >= x.H || xx < 0 || xx >= x.W {
						for i := range cell {
							cell[i] = pad
						}
						continue
					}
					s := from + ((c*x.H+y)*x.W+xx)*c0
					if c0 == 32 {
						*(*[32]byte)(cell) = *(*[32]byte)(src.data[s : s+32])
					} else {
						copy(cell, src.data[s:s+c0])
					}
					if !whole {
						src.defined(o, s, s+c0)
					}
				}
			}
			// Rows of the last fractal beyond the extent hold nothing.
			for m := x.MExt; m < mb*16; m++ {
				at := to + (((mb-1)*kb+kf)*16+m%16)*32
				if nz {
					at = to + ((kf*mb+mb-1)*16+m%16)*32
				}
				for i := range 32 {
					dst.init.clear(at + i)
				}
			}
		}
		if c0 == 32 {
			rowsOfKernel = kernelRows(ca, cb, x.KH, x.KW)
		}
		n := mb * kb * fractal
		r.core.bytes[pathLoad3D] += int64(n)
		num, den := rate.Rate(x.SW, rowsOfKernel)
		return cost{path: pathLoad3D, head: int64(rate.Latency), work: int64((n*den + num - 1) / num)}
	}
}

// kernelRows is the number of different kernel rows among the taps a..b-1 of one channel block after another.
func kernelRows(a, b, kh, kw int) int {
	if b-a >= kh*kw {
		return kh
	}
	first, last := a/kw%kh, (b-1)/kw%kh
	if last < first || a/(kh*kw) != (b-1)/(kh*kw) && last == first {
		last += kh
	}
	return min(kh, last-first+1)
}

// mmadBlock is the part of L0C an Mmad wrote.
type mmadBlock struct{ lo, hi, blocks int }

func (r *resolver) mmad(o *op, x *target.Mmad) {
	d := r.m.desc
	o.limit(d, "mmad.dim", "m", x.M)
	o.limit(d, "mmad.dim", "k", x.K)
	o.limit(d, "mmad.dim", "n", x.N)
	if d.Cube.KS8 == 0 {
		fail(o, BadType, "%s has no 8-bit cube", d.Name)
	}
	dst, a, b := r.at(o, x.Dst, target.L0C), r.at(o, x.A, target.L0A), r.at(o, x.B, target.L0B)
	var bias *memory
	if x.Init == target.InitBias {
		if x.Bias.Space != target.BT {
			fail(o, NotOnSoC, "init=bias needs bias=BT[...]")
		}
		bias = r.at(o, x.Bias, target.BT)
	} else if x.Bias.Space != target.NoSpace {
		fail(o, FieldRange, "bias= without init=bias")
	}
	m1, k1, n1 := (x.M+15)/16, (x.K+31)/32, (x.N+15)/16
	steps := int64((x.M+d.Cube.M-1)/d.Cube.M) * int64((x.N+d.Cube.N-1)/d.Cube.N) * int64((x.K+d.Cube.KS8-1)/d.Cube.KS8)
	nz := d.Cube.L0A == "nz"
	o.run = func(e *entry, p *pipe) cost {
		c := o.align(dst, e.off[0], r.alignOf(target.L0C))
		ao, bo := o.align(a, e.off[1], r.alignOf(target.L0A)), o.align(b, e.off[2], r.alignOf(target.L0B))
		if x.M == 0 || x.K == 0 || x.N == 0 {
			return cost{path: pathCube}
		}
		an, bn, cn := m1*k1*fractal, k1*n1*fractal, m1*n1*1024
		a.touch(o, p, ao, ao+an)
		b.touch(o, p, bo, bo+bn)
		checkFractals(o, a, ao, m1, k1, x.M, x.K, nz)
		checkFractals(o, b, bo, n1, k1, x.N, x.K, true)
		if x.Init == target.InitAcc {
			dst.touch(o, p, c, c+cn)
			if q := p.acc; q.blocks > 0 && q.blocks < 10 && q.lo < c+cn && c < q.hi {
				fail(o, MissingBarrier, "accumulates onto the %d blocks of L0C that the mmad before it wrote: needs pipe_barrier M", q.blocks)
			}
		}
		p.acc = mmadBlock{c, c + cn, m1 * n1}
		dst.claim(o, p, c, c+cn)
		bt := 0
		if bias != nil {
			bt = o.align(bias, e.off[3], r.alignOf(target.BT))
			bias.read(o, p, bt, bt+4*x.N)
		}
		r.m.pairs = slices.Grow(r.m.pairs[:0], 8*x.K)
		r.m.sums = slices.Grow(r.m.sums[:0], 16*x.N)
		pairs, acc := r.m.pairs[:8*x.K], r.m.sums[:16*x.N]
		for mb := range m1 {
			rows := min(16, x.M-16*mb)
			packRows(pairs, a.data, ao, mb, m1, k1, x.K, nz)
			for nb := range n1 {
				cols := min(16, x.N-16*nb)
				for j := range cols {
					if rows <= 2 {
						dotPair(pairs, b.data, bo+(nb*16+j)*32, n1*fractal, x.K, acc[(nb*16+j)*16:][:2])
					} else {
						dots(pairs, b.data, bo+(nb*16+j)*32, n1*fractal, x.K, acc[(nb*16+j)*16:][:16])
					}
				}
				block := c + (nb*m1+mb)*1024
				out := dst.data[block : block+1024]
				for i := range rows {
					row := out[64*i : 64*i+4*cols]
					if x.Init == target.InitAcc {
						dst.defined(o, block+64*i, block+64*i+4*cols)
					} else {
						dst.init.set(block+64*i, block+64*i+4*cols)
					}
					for j := range cols {
						v := acc[(nb*16+j)*16+i]
						switch x.Init {
						case target.InitAcc:
							v += int64(int32(binary.LittleEndian.Uint32(row[4*j:])))
						case target.InitBias:
							v += int64(int32(binary.LittleEndian.Uint32(bias.data[bt+4*(16*nb+j):])))
						}
						binary.LittleEndian.PutUint32(row[4*j:], uint32(int32(min(max(v, math.MinInt32), math.MaxInt32))))
					}
				}
			}
		}
		r.core.bytes[pathCube] += int64(an + bn)
		r.core.macs += steps * int64(d.Cube.M*d.Cube.N*d.Cube.KS8)
		return cost{path: pathCube, head: int64(d.Cube.Head), work: steps}
	}
}

// checkFractals checks that the elements of a rows x k operand are defined; column-major order of fractals where byCol.
func checkFractals(o *op, mem *memory, at, r1, k1, rows, k int, byCol bool) {
	if mem.init.all(at, at+r1*k1*fractal) {
		return
	}
	for rb := range r1 {
		for kb := range k1 {
			f := at + (rb*k1+kb)*fractal
			if byCol {
				f = at + (kb*r1+rb)*fractal
			}
			for i := range min(16, rows-16*rb) {
				mem.defined(o, f+32*i, f+32*i+min(32, k-32*kb))
			}
		}
	}
}

// packRows packs the 16 rows of row block mb two to a word, the odd row in the high half: pairs[8*k+i] holds rows 2i and 2i+1 of column k.
// Sums of products with an 8-bit factor then give both rows' sums at once; see dots.
func packRows(pairs []int64, a []byte, at, mb, m1, k1, k int, nz bool) {
	for kb := range k1 {
		f := at + (mb*k1+kb)*fractal
		if nz {
			f = at + (kb*m1+mb)*fractal
		}
		frac := a[f : f+fractal]
		for kk := range min(32, k-32*kb) {
			out := pairs[8*(32*kb+kk):][:8]
			for i := range 8 {
				out[i] = int64(int8(frac[64*i+kk])) + int64(int8(frac[64*i+32+kk]))<<32
			}
		}
	}
}

// dots is the product of 16 packed rows with one column of B, whose k runs through 32 B rows pitch bytes apart: sum[i] for row i. The low half of each
// word is an exact int32 sum as |sum| < 2^31 for k < 2^17; what remains above it is the odd row's.
func dots(pairs []int64, b []byte, at, pitch, k int, sum []int64) {
	var s0, s1, s2, s3, s4, s5, s6, s7 int64
	for k0 := 0; k0 < k; k0 += 32 {
		n := min(32, k-k0)
		col := b[at : at+n]
		at += pitch
		ap := pairs[8*k0:][:8*n]
		for _, v := range col {
			w := int64(int8(v))
			q := (*[8]int64)(ap)
			s0 += q[0] * w
			s1 += q[1] * w
			s2 += q[2] * w
			s3 += q[3] * w
			s4 += q[4] * w
			s5 += q[5] * w
			s6 += q[6] * w
			s7 += q[7] * w
			ap = ap[8:]
		}
	}
	for i, s := range [8]int64{s0, s1, s2, s3, s4, s5, s6, s7} {
		lo := int64(int32(s))
		sum[2*i], sum[2*i+1] = lo, (s-lo)>>32
	}
}

// dotPair is dots for the first two rows alone.
func dotPair(pairs []int64, b []byte, at, pitch, k int, sum []int64) {
	var s0, s1 int64
	for k0 := 0; k0 < k; k0 += 32 {
		col := b[at : at+min(32, k-k0)]
		at += pitch
		ap := pairs[8*k0:][:8*len(col)]
		for i := 0; i+1 < len(col); i += 2 {
			q := (*[16]int64)(ap[8*i:])
			s0 += q[0] * int64(int8(col[i]))
			s1 += q[8] * int64(int8(col[i+1]))
		}
		if i := len(col) - 1; i&1 == 0 {
			s0 += ap[8*i] * int64(int8(col[i]))
		}
	}
	s := s0 + s1
	lo := int64(int32(s))
	sum[0], sum[1] = lo, (s-lo)>>32
}
