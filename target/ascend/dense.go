package ascend

import (
	"github.com/amctc/amctc/target"
)

// lowerDense is the integer matrix product: the operand as NZ in L1, weights like those of a 1x1 convolution.
func lowerDense(k *kernel) {
	x, y := k.in(0), k.out()
	if x.Type == target.S16 {
		k.denseWide(x, y)
		return
	}
	a := k.accumulate(x, y)
	if a.keep.mask != nil && k.fixpipe() {
		k.denseShifted(x, y, a)
		return
	}
	inner := x.Dims[len(x.Dims)-1]
	rows := x.Elems() / inner
	p := k.denseProduct(k.rowMajor(x, "x"), rows, inner, a)
	if y.Type == target.F32 && !k.fixpipe() {
		p.into(y.Sym, 4) // scaled on the way out
		return
	}
	if y.Type == target.F32 {
		sums := p.into(k.scratch("acc", target.S32, target.ND, rows, a.outs), 4)
		k.phase()
		k.scaleSums(sums, y.Sym, rows, a.scale)
		return
	}
	k.fromRowMajor(func(sym string) { p.codes(sym, rows) })
}

// denseProduct is the product of the matrix of rows by inner codes in the symbol from, which lies row-major, with constant weights.
func (k *kernel) denseProduct(from string, rows, inner int, a *accumulation) *product {
	if limit, ok := k.desc.Limit("nd2nz.srcd"); ok && inner > limit {
		k.fail(codeField, "a row has %d elements, nd2nz.srcd of %s holds at most %d", inner, k.desc.Name, limit)
	}
	p := &product{kernel: k, acc: a, total: rows, line: 16, batch: 1, taps: 1, channel: func(int) int { return 0 }, lines: rows, unit: 32}
	p.cutLines = func(from, to, bytes, most int) []piece {
		h := min(bytes/512*16, most/16*16, 8192)
		if h < 16 {
			return nil
		}
		h = min(to-from, up(cd(to-from, cd(to-from, h)), 16))
		var out []piece
		for y := from; y < to; y += h {
			n := min(h, to-y)
			out = append(out, piece{rows: n, bytes: up(n, 16) * 32, y: y, h: n})
		}
		return out
	}
	p.cut = func(bytes, most int) []piece { return p.cutLines(0, rows, bytes, most) }
	p.load = func(c *code, q *piece, _, first index, planes, l1 int) {
		c.emit(&target.Nd2Nz{Dst: target.At(target.L1, l1), Src: target.In(from, p.from+q.y*inner+first.base*32), Type: target.S8,
			Num: 1, N: q.rows, D: min(32*planes, inner-32*first.base), SrcD: inner, DstC0: up(q.rows, 16), DstN: 1})
	}
	p.loadA = func(c *code, q *piece, _, l1 int, m index, rows, depth, extent, l0a int) {
		k.loadNZ(c, up(q.rows, 16), l1, m, rows, depth, extent, l0a)
	}
	p.tiles = func(most int) []columns { return p.columnTiles(a.outs, cd(inner, 32), most) }
	p.columns = p.tiles(1 << 30)
	return p
}

// into runs a product and puts its rows into a symbol of elements of that size, which it gives.
func (p *product) into(sym string, size int) string {
	p.rowsInto(sym, size)
	p.run()
	return sym
}

// rowsInto says that the rows go to a symbol of elements of that size.
func (p *product) rowsInto(sym string, size int) {
	p.store = func(q *piece, _, m, channel index, s section, f *target.Fixpipe) {
		f.Dst = channel.at(m.at(target.In(sym, (p.at+q.y*p.acc.outs)*size), p.acc.outs*size), size)
		f.ND, f.N, f.DstStride = true, s.valid, p.acc.outs
	}
	p.size = size
}

// codes runs a product whose rows become codes in a symbol.
func (p *product) codes(sym string, rows int) {
	a := p.acc
	if a.clip == nil {
		p.into(sym, 1)
		return
	}
	raw := p.into(p.scratch("raw", target.S8, target.ND, rows, a.outs), 1)
	p.phase()
	p.clipCodes(rows*a.outs, strip{target.In(raw, 0), 1}, strip{target.In(sym, 0), 1}, a.clip)
}

// loadNZ brings rows m.. and depth.. of an NZ matrix of that many rows in L1 to L0A, whose fractals are ZZ or NZ by the description.
func (k *kernel) loadNZ(c *code, pitch, l1 int, m index, rows, depth, extent, l0a int) {
	across, down := cd(extent, 32), cd(rows, 16)
	src := m.at(target.At(target.L1, l1+depth/32*pitch*32), 32)
	load := func(dst, src target.Addr, repeat, stride int) {
		for f := 0; f < repeat; f += 255 {
			c.emit(&target.Load2D{Dst: dst.Plus(512 * f), Src: src.Plus(512 * f * stride), Type: target.S8, Repeat: min(255, repeat-f), SrcStride: stride})
		}
	}
	at := target.At(target.L0A, l0a)
	switch {
	case k.desc.Cube.L0A != "nz":
		for r := range down {
			load(at.Plus(512*r*across), src.Plus(512*r), across, pitch/16)
		}
	case down == pitch/16:
		load(at, src, across*down, 1)
	default:
		for i := range across {
			load(at.Plus(512*i*down), src.Plus(32*i*pitch), down, 1)
		}
	}
}
