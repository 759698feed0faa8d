package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// A box is a rectangular part of a symbol's bytes, row by row: element (i, j, …) is byte At + i*Strides[0] + j*Strides[1] + …
type box struct {
	Sym     string
	At      int
	Strides []int
}

// moveTile is the most bytes of UB that a tile of moved rows takes; where less is left, half of that.
const moveTile = 64 << 10

// moveRuns is the most runs of one copy.
const moveRuns = 4095

// move copies the bytes of a box of the given dims from one symbol to another, through UB. Rows that lie side by side in both are copied as one run;
// where the last dimension is scattered on either side, a run is one byte.
func (k *kernel) move(dst, src box, dims []int) {
	dims, to, from := joined(dims, dst.Strides, src.Strides)
	run := 1
	if last := len(dims) - 1; last >= 0 && to[last] == 1 && from[last] == 1 {
		run = dims[last]
		dims, to, from = dims[:last], to[:last], from[:last]
	}
	if last := len(dims) - 1; last >= 0 && from[last] == 0 { // a copy has runs side by side: one of them, repeated
		dims, to, from = append(dims, 1), append(to, run), append(from, run)
	}
	dst.Strides, src.Strides = append(to, 1), append(from, 1)
	dims = append(dims, run)
	tile := min(moveTile, (k.room(target.UB)-32)/2/32*32)
	var buf [2]int
	for b := range buf {
		buf[b] = k.take(target.UB, max(tile, 32))
	}
	along, unit := share(dst, dims, len(k.vectors))
	divide(cd(dims[along], unit), k.worth(tensor.Elems(dims)), func(core, first, count int) {
		d, s, n := dst, src, slices.Clone(dims)
		d.At, s.At = d.At+first*unit*d.Strides[along], s.At+first*unit*s.Strides[along]
		n[along] = min(count*unit, dims[along]-first*unit)
		last := len(n) - 1
		run := n[last]
		for at := 0; at < run; at += tile {
			moveRows(k.vectors[core], box{d.Sym, d.At + at, d.Strides[:last]}, box{s.Sym, s.At + at, s.Strides[:last]}, n[:last], min(tile, run-at), tile, buf)
		}
	})
}

// worth is how many vector cores are worth that many bytes.
func (k *kernel) worth(bytes int) int { return max(1, min(len(k.vectors), bytes/leastTile)) }

// share is the dimension of a box, and the elements of it, that cores can write parts of without meeting in a block of 32 bytes: the outermost with
// enough for all of them, or that with the most. All elements are one part where there is none.
func share(b box, dims []int, cores int) (along, unit int) {
	most := 1
	along, unit = 0, max(1, dims[0])
	for d, n := range dims {
		stride, u, inner, whole := b.Strides[d], 1, 0, true
		for e, s := range b.Strides {
			switch {
			case e == d:
			case s < stride || s == stride && e > d:
				inner += (dims[e] - 1) * s
			default:
				whole = whole && s%32 == 0
			}
		}
		for u*stride%32 != 0 {
			u *= 2
		}
		if !whole || inner >= stride || b.At%32 != 0 && b.At%32+inner+(u-1)*stride >= u*stride {
			continue
		}
		if parts := cd(n, u); parts > most {
			most, along, unit = parts, d, u
		}
		if most >= cores {
			break
		}
	}
	return along, unit
}

// moveRows copies runs of bytes; dims, outermost first, say how many there are. The buffers have tile bytes each.
func moveRows(c *code, dst, src box, dims []int, run, tile int, buf [2]int) {
	count, countTo, countFrom := 1, run, run
	if last := len(dims) - 1; last >= 0 {
		count, countTo, countFrom = dims[last], dst.Strides[last], src.Strides[last]
		dims = dims[:last]
	}
	tiles, tileTo, tileFrom := 1, 0, 0
	if last := len(dims) - 1; last >= 0 {
		tiles, tileTo, tileFrom = dims[last], dst.Strides[last], src.Strides[last]
		dims = dims[:last]
	}
	chunk := min(count, moveRuns, tile/up(run, 32))
	part := func(c *code, to, from target.Addr, n int) {
		copies(c, tiles,
			func(c *code, b int, i index) {
				c.emit(&target.PadCopy{Dst: target.At(target.UB, buf[b]), Src: i.at(from, tileFrom), Type: target.S8, Count: n, Len: run, SrcGap: countFrom - run})
			},
			func(c *code, b int, i index) {
				c.emit(&target.PadCopy{Dst: i.at(to, tileTo), Src: target.At(target.UB, buf[b]), Type: target.S8, Count: n, Len: run, DstGap: countTo - run})
			})
	}
	var nest func(c *code, d int, to, from target.Addr)
	nest = func(c *code, d int, to, from target.Addr) {
		if d < len(dims) {
			c.loop(dims[d], func(c *code, i index) { nest(c, d+1, i.at(to, dst.Strides[d]), i.at(from, src.Strides[d])) })
			return
		}
		c.loop(count/chunk, func(c *code, i index) { part(c, i.at(to, chunk*countTo), i.at(from, chunk*countFrom), chunk) })
		if rest := count % chunk; rest > 0 {
			done := count - rest
			part(c, to.Plus(done*countTo), from.Plus(done*countFrom), rest)
		}
	}
	nest(c, 0, target.In(dst.Sym, dst.At), target.In(src.Sym, src.At))
}

// copies runs n tiles through load (MTE2) and store (MTE3) with two buffers: tile i uses buffer i mod 2. It uses flags 0 and 1 of the pairs
// MTE2-MTE3 and MTE3-MTE2 and leaves all clear and the core drained.
func copies(c *code, n int, load, store func(c *code, buf int, i index)) {
	const mte2, mte3 = target.PipeMTE2, target.PipeMTE3
	alternate(c, n, [][2]target.Pipe{{mte3, mte2}}, func(c *code, b int, i index) {
		c.wait(mte3, mte2, b)
		load(c, b, i)
		c.then(mte2, mte3, b)
		store(c, b, i)
		c.set(mte3, mte2, b)
	})
}

// joined leaves out dimensions of one element and joins neighbours that both sides pass without a jump.
func joined(dims, to, from []int) (d, t, f []int) {
	for i, n := range dims {
		if n == 1 {
			continue
		}
		if k := len(d) - 1; k >= 0 && t[k] == n*to[i] && f[k] == n*from[i] {
			d[k], t[k], f[k] = d[k]*n, to[i], from[i]
			continue
		}
		d, t, f = append(d, n), append(t, to[i]), append(f, from[i])
	}
	return d, t, f
}

// fill writes n bytes of one code to a symbol, from its beginning on.
func (k *kernel) fill(sym string, value int8, n int) {
	pair := uint16(uint8(value)) * 0x101
	most := min(up(n, 32), moveTile)
	at := k.take(target.UB, most)
	part := func(c *code, to target.Addr, n int) {
		c.emit(&target.PadCopy{Dst: to, Src: target.At(target.UB, at), Type: target.S8, Count: 1, Len: n})
	}
	divide(cd(n, 32), k.worth(n), func(core, first, count int) {
		c, from, n := k.vectors[core], 32*first, min(32*count, n-32*first)
		size := min(most, up(n, 32))
		for done := 0; done < size; done += 255 * 256 {
			c.emit(&target.VDup{Type: target.U16, Dst: target.V(at + done), Imm: target.Imm(pair), Rep: reps(min(255*256, size-done)/2, 128)})
		}
		c.then(target.PipeV, target.PipeMTE3, 0)
		c.loop(n/size, func(c *code, i index) { part(c, i.at(target.In(sym, from), size), size) })
		if rest := n % size; rest > 0 {
			part(c, target.In(sym, from+n-rest), rest)
		}
	})
}

// imageDims are the dimensions of an NC1HWC0 image in bytes as it lies: N, C1, H, W, 32.
func (t tensorGM) imageDims() []int {
	return []int{t.Dims[0], t.C1(), t.Dims[2], t.Dims[3], t.Type.C0()}
}

// rowMajor is the symbol with a tensor's row-major codes: its own, or a scratch symbol that toND fills.
func (k *kernel) rowMajor(x tensorGM, name string) string {
	if x.Layout == target.ND {
		return x.Sym
	}
	sym := k.scratch(name, x.Type, target.ND, x.Dims...)
	k.toND(x, sym)
	k.phase()
	return sym
}

// fromRowMajor makes the result from row-major codes that write puts into the symbol it gets.
func (k *kernel) fromRowMajor(write func(sym string)) {
	y := k.out()
	if y.Layout == target.ND {
		write(y.Sym)
		return
	}
	sym := k.scratch("rows", y.Type, target.ND, y.Dims...)
	write(sym)
	k.phase()
	k.fromND(sym, y)
}
