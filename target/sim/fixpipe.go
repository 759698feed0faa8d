package sim

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/amctc/amctc/target"
)

// word is a decoded quantization parameter of Fixpipe.
type word struct {
	scale  float32
	offset int32
	signed bool
	shift  uint // 0: none
}

// decodeWord reads the u64: the scale's low 13 bits count as zero, the offset is nine bits of two's complement. The shift (bits 35..32, if bit 36) exists only
// on parts of the first generation with Fixpipe.
func decodeWord(w uint64, isa string) (word, bool) {
	q := word{scale: math.Float32frombits(uint32(w) &^ 0x1fff), offset: int32(int64(w<<18) >> 55), signed: w>>46&1 == 1}
	if w>>36&1 == 1 && isa == "c220" {
		q.shift = uint(w>>32&15) + 1
	}
	return q, uint32(w)>>23&0xff != 0xff
}

// scaled is the first half of every conversion from int32: shift, to float, times the scale; a negative accumulator counts as zero under ReLU.
func (q *word) scaled(x int32, relu bool) float32 {
	if q.shift > 0 {
		x = min(max(x>>q.shift, math.MinInt16), math.MaxInt16)
	}
	if relu && x < 0 {
		return 0
	}
	return float32(float32(x) * q.scale)
}

// req8 converts an accumulator to a code.
func (q *word) req8(x int32, relu bool) byte {
	f := q.scaled(x, relu)
	f = min(max(f, -256), 255)
	v := int32(math.RoundToEven(float64(f))) + q.offset
	if q.signed {
		return byte(int8(min(max(v, -128), 127)))
	}
	return byte(min(max(v, 0), 255))
}

// deqf16 converts an accumulator to half bits.
func (q *word) deqf16(x int32, relu bool) uint16 {
	f := q.scaled(x, relu)
	return toHalf(min(max(f, -65504), 65504))
}

func (r *resolver) fixpipe(o *op, x *target.Fixpipe) {
	d := r.m.desc
	if !d.HasQuant(x.Quant) {
		fail(o, NotOnSoC, "Fixpipe of %s has no mode %v", d.Name, x.Quant)
	}
	if x.ReLU && !d.Fixpipe.ReLU || x.ND && !d.Fixpipe.ND || x.Dst.Space == target.L1 && !d.Fixpipe.L1 {
		fail(o, NotOnSoC, "Fixpipe of %s can't do this (relu %v, nd %v, to %v)", d.Name, x.ReLU, x.ND, x.Dst.Space)
	}
	o.limit(d, "fixpipe.n", "n", x.N)
	o.limit(d, "fixpipe.m", "m", x.M)
	o.limit(d, "fixpipe.srcstride", "srcstride", x.SrcStride)
	o.within("m", x.M, 1, math.MaxInt32)
	o.within("n", x.N, 1, math.MaxInt32)
	o.within("dststride", x.DstStride, 0, math.MaxInt32)
	t, perColumn := x.Quant.Out()
	size := t.Size()
	num := 1
	if x.ND {
		o.limit(d, "fixpipe.ndrows", "m", x.M)
		o.within("ndnum", x.NdNum, 0, 65535)
		o.within("srcnd", x.SrcNd, 0, 65535)
		o.within("dstnd", x.DstNd, 0, math.MaxInt32)
		num = max(1, x.NdNum)
		if x.DstStride < x.N && x.M > 1 {
			fail(o, FieldRange, "rows of %d elements are %d elements apart", x.N, x.DstStride)
		}
	} else {
		wide := 16
		if t == target.S8 {
			wide = 32
		}
		if x.N%wide != 0 {
			fail(o, FieldRange, "n is %d, must be a multiple of %d for an NZ result of %v", x.N, wide, t)
		}
		if rows := x.M * max(1, 16*size/32); x.N > wide && x.DstStride < rows {
			fail(o, Overlap, "column blocks of %d rows are %d units of 32 bytes apart in %v, need %d", x.M, x.DstStride, x.Dst.Space, rows)
		}
		if x.NdNum != 0 || x.SrcNd != 0 || x.DstNd != 0 {
			fail(o, FieldRange, "ndnum, srcnd and dstnd need nd")
		}
	}
	if x.SrcStride < x.M && x.N > 16 {
		fail(o, FieldRange, "column blocks of %d rows are %d rows apart in L0C", x.M, x.SrcStride)
	}
	dst, src := r.at(o, x.Dst, target.GM, target.L1), r.at(o, x.Src, target.L0C)
	var vec *memory
	var one word
	switch {
	case perColumn:
		if x.Vec.Space != target.FB || x.Word != 0 {
			fail(o, FieldRange, "%v takes vec=FB[...] and no word", x.Quant)
		}
		vec = r.at(o, x.Vec, target.FB)
	case x.Vec.Space != target.NoSpace || x.Quant == target.NoQuant && x.Word != 0:
		fail(o, FieldRange, "%v takes no parameter of this kind", x.Quant)
	case x.Quant != target.NoQuant:
		var ok bool
		if one, ok = decodeWord(x.Word, d.ISA); !ok {
			fail(o, BadWord, "word %#x holds an infinite scale or NaN", x.Word)
		}
		o.assum = o.assum || one.shift > 0
	}
	id := map[int]int{1: pathOut8, 2: pathOut16, 4: pathOut32}[size]
	path := r.path(o, id)
	align := 1
	if !x.ND || x.Dst.Space == target.L1 {
		align = 32
	}
	cols := (x.N + 15) / 16
	o.run = func(e *entry, p *pipe) cost {
		to, from := o.align(dst, e.off[0], align), o.align(src, e.off[1], r.alignOf(target.L0C))
		r.m.words = slices.Grow(r.m.words[:0], x.N)
		words := r.m.words[:x.N]
		for i := range words {
			words[i] = one
		}
		if perColumn {
			v := o.align(vec, e.off[2], r.alignOf(target.FB))
			vec.read(o, p, v, v+8*x.N)
			for i := range words {
				u := binary.LittleEndian.Uint64(vec.data[v+8*i:])
				var ok bool
				if words[i], ok = decodeWord(u, d.ISA); !ok {
					fail(o, BadWord, "word %#x of column %d holds an infinite scale or NaN", u, i)
				}
			}
		}
		if num*x.M*x.N*size > len(dst.data) {
			fail(o, Overlap, "%d rows of %d elements are written into the %d bytes of %s", num*x.M, x.N, len(dst.data), dst.name)
		}
		for nd := range num {
			for k := range cols {
				w := min(16, x.N-16*k)
				block := from + 64*(nd*x.SrcNd+k*x.SrcStride)
				src.touch(o, p, block, block+64*x.M)
				whole := src.init.all(block, block+64*x.M)
				// One row of this block in the destination: start, pitch in bytes.
				start, pitch := to+size*(nd*x.DstNd+16*k), size*x.DstStride
				if !x.ND {
					start, pitch = to+32*k*x.DstStride, 16*size
					if t == target.S8 {
						start, pitch = to+32*(k/2)*x.DstStride+16*(k%2), 32
					}
				}
				dst.bounds(o, start, start+(x.M-1)*pitch+w*size)
				if pitch == w*size {
					dst.write(o, p, start, start+x.M*pitch)
				}
				q := words[16*k : 16*k+w]
				for j := range x.M {
					s, at := block+64*j, start+j*pitch
					if !whole {
						src.defined(o, s, s+4*w)
					}
					if pitch != w*size {
						dst.write(o, p, at, at+w*size)
					}
					in, out := src.data[s:s+4*w], dst.data[at:at+w*size]
					convertRow(out, in, q, x.Quant, x.ReLU)
				}
			}
		}
		c := r.moved(id, path, num*x.M*cols*16*size)
		if dst.gm {
			r.core.gmOut += int64(num * x.M * x.N * size)
			c.gm, c.rate = int64(num*x.M*cols*16*size), int64(path.Rate)
		}
		return c
	}
}

func convertRow(out, in []byte, q []word, mode target.Quant, relu bool) {
	switch mode {
	case target.NoQuant:
		if !relu {
			copy(out, in)
			return
		}
		for i := range q {
			v := max(int32(binary.LittleEndian.Uint32(in[4*i:])), 0)
			binary.LittleEndian.PutUint32(out[4*i:], uint32(v))
		}
	case target.REQ8, target.VREQ8:
		for i := range q {
			out[i] = q[i].req8(int32(binary.LittleEndian.Uint32(in[4*i:])), relu)
		}
	default:
		for i := range q {
			binary.LittleEndian.PutUint16(out[2*i:], q[i].deqf16(int32(binary.LittleEndian.Uint32(in[4*i:])), relu))
		}
	}
}
