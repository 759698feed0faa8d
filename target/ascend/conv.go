package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// lowerConv is the integer convolution: img2col loads, a product with FRACTAL_Z weights, Fixpipe. Channel groups become tiles of 32 output channels over the
// planes their groups cover; what another group would see has zero weights.
func lowerConv(k *kernel) {
	x, y := k.in(0), k.out()
	wt := k.node.Operands[1].Type.Shape
	win, problem := op.WindowOf(k.node, x.Dims, wt[2], wt[3])
	if problem != "" {
		panic("ascend: " + problem)
	}
	k.windowFits(&win)
	if x.Type == target.S16 {
		k.convWide(&win, x, y)
		return
	}
	a := k.accumulate(x, y)
	if a.keep.mask != nil && k.fixpipe() {
		k.convShifted(&win, x, y, a)
		return
	}
	p := k.convProduct(&win, x, a, y.Type == target.S8)
	if y.Type == target.F32 {
		k.convFloat(p, &win, y)
		return
	}
	pixels := win.OutH * win.OutW
	dst := y
	if a.clip != nil {
		dst.Sym = k.scratch("raw", target.S8, target.NC1HWC0, y.Dims...)
	}
	p.store = func(q *piece, n, m, channel index, s section, f *target.Fixpipe) {
		f.Dst = channel.at(m.at(n.at(target.In(dst.Sym, q.y*win.OutW*32), y.C1()*y.Plane()), 32), pixels)
		f.DstStride = pixels
	}
	p.run()
	if a.clip != nil {
		k.phase()
		k.clipCodes(y.length(), dst.strip(), y.strip(), a.clip)
	}
}

// convProduct is the product of a convolution of the image x; whole says that its result's planes are written as they are. The store is left to the caller.
func (k *kernel) convProduct(win *op.Window, x tensorGM, a *accumulation, whole bool) *product {
	wt := k.node.Operands[1].Type.Shape
	group := k.node.Int("group")
	perIn, perOut := wt[1], wt[0]/group
	pixels := win.OutH * win.OutW
	p := &product{kernel: k, acc: a, total: pixels, line: win.OutW, batch: x.Dims[0], taps: win.KH * win.KW,
		channel: func(o int) int { return o / perOut * perIn },
		lines:   win.OutH, unit: 1,
		cut:      func(bytes, rows int) []piece { return cutRows(win, 0, win.OutH, bytes, rows) },
		cutLines: func(from, to, bytes, rows int) []piece { return cutRows(win, from, to, bytes, rows) },
	}
	p.load = func(c *code, q *piece, n, first index, planes, l1 int) {
		from := first.at(n.at(target.In(x.Sym, q.in*win.W*32), x.C1()*x.Plane()), x.Plane())
		length, gap := q.n*win.W, (win.H-q.n)*win.W
		if gap <= 65535 || planes == 1 {
			if planes == 1 {
				gap = 0
			}
			c.emit(&target.DataCopy{Dst: target.At(target.L1, l1), Src: from, Count: planes, Len: length, SrcGap: gap})
			return
		}
		c.loop(planes, func(c *code, i index) {
			c.emit(&target.DataCopy{Dst: i.at(target.At(target.L1, l1), length*32), Src: i.at(from, x.Plane()), Count: 1, Len: length})
		})
	}
	right := max(0, (win.OutW-1)*win.SW-win.Left+(win.KW-1)*win.DW+1-win.W)
	p.loadA = func(c *code, q *piece, planes, l1 int, m index, rows, depth, extent, l0a int) {
		c.emit(&target.Load3D{Dst: target.At(target.L0A, l0a), Src: target.At(target.L1, l1), Type: target.S8, H: q.n, W: win.W, Channels: 32 * planes,
			PadL: win.Left, PadR: right, PadT: q.top, PadB: q.below, KH: win.KH, KW: win.KW, SH: win.SH, SW: win.SW, DH: win.DH, DW: win.DW,
			MStart: m.affine(), KStart: target.Int(depth), MExt: rows, KExt: extent, PadValue: a.offset})
	}
	p.tiles = func(most int) []columns {
		var all []columns
		if group == 1 {
			all = p.columnTiles(wt[0], x.C1(), most)
		} else {
			all = groupTiles(p, wt[0], perIn, perOut)
		}
		if whole { // planes are written: all columns of a tile count
			for i := range all {
				all[i].valid = all[i].n
			}
		}
		return all
	}
	p.columns = p.tiles(1 << 30)
	return p
}

// convFloat stores the sums as pixels by channels, scales them on the vector core, and turns them into planes.
func (k *kernel) convFloat(p *product, win *op.Window, y tensorGM) {
	outs, pixels := y.Dims[1], win.OutH*win.OutW
	rows := y.Dims[0] * pixels
	var last string
	if k.fixpipe() {
		sums := k.convSums(p, win, k.scratch("acc", target.S32, target.ND, rows, outs))
		k.phase()
		last = k.scratch("nhwc", target.F32, target.ND, y.Dims[0], win.OutH, win.OutW, outs)
		k.scaleSums(sums, last, rows, p.acc.scale)
	} else { // scaled on the way out
		last = k.convSums(p, win, k.scratch("nhwc", target.F32, target.ND, y.Dims[0], win.OutH, win.OutW, outs))
	}
	k.phase()
	k.fromPixels(last, y)
}

// convSums runs a product whose results of four bytes go to the symbol sums, pixels by channels, which it gives.
func (k *kernel) convSums(p *product, win *op.Window, sums string) string {
	pixels, outs := win.OutH*win.OutW, p.acc.outs
	p.store = func(q *piece, n, m, channel index, s section, f *target.Fixpipe) {
		f.Dst = channel.at(m.at(n.at(target.In(sums, q.y*win.OutW*outs*4), pixels*outs*4), outs*4), 4)
		f.ND, f.N, f.DstStride = true, s.valid, outs
	}
	p.size, p.unit = 4, 8
	p.run()
	return sums
}

// windowFits refuses geometries that img2col has no fields for.
func (k *kernel) windowFits(w *op.Window) {
	check := func(field, what string, v int) {
		if limit, ok := k.desc.Limit(field); ok && v > limit {
			k.fail(codeField, "%s is %d, %s of %s holds at most %d", what, v, field, k.desc.Name, limit)
		}
	}
	for _, v := range []int{w.Top, w.Left, w.Bottom, w.Right} {
		check("load3d.pad", "a pad", v)
	}
	check("load3d.kernel", "the kernel", max(w.KH, w.KW))
	check("load3d.stride", "a stride", max(w.SH, w.SW))
	check("load3d.dilation", "a dilation", max(w.DH, w.DW))
	check("load3d.hw", "a side of the image", max(w.H, w.W))
}

// cutRows divides output rows from..to-1 into pieces whose input rows take at most so many bytes of a plane, and that have at most so many pixels; as equal as
// possible. nil: not even one row fits.
func cutRows(w *op.Window, from, to, bytes, pixels int) []piece {
	part := func(y, h int) piece {
		start := y*w.SH - w.Top
		end := (y+h-1)*w.SH - w.Top + (w.KH-1)*w.DH + 1
		in := min(max(start, 0), w.H-1)
		stop := min(max(end, in+1), w.H)
		return piece{rows: h * w.OutW, bytes: (stop - in) * w.W * 32, y: y, h: h, in: in, n: stop - in, top: in - start, below: max(0, end-stop)}
	}
	fits := func(h int) []piece {
		var out []piece
		for y := from; y < to; y += h {
			p := part(y, min(h, to-y))
			// Rows that begin below the image have no place in a piece of their own; a piece has at most 255 padded rows.
			// Nor have output rows that lie wholly in the padding: img2col would see more rows than these.
			seen := (p.n+p.top+p.below-(w.KH-1)*w.DH-1)/w.SH + 1
			if p.bytes > bytes || p.rows > pixels || p.top < 0 || p.top > 255 || p.below > 255 || seen != p.h {
				return nil
			}
			out = append(out, p)
		}
		return out
	}
	for n := 1; n <= to-from; n++ {
		h := cd(to-from, n)
		if n > 1 && h == cd(to-from, n-1) {
			continue
		}
		if out := fits(h); out != nil {
			return out
		}
	}
	return nil
}

// groupTiles divides the output channels of a grouped convolution into tiles and finds the planes each sees.
func groupTiles(p *product, outs, perIn, perOut int) []columns {
	n := 32
	if perOut%32 == 0 {
		n = up(cd(perOut, cd(perOut, 128)), 32)
		if perOut%n != 0 {
			n = 32
		}
	}
	var out []columns
	for from := 0; from < outs; from += n {
		w := min(n, up(outs-from, 32))
		last := min(from+w, outs) - 1
		first := p.channel(from) / 32
		planes := (p.channel(last)+perIn-1)/32 - first + 1
		out = append(out, columns{from: from, n: w, valid: min(w, outs-from), first: first, planes: planes})
	}
	return out
}
