package ascend

import (
	"github.com/amctc/amctc/target"
)

// lowerDense is the integer matrix product: the operand as NZ in L1, weights like those of a 1x1 convolution.
func lowerDense(k *kernel) {
	x, y := k.in(0), k.out()
	a := k.accumulate(x, y)
	inner := x.Dims[len(x.Dims)-1]
	rows := x.Elems() / inner
	from := x.Sym
	if x.Layout == target.NC1HWC0 {
		from = k.scratch("x", target.S8, target.ND, x.Dims...)
		k.toND(x, from)
		k.phase()
	}
	if limit, ok := k.desc.Limit("nd2nz.srcd"); ok && inner > limit {
		k.fail(codeField, "a row has %d elements, nd2nz.srcd of %s holds at most %d", inner, k.desc.Name, limit)
	}
	p := &product{kernel: k, acc: a, total: rows, line: 16, batch: 1, taps: 1, channel: func(int) int { return 0 }}
	p.cut = func(bytes, most int) []piece {
		h := min(bytes/512*16, most/16*16, 8192)
		if h < 16 {
			return nil
		}
		h = min(rows, up(cd(rows, cd(rows, h)), 16))
		var out []piece
		for y := 0; y < rows; y += h {
			n := min(h, rows-y)
			out = append(out, piece{rows: n, bytes: up(n, 16) * 32, y: y, h: n})
		}
		return out
	}
	p.load = func(c *code, q *piece, _, first index, planes, l1 int) {
		c.emit(&target.Nd2Nz{Dst: target.At(target.L1, l1), Src: target.In(from, q.y*inner+first.base*32), Type: target.S8,
			Num: 1, N: q.rows, D: min(32*planes, inner-32*first.base), SrcD: inner, DstC0: up(q.rows, 16), DstN: 1})
	}
	p.loadA = func(c *code, q *piece, _, l1 int, m index, rows, depth, extent, l0a int) {
		k.loadNZ(c, up(q.rows, 16), l1, m, rows, depth, extent, l0a)
	}
	p.sections = sections(p.columnTiles(a.outs, cd(inner, 32)))
	into := func(sym string, size int) {
		p.store = func(q *piece, _, m, channel index, s section, f *target.Fixpipe) {
			f.Dst = channel.at(m.at(target.In(sym, q.y*a.outs*size), a.outs*size), size)
			f.ND, f.N, f.DstStride = true, s.valid, a.outs
		}
		p.run()
	}
	if y.Type == target.F32 && !k.fixpipe() {
		into(y.Sym, 4)
		return
	}
	if y.Type == target.F32 {
		sums := k.scratch("acc", target.S32, target.ND, rows, a.outs)
		into(sums, 4)
		k.phase()
		k.scaleSums(sums, y.Sym, rows, a.scale)
		return
	}
	sym := y.Sym
	if y.Layout == target.NC1HWC0 {
		sym = k.scratch("y", target.S8, target.ND, y.Dims...)
	}
	raw := sym
	if a.clip != nil {
		raw = k.scratch("raw", target.S8, target.ND, rows, a.outs)
	}
	into(raw, 1)
	if a.clip != nil {
		k.phase()
		k.clipCodes(rows*a.outs, strip{target.In(raw, 0), 1}, strip{target.In(sym, 0), 1}, a.clip)
	}
	if y.Layout == target.NC1HWC0 {
		k.phase()
		k.fromND(sym, y)
	}
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
