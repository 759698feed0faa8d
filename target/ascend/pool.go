package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// A pool slides a window over the planes of an image on the vector core. Codes are widened (to float16 for a maximum, to int32 for a sum), so that a pixel of 32
// channels has wide blocks of 32 bytes; every kernel position is one pass over the output rows.
type pool struct {
	*kernel
	win    op.Window
	x, y   tensorGM
	wide   int // bytes of a widened element: 2 or 4
	typ    target.Type
	op     target.BinOp
	start  target.Imm
	widen  func(c *code, n, codes, half, wide int)  // n at most maxTile
	finish func(c *code, n, at, acc, half, out int) // n at most maxTile; at is the first element of the tile's output, for factors
	before func(c *code, first, n int)              // what a tile of n output elements from first needs, on MTE2
	factor int                                      // bytes per output element that before brings
	half   int                                      // bytes per input element of room that widen wants
}

// lowerMaxPool is the maximum of codes; positions outside the image count as the lowest.
func lowerMaxPool(k *kernel) {
	x := k.in(0)
	p := &pool{kernel: k, x: x, y: k.out(), wide: 2, typ: target.F16, op: target.VMax, start: target.ImmF16(-128)}
	p.widen = func(c *code, n, codes, _, wide int) {
		c.emit(&target.VCast{To: target.F16, From: target.S8, Dst: target.V(wide), A: target.V(codes).Strides(1, 4), Rep: reps(n, 128)})
	}
	p.finish = func(c *code, n, _, acc, _, out int) {
		c.emit(&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: target.V(acc), Rep: reps(n, 128)})
	}
	p.run()
}

// lowerAvgPool is the mean of codes: an exact sum of q - o, times a factor that holds the number of counted positions. The sum is int32; where the part does
// not convert that to float32, it is a float32 sum of integers that stays exact.
func lowerAvgPool(k *kernel) {
	x, y := k.in(0), k.out()
	p := &pool{kernel: k, x: x, y: y, wide: 4, typ: target.S32, op: target.VAdd, half: 2}
	toFloat := k.desc.Cast(target.S32, target.F32) != nil
	round := target.RoundRint
	if !toFloat {
		p.typ, round = target.F32, target.RoundNone
	}
	p.widen = func(c *code, n, codes, half, wide int) {
		k.centred(c, n, codes, half, x.Offset())
		c.emit(&target.VCast{To: p.typ, From: target.F16, Round: round, Dst: target.V(wide), A: target.V(half).Strides(1, 4), Rep: reps(n, 64)})
	}
	p.window()
	w := &p.win
	if most := 255 * w.KH * w.KW; !toFloat && most > 1<<24 {
		k.fail(codeRange, "the sum of a window of %d positions may reach %d, beyond what float32 counts exactly, and %s does not convert int32 to float32", w.KH*w.KW, most, k.desc.Name)
	}
	counts := func(oy, ox int) int {
		if k.node.Bool("include_pad") {
			return w.KH * w.KW
		}
		return w.Count(oy, ox)
	}
	one, same := counts(0, 0), true
	for oy := range w.OutH {
		for ox := range w.OutW {
			same = same && counts(oy, ox) == one
		}
	}
	room := 0
	if !same {
		var m []float32
		for oy := range w.OutH {
			for ox := range w.OutW {
				f := op.MeanScale(x.Scale(), y.Scale(), counts(oy, ox))
				for range 32 {
					m = append(m, f)
				}
			}
		}
		factors := k.data("m", target.F32, target.ND, []int{len(m)}, bytesF32(m))
		p.factor = 4
		p.before = func(c *code, first, n int) {
			room = k.take(target.UB, 4*n)
			c.emit(&target.PadCopy{Dst: target.At(target.UB, room), Src: target.In(factors, 4*first), Type: target.F32, Count: 1, Len: 4 * n})
		}
	}
	p.finish = func(c *code, n, at, acc, half, out int) {
		r, v := reps(n, 64), target.V(acc)
		if toFloat {
			c.emit(&target.VCast{To: target.F32, From: target.S32, Round: k.round(target.S32, target.F32), Dst: v, A: v, Rep: r})
		}
		if same {
			c.emit(&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: v, A: v, Imm: target.ImmF32(op.MeanScale(x.Scale(), y.Scale(), one)), Rep: r})
		} else {
			c.emit(&target.VBin{Op: target.VMul, Type: target.F32, Dst: v, A: v, B: target.V(room + 4*at), Rep: r})
		}
		k.fin(c, n, acc, half, out, y.Quant, k.node.Ints("clip"))
	}
	p.run()
}

// window reads the geometry.
func (p *pool) window() {
	size := p.node.Ints("kernel")
	win, problem := op.WindowOf(p.node, p.x.Dims, size[0], size[1])
	if problem != "" {
		panic("ascend: " + problem)
	}
	p.win = win
}

// band is output rows y..y+h-1 with the input rows first..first+n-1 that kernel rows k0..k1-1 need.
type band struct{ y, h, k0, k1, first, n int }

func (p *pool) band(y, h, k0, k1 int) band {
	w := &p.win
	first := min(max(y*w.SH-w.Top+k0*w.DH, 0), w.H-1)
	last := min(max((y+h-1)*w.SH-w.Top+(k1-1)*w.DH, first), w.H-1)
	return band{y, h, k0, k1, first, last - first + 1}
}

// need is the bytes of UB for a band, with two buffers of codes or one.
func (p *pool) need(b band, buffers int) int {
	in, out := b.n*p.win.W*32, b.h*p.win.OutW*32
	need := in*(buffers+p.half+p.wide) + out*(buffers+p.wide+p.factor) + 2*min(out, maxTile) + 1024
	if p.needsPattern() {
		need += patternSize
	}
	return need
}

func (p *pool) run() {
	p.window()
	w := &p.win
	planes, cores := p.x.Dims[0]*p.x.C1(), len(p.vectors)
	// As many output rows at a time as fit with two buffers, and few enough for every core to have some.
	groups := max(1, min(cores/planes, w.OutH))
	for n := groups; n <= w.OutH; n++ {
		h := cd(w.OutH, n)
		fits := true
		for y := 0; y < w.OutH; y += h {
			fits = fits && p.need(p.band(y, min(h, w.OutH-y), 0, w.KH), 2) <= p.room(target.UB)
		}
		if fits {
			if groups > 1 { // a core has one plane of every so many-th band
				cores = planes
			}
			for i, y := 0, 0; y < w.OutH; i, y = i+1, y+h {
				p.pipelined(p.band(y, min(h, w.OutH-y), 0, w.KH), i%groups*planes, cores)
			}
			return
		}
	}
	// One output row, some kernel rows at a time.
	for rows := w.KH; rows > 0; rows-- {
		fits := true
		for y := range w.OutH {
			for k0 := 0; k0 < w.KH; k0 += rows {
				fits = fits && p.need(p.band(y, 1, k0, min(k0+rows, w.KH)), 1) <= p.room(target.UB)
			}
		}
		if fits {
			for y := range w.OutH {
				p.stepwise(y, rows)
			}
			return
		}
	}
	p.fail(codeBuffer, "one row of the image needs %d bytes of UB, which has %d", p.need(p.band(0, 1, 0, 1), 1), p.room(target.UB))
}

// places are where a band's parts lie in UB.
type places struct {
	in, out              [2]int
	half, wide, acc, res int
}

func (p *pool) places(b band, in, buffers int, cores []*code) places {
	p.free()
	p.pattern()
	var a places
	out := b.h * p.win.OutW * 32
	for i := range buffers {
		a.in[i], a.out[i] = p.take(target.UB, in), p.take(target.UB, out)
	}
	a.half, a.wide = p.take(target.UB, in*p.half), p.take(target.UB, in*p.wide)
	a.acc, a.res = p.take(target.UB, out*p.wide), p.take(target.UB, 2*min(out, maxTile))
	if p.before != nil {
		used := p.used
		for _, c := range cores {
			p.used = used
			p.before(c, b.y*p.win.OutW*32, out)
			c.then(target.PipeMTE2, target.PipeV, min(7, p.desc.Flags-1))
		}
	}
	return a
}

// pipelined does a band of every plane on so many cores from one on.
func (p *pool) pipelined(b band, from, cores int) {
	planes := p.x.Dims[0] * p.x.C1()
	on := p.vectors[from : from+min(cores, planes)]
	a := p.places(b, b.n*p.win.W*32, 2, on)
	divide(planes, len(on), func(core, first, count int) {
		p.pipeline(on[core], count,
			func(c *code, buf int, i index) { p.load(c, b, i.plus(first), a.in[buf]) },
			func(c *code, buf int, _ index) {
				p.clearSums(c, b, a.acc)
				p.taps(c, b, a, buf)
				p.results(c, b, a, buf)
			},
			func(c *code, buf int, i index) { p.store(c, b, i.plus(first), a.out[buf]) })
	})
}

// stepwise does one output row of every plane, some kernel rows at a time.
func (p *pool) stepwise(y, rows int) {
	w := &p.win
	most := 0
	for k0 := 0; k0 < w.KH; k0 += rows {
		most = max(most, p.band(y, 1, k0, min(k0+rows, w.KH)).n)
	}
	whole := p.band(y, 1, 0, w.KH)
	a := p.places(whole, most*w.W*32, 1, p.vectors[:1])
	p.vector.loop(p.x.Dims[0]*p.x.C1(), func(c *code, i index) {
		p.clearSums(c, whole, a.acc)
		for k0 := 0; k0 < w.KH; k0 += rows {
			b := p.band(y, 1, k0, min(k0+rows, w.KH))
			p.load(c, b, i, a.in[0])
			c.then(target.PipeMTE2, target.PipeV, 0)
			p.taps(c, b, a, 0)
			c.emit(&target.PipeBarrier{On: target.PipeAll})
		}
		p.results(c, whole, a, 0)
		c.then(target.PipeV, target.PipeMTE3, 0)
		p.store(c, whole, i, a.out[0])
		c.emit(&target.PipeBarrier{On: target.PipeAll})
	})
}

func (p *pool) load(c *code, b band, i index, ub int) {
	n := b.n * p.win.W
	c.emit(&target.DataCopy{Dst: target.At(target.UB, ub), Src: i.at(target.In(p.x.Sym, b.first*p.win.W*32), p.x.Plane()), Count: 1, Len: n})
}

func (p *pool) store(c *code, b band, i index, ub int) {
	n := b.h * p.win.OutW
	c.emit(&target.DataCopy{Dst: i.at(target.In(p.y.Sym, b.y*p.win.OutW*32), p.y.Plane()), Src: target.At(target.UB, ub), Count: 1, Len: n})
}

// chunks calls f for parts of at most maxTile of n elements.
func chunks(n int, f func(at, n int)) {
	for at := 0; at < n; at += maxTile {
		f(at, min(maxTile, n-at))
	}
}

func (p *pool) clearSums(c *code, b band, acc int) {
	chunks(b.h*p.win.OutW*32, func(at, n int) {
		c.emit(&target.VDup{Type: p.typ, Dst: target.V(acc + at*p.wide), Imm: p.start, Rep: reps(n, 256/p.wide)})
	})
}

// taps widens a band's codes and takes every kernel position into the results so far.
func (p *pool) taps(c *code, b band, a places, buf int) {
	w := &p.win
	chunks(b.n*w.W*32, func(at, n int) { p.widen(c, n, a.in[buf]+at, a.half+at*p.half, a.wide+at*p.wide) })
	pixel := 32 * p.wide
	for ky := b.k0; ky < b.k1; ky++ {
		// Output rows oy0..oy1-1 have this kernel row inside the image, columns ox0..ox1-1 the kernel column.
		oy0, oy1 := inside(b.y, b.y+b.h, w.SH, w.Top-ky*w.DH, w.H)
		for kx := range w.KW {
			ox0, ox1 := inside(0, w.OutW, w.SW, w.Left-kx*w.DW, w.W)
			if oy0 >= oy1 || ox0 >= ox1 {
				continue
			}
			dst := a.acc + ((oy0-b.y)*w.OutW+ox0)*pixel
			src := a.wide + ((oy0*w.SH-w.Top+ky*w.DH-b.first)*w.W+ox0*w.SW-w.Left+kx*w.DW)*pixel
			c.loop(oy1-oy0, func(c *code, i index) {
				p.row(c, ox1-ox0, i.vat(target.V(dst), w.OutW*pixel), i.vat(target.V(src), w.SH*w.W*pixel))
			})
		}
	}
}

// inside is the part of from..to-1 whose positions o*stride-before lie in 0..size-1.
func inside(from, to, stride, before, size int) (int, int) {
	if before > 0 {
		from = max(from, cd(before, stride))
	}
	last := size - 1 + before
	if last < 0 {
		return 0, 0
	}
	return from, min(to, last/stride+1)
}

// row combines n pixels, those of the source SW pixels apart.
func (p *pool) row(c *code, n int, dst, src target.VAddr) {
	lanes, pixel := 256/p.wide, 32*p.wide
	emit := func(d, s target.VAddr, r target.Rep) {
		c.emit(&target.VBin{Op: p.op, Type: p.typ, Dst: d, A: d, B: s, Rep: r})
	}
	step := p.win.SW
	if n == 1 || step == 1 {
		for at := 0; at < n*32; at += 255 * lanes {
			emit(dst.Plus(at*p.wide), src.Plus(at*p.wide), reps(min(255*lanes, n*32-at), lanes))
		}
		return
	}
	// Blocks of 32 bytes of eight pixels at a time; the repeat stride of the source may not be large enough for more.
	most := 8 * 255
	if 8*p.wide*step > 255 {
		most = 8
	}
	for at := 0; at < n; at += most {
		m := min(most, n-at)
		for part := range p.wide {
			d := dst.Plus(at*pixel+32*part).Strides(p.wide, 8*p.wide)
			s := src.Plus(at*step*pixel+32*part).Strides(p.wide*step, min(8*p.wide*step, 255))
			emit(d, s, reps(m*32/p.wide, lanes))
		}
	}
}

func (p *pool) results(c *code, b band, a places, buf int) {
	chunks(b.h*p.win.OutW*32, func(at, n int) { p.finish(c, n, at, a.acc+at*p.wide, a.res, a.out[buf]+at) })
}
