package ascend

import (
	"github.com/amctc/amctc/target"
)

// A vectorDrain takes sums from L0C to global memory on a fused core without Fixpipe, as the Fixpipe would: the vector unit copies fractals to UB, adds the
// bias, which such a cube has no table for, converts to float32, multiplies, and clips and rounds to codes. A float32 result is stored as it is then.
//
// L0C has 16 columns of s32 side by side, an image 32 codes: two column blocks become one while float32 is narrowed to half.
type vectorDrain struct {
	*worker
	columns, factors string    // constants in global memory, one repeat of the vector unit for each 16 columns: bias s32, factor f32
	keep             [3]string // constants of shifted sums, as many; none otherwise
	keepAt           [2][3]int
	biasAt, factorAt [2]int // where those of a column tile are in UB, by turn
	turn             int    // of the column tile
	tile, rows       int    // sums in UB at a time at most, and rows of them
	raw, wide, work  int    // UB: fractals; float32; room for conversions
	half             int    // halves
	out              [2]int // results
	turnOut          int
}

// The flags of the drain. Free flags are set while nobody works.
const (
	flagColumns = 0 // and 1: MTE2-V bias and factors of a column tile are in UB, V-MTE2 they may be replaced
	flagOut     = 0 // and 1: V-MTE3 a buffer of results is full, MTE3-V it is free
)

// The most and the fewest sums in UB at a time. A tile has at least 32 columns and 16 rows.
const (
	drainMost  = 8192
	drainLeast = 512
)

// vectorDrain lays out UB and the constants for a section.
func (w *worker) vectorDrain() *vectorDrain {
	d := &vectorDrain{worker: w}
	a, s := w.acc, w.s
	factor := a.factor
	if a.scale != nil {
		factor = a.scale
	}
	total := s.count * s.n
	bias, m := make([]int32, 0, 4*total), make([]float32, 0, 4*total)
	for from := 0; from < total; from += 16 {
		for range 4 { // a repeat is four rows of 16 columns
			for i := range 16 {
				bias = append(bias, pick(a.bias, s.from+from+i, 0))
				m = append(m, pick(factor, s.from+from+i, factor[0]))
			}
		}
	}
	var keep [3][]int32
	if a.keep.mask != nil {
		for from := 0; from < total; from += 16 {
			for i, list := range a.keep.lists() {
				for j := range 64 {
					keep[i] = append(keep[i], pick(list, s.from+from+j%16, list[0]))
				}
			}
		}
	}
	w.pattern()
	each := 16 * s.n
	for b := range min(2, s.count) {
		if !a.zero {
			d.biasAt[b] = w.take(target.UB, each)
		}
		d.factorAt[b] = w.take(target.UB, each)
		for i := range keep {
			if keep[i] != nil {
				d.keepAt[b][i] = w.take(target.UB, each)
			}
		}
	}
	if !a.zero {
		d.columns = w.shared("b", 0, s, func() string { return w.data("b", target.S32, target.ND, []int{len(bias)}, bytesS32(bias)) })
	}
	for i, list := range keep {
		if list != nil {
			d.keep[i] = w.shared("n", i, s, func() string { return w.data("n", target.S32, target.ND, []int{len(list)}, bytesS32(list)) })
		}
	}
	d.factors = w.shared("m", 0, s, func() string { return w.data("m", target.F32, target.ND, []int{len(m)}, bytesF32(m)) })
	size := 4
	if a.code != nil {
		size = 1
	}
	widen := w.widenRoom(a.bound)
	need := func(tile int) int { return 12*tile + widen*tile/2 }
	tile := drainMost
	for tile > drainLeast && need(tile) > w.room(target.UB) {
		tile /= 2
	}
	d.tile, d.rows = tile, tile/32
	tile = min(tile, s.n*up(w.plan.rows, 16))
	d.raw = w.take(target.UB, 4*tile)
	if widen > 0 { // for 16 columns
		d.work = w.take(target.UB, widen*tile/2)
	}
	if a.code != nil {
		d.wide, d.half = w.take(target.UB, 4*tile), w.take(target.UB, 2*tile)
	}
	for b := range d.out {
		d.out[b] = w.take(target.UB, size*tile)
	}
	return d
}

// begin brings bias and factors of column tile i to UB.
func (d *vectorDrain) begin(c *code, i index, turn int) {
	d.turn = turn
	n := 16 * d.s.n
	c.wait(target.PipeV, target.PipeMTE2, flagColumns+turn)
	if d.columns != "" {
		c.emit(&target.DataCopy{Dst: target.At(target.UB, d.biasAt[turn]), Src: i.at(target.In(d.columns, 0), n), Count: 1, Len: n / 32})
	}
	c.emit(&target.DataCopy{Dst: target.At(target.UB, d.factorAt[turn]), Src: i.at(target.In(d.factors, 0), n), Count: 1, Len: n / 32})
	for j, sym := range d.keep {
		if sym != "" {
			c.emit(&target.DataCopy{Dst: target.At(target.UB, d.keepAt[turn][j]), Src: i.at(target.In(sym, 0), n), Count: 1, Len: n / 32})
		}
	}
	c.then(target.PipeMTE2, target.PipeV, flagColumns+turn)
}

// empty does what f describes: a block of L0C goes where its destination says.
func (d *vectorDrain) empty(c *code, f *target.Fixpipe) {
	for row := 0; row < f.M; row += d.rows {
		rows := min(d.rows, f.M-row)
		columns := min(d.s.n, d.tile/up(rows, 16)/32*32)
		for col := 0; col < d.s.n; col += columns {
			d.part(c, f, row, rows, col, min(columns, d.s.n-col))
		}
	}
}

// part does rows and columns of a block; columns are multiples of 32 from a multiple of 32 on.
func (d *vectorDrain) part(c *code, f *target.Fixpipe, row, rows, col, columns int) {
	const v, mte3 = target.PipeV, target.PipeMTE3
	b := d.turnOut
	d.turnOut = 1 - b
	deep, blocks := up(rows, 16), columns/16
	n := rows * columns
	c.emit(&target.DataCopy{Dst: target.At(target.UB, d.raw), Src: f.Src.Plus(64 * (col/16*f.SrcStride + row)),
		Count: blocks, Len: deep / 16, SrcGap: 2 * (f.SrcStride - deep)})
	codes := d.acc.code != nil
	at := d.wide
	if !codes {
		at = d.out[b]
		c.wait(mte3, v, flagOut+b)
	}
	r := reps(16*rows, 64)
	for j := range blocks {
		x, y := d.raw+64*deep*j, at+64*rows*j
		params := 256 * (col/16 + j)
		if d.columns != "" {
			c.emit(&target.VBin{Op: target.VAdd, Type: target.S32, Dst: target.V(x), A: target.V(x), B: target.V(d.biasAt[d.turn]+params).Strides(1, 0), Rep: r})
		}
		if d.keep[0] != "" {
			var with [3]target.VAddr
			for i, at := range d.keepAt[d.turn] {
				with[i] = target.V(at+params).Strides(1, 0)
			}
			keepBits(c, 16*rows, target.V(x), with)
		}
		d.floats(c, 16*rows, y, x, d.acc.bound, d.work)
		c.emit(&target.VBin{Op: target.VMul, Type: target.F32, Dst: target.V(y), A: target.V(y), B: target.V(d.factorAt[d.turn]+params).Strides(1, 0), Rep: r})
	}
	if codes {
		q := d.acc.code
		o := q.Offset[0]
		all, wide := reps(n, 64), target.V(d.wide)
		d.least(c, target.F32, wide, target.ImmF32(float32(q.Min-o)), all)
		d.most(c, target.F32, wide, target.ImmF32(float32(q.Max-o)), all)
		d.integral(c, n, d.wide)
		for j := range blocks {
			to := target.V(d.half+64*rows*(j/2)+32*(j%2)).Strides(2, 8)
			c.emit(&target.VCast{To: target.F16, From: target.F32, Round: d.round(target.F32, target.F16), Dst: to, A: target.V(d.wide + 64*rows*j), Rep: r})
		}
		c.wait(mte3, v, flagOut+b)
		d.toCodes(c, n, d.half, d.out[b], q, d.acc.clamp)
	}
	c.then(v, mte3, flagOut+b)
	d.put(c, f, row, rows, col, columns, d.out[b])
	c.set(mte3, v, flagOut+b)
}

// put stores a part's results: as 32 codes a row or 16 float32 a row.
func (d *vectorDrain) put(c *code, f *target.Fixpipe, row, rows, col, columns, from int) {
	if !f.ND { // blocks of 32 channels of an image
		dst := f.Dst.Plus(32 * (col/32*f.DstStride + row))
		blocks, gap := columns/32, f.DstStride-rows
		if limit, ok := d.desc.Limit("datacopy.gap"); blocks == 1 || ok && gap > limit {
			for j := range blocks {
				c.emit(&target.DataCopy{Dst: dst.Plus(32 * j * f.DstStride), Src: target.At(target.UB, from+32*rows*j), Count: 1, Len: rows})
			}
			return
		}
		c.emit(&target.DataCopy{Dst: dst, Src: target.At(target.UB, from), Count: blocks, Len: rows, DstGap: gap})
		return
	}
	typ, width, size := target.S8, 32, 1
	if d.acc.code == nil {
		typ, width, size = target.F32, 16, 4
	}
	for at := 0; at < columns && col+at < d.s.valid; at += width {
		n := size * min(width, d.s.valid-col-at)
		c.emit(&target.PadCopy{Dst: f.Dst.Plus(size * (row*f.DstStride + col + at)), Src: target.At(target.UB, from+size*rows*at), Type: typ,
			Count: rows, Len: n, SrcGap: (size*width - up(n, 32)) / 32, DstGap: size*f.DstStride - n})
	}
}
