package ascend

import "github.com/amctc/amctc/target"

// A box is a rectangular part of a symbol's bytes, row by row: element (i, j, …) is byte At + i*Strides[0] + j*Strides[1] + …
type box struct {
	Sym     string
	At      int
	Strides []int
}

// moveTile is the most bytes of UB that a tile of moved rows takes.
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
	dst.Strides, src.Strides = to, from
	var buf [2]int
	for b := range buf {
		buf[b] = k.take(target.UB, moveTile)
	}
	for at := 0; at < run; at += moveTile {
		d, s := dst, src
		d.At, s.At = d.At+at, s.At+at
		k.moveRows(d, s, dims, min(moveTile, run-at), buf)
	}
}

// moveRows copies runs of bytes; dims, outermost first, say how many there are.
func (k *kernel) moveRows(dst, src box, dims []int, run int, buf [2]int) {
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
	chunk := min(count, moveRuns, moveTile/up(run, 32))
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
	nest(k.vector, 0, target.In(dst.Sym, dst.At), target.In(src.Sym, src.At))
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
	size := min(up(n, 32), moveTile)
	at := k.take(target.UB, size)
	pair := uint16(uint8(value)) * 0x101
	for done := 0; done < size; done += 255 * 256 {
		k.vector.emit(&target.VDup{Type: target.U16, Dst: target.V(at + done), Imm: target.Imm(pair), Rep: reps(min(255*256, size-done)/2, 128)})
	}
	k.vector.then(target.PipeV, target.PipeMTE3, 0)
	part := func(c *code, to target.Addr, n int) {
		c.emit(&target.PadCopy{Dst: to, Src: target.At(target.UB, at), Type: target.S8, Count: 1, Len: n})
	}
	k.vector.loop(n/size, func(c *code, i index) { part(c, i.at(target.In(sym, 0), size), size) })
	if rest := n % size; rest > 0 {
		part(k.vector, target.In(sym, n-rest), rest)
	}
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
