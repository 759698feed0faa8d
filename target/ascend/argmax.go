package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// The index of the greatest code of a line. No instruction gives an index, but the greatest of numbers that hold code and index does: code q at index i
// becomes the float32 W*q + (W-1-i), W a power of two above all indices, so that of equal codes the first has the greatest number; W*q + i for the
// last, and -q for the least. All of these are whole and below 2^24, so exact.

// largestLine is the most codes of a line whose numbers are exact; also fits one instruction.
const largestLine = maxTile

// A lineRows is the lines of a tensor as rows of codes: row r of sample s begins at byte s*sampleStep + r*rowStep of the symbol and has parts pieces of
// width codes, partStep bytes apart.
type lineRows struct {
	sym                           string
	samples, rows                 int
	sampleStep, rowStep, partStep int
	parts, width                  int
}

// ranksCodes says whether the vector core of the part finds the index of the greatest of the codes of lines of n.
func (k *kernel) ranksCodes(n int) bool {
	return n <= largestLine && k.desc.VecOp("vreduce.whole", target.F32) != nil && k.desc.VecOp("vreduce.block", target.F32) != nil && k.desc.VecOp("vgather", target.S32) != nil &&
		k.desc.Cast(target.F32, target.S32) != nil && k.desc.Cast(target.S32, target.F32) != nil && argMaxRoom(laneCount(n), 1) <= k.room(target.UB)
}

// laneCount is the lanes that a line of n codes takes: half a repeat of float32, or whole ones.
func laneCount(n int) int {
	if n <= 32 {
		return 32
	}
	return up(n, 64)
}

// argMaxRoom is the bytes of UB that rows of so many lanes take.
func argMaxRoom(lanes, rows int) int {
	return 4*lanes + rows*(4*lanes+8+16+8) + numbersRoom(lanes, rows) + 8*cd(lanes, 64) + 3*256 + 12*32
}

// numbersRoom is the bytes of UB that the numbers of rows take: those of several rows in whole eights, because an instruction counts as if it used all of a repeat.
func numbersRoom(lanes, rows int) int {
	if rows > 1 {
		rows = up(rows, 8)
	}
	return 4 * up(lanes*rows, 64)
}

// argMax finds indices along the node's axis on the vector cores.
func (k *kernel) argMax(x tensorGM) {
	axis := k.node.Int("axis")
	n := x.Dims[axis]
	if x.Layout == target.NC1HWC0 && axis == 1 {
		l := lineRows{sym: x.Sym, samples: x.Dims[0], rows: x.Dims[2] * x.Dims[3], sampleStep: x.C1() * x.Plane(), rowStep: 32, partStep: x.Plane(), parts: x.C1(), width: 32}
		if x.C1() == 1 { // pixels of all samples follow each other
			l.samples, l.rows = 1, l.samples*l.rows
		}
		k.indices(l, n)
		return
	}
	sym := k.rowMajor(x, "x")
	if inner := tensor.Elems(x.Dims[axis+1:]); inner > 1 { // the axis becomes the last
		dims := []int{x.Elems() / n / inner, inner, n}
		lines := k.scratch("lines", x.Type, target.ND, dims...)
		k.move(box{lines, 0, tensor.Strides(dims)}, box{sym, 0, []int{n * inner, 1, inner}}, dims)
		k.phase()
		sym = lines
	}
	k.indices(lineRows{sym: sym, samples: 1, rows: x.Elems() / n, rowStep: n, parts: 1, width: n}, n)
}

// indices writes the index of the greatest or least of n codes of every row to the result, as int64.
func (k *kernel) indices(l lineRows, n int) {
	last, sign := k.node.Bool("last"), float32(1)
	if k.node.Bool("least") {
		sign = -1
	}
	lanes, w := laneCount(n), 1
	for w < n {
		w *= 2
	}
	// What a lane adds to its number. Lanes behind the line lose whatever they hold.
	low := slices.Repeat([]float32{float32(-512 * w)}, lanes)
	for i := range n {
		low[i] = float32(w - 1 - i)
		if last {
			low[i] = float32(i)
		}
	}
	deep := 1 // rows of a tile
	for deep < min(k.deepest(lanes), l.rows) && argMaxRoom(lanes, deep+1) <= k.room(target.UB) {
		deep++
	}
	// An index and a zero make an int64: the zero lies before the indices.
	pairs := make([]int32, 2*deep)
	for i := range deep {
		pairs[2*i] = int32(32 + 4*i)
	}
	lowSym, pairSym := k.data("low", target.F32, target.ND, []int{lanes}, bytesF32(low)), k.data("pairs", target.S32, target.ND, []int{2 * deep}, bytesS32(pairs))
	lowAt, pairAt := k.take(target.UB, 4*lanes), k.take(target.UB, 8*deep)
	var in, out [2]int
	for b := range in {
		in[b], out[b] = k.take(target.UB, lanes*deep), k.take(target.UB, 8*deep)
	}
	half, numbers := k.take(target.UB, 2*lanes*deep), k.take(target.UB, numbersRoom(lanes, deep))
	most, spare := k.take(target.UB, up(4*max(deep, cd(lanes, 64)), 256)), k.take(target.UB, up(4*cd(lanes, 64), 256))
	zero := k.take(target.UB, 32+4*deep)

	compute := func(c *code, b, rows int) {
		all, r := rows*lanes, reps(rows, 64)
		f, m, q := target.V(numbers), target.V(most), target.V(zero+32)
		c.emit(
			&target.VCast{To: target.F16, From: target.S8, Dst: target.V(half), A: target.V(in[b]).Strides(1, 4), Rep: reps(all, 128)},
			&target.VCast{To: target.F32, From: target.F16, Dst: f, A: target.V(half).Strides(1, 4), Rep: reps(all, 64)},
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: f, A: f, Imm: target.ImmF32(float32(sign * float32(w))), Rep: reps(all, 64)})
		k.greatest(c, rows, lanes, numbers, lowAt, most, spare)
		c.emit(
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: q, A: m, Imm: target.ImmF32(1 / float32(w)), Rep: r}, // exact: w is a power of two
			&target.VCast{To: target.S32, From: target.F32, Round: target.RoundFloor, Dst: q, A: q, Rep: r},
			&target.VCast{To: target.F32, From: target.S32, Round: k.round(target.S32, target.F32), Dst: q, A: q, Rep: r},
			&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: q, A: q, Imm: target.ImmF32(-float32(w)), Rep: r},
			&target.VBin{Op: target.VAdd, Type: target.F32, Dst: q, A: m, B: q, Rep: r})
		if !last {
			c.emit(
				&target.VScalar{Op: target.VMuls, Type: target.F32, Dst: q, A: q, Imm: target.ImmF32(-1), Rep: r},
				&target.VScalar{Op: target.VAdds, Type: target.F32, Dst: q, A: q, Imm: target.ImmF32(float32(w - 1)), Rep: r})
		}
		c.emit(
			&target.VCast{To: target.S32, From: target.F32, Round: target.RoundRint, Dst: q, A: q, Rep: r},
			&target.VGather{Type: target.S32, Dst: target.At(target.UB, out[b]), Src: target.At(target.UB, zero), Offs: target.At(target.UB, pairAt), Count: 2 * rows})
	}
	load := func(c *code, b int, sample, row index, rows int) {
		at := row.at(sample.at(target.In(l.sym, 0), l.sampleStep), l.rowStep)
		for i := range l.parts {
			c.emit(&target.PadCopy{Dst: target.At(target.UB, in[b]+i*l.width), Src: at.Plus(i * l.partStep), Type: target.S8, Count: rows, Len: l.width,
				SrcGap: l.rowStep - l.width, DstGap: lanes/32 - cd(l.width, 32)})
		}
	}
	store := func(c *code, b int, sample, row index, rows int) {
		at := row.at(sample.at(target.In(k.out().Sym, 0), 8*l.rows), 8)
		c.emit(&target.PadCopy{Dst: at, Src: target.At(target.UB, out[b]), Type: target.S8, Count: 1, Len: 8 * rows})
	}
	together := 1
	if l.samples > 1 {
		together = blockUnit(8 * l.rows)
	}
	unit := 4 // rows whose indices fill a block of 32 bytes
	if together > 1 {
		unit = l.rows
	}
	k.divide3([3]int{cd(l.samples, together), cd(l.rows, unit), 1}, func(most [3]int) int { return most[0] * together * cd(most[1]*unit, deep) }, func(c *code, first, count [3]int) {
		c.emit(
			&target.PadCopy{Dst: target.At(target.UB, lowAt), Src: target.In(lowSym, 0), Type: target.F32, Count: 1, Len: 4 * lanes},
			&target.PadCopy{Dst: target.At(target.UB, pairAt), Src: target.In(pairSym, 0), Type: target.S32, Count: 1, Len: 8 * deep})
		k.clear(c, zero, 32)
		if l.parts*up(l.width, 32) < lanes { // no copy writes the last lanes
			k.clear(c, in[0], lanes*deep)
			k.clear(c, in[1], lanes*deep)
		}
		sample, row := first[0]*together, first[1]*unit
		rows := min(count[1]*unit, l.rows-row)
		c.loop(min(count[0]*together, l.samples-sample), func(c *code, s index) {
			s = s.plus(sample)
			part := func(row, n, tiles int) {
				k.pipeline(c, tiles,
					func(c *code, b int, i index) { load(c, b, s, i.times(n).plus(row), n) },
					func(c *code, b int, _ index) { compute(c, b, n) },
					func(c *code, b int, i index) { store(c, b, s, i.times(n).plus(row), n) })
			}
			part(row, deep, rows/deep)
			if rest := rows % deep; rest > 0 {
				part(row+rows-rest, rest, 1)
			}
		})
	})
}

// deepest is how many rows of so many lanes one instruction of greatest takes.
func (k *kernel) deepest(lanes int) int {
	most, _ := k.desc.Limit("vec.rep")
	switch {
	case lanes <= most:
		return maxTile / lanes
	case lanes/8 <= most:
		return min(255, maxTile/lanes)
	}
	return 1
}

// greatest adds to each of rows rows of lanes numbers at f what its lanes add, and writes the greatest of every row to most. The numbers are overwritten; spare is
// room for one in 64 of a row.
//
// Several rows are reduced side by side, part after part: blocks of 8 lanes of 8 rows in a repeat while the rows lie close enough for that, or 64 lanes of a row in
// a repeat. One row is reduced lane by lane.
func (k *kernel) greatest(c *code, rows, lanes, f, low, most, spare int) {
	if rows == 1 {
		v := target.V(f)
		c.emit(&target.VBin{Op: target.VAdd, Type: target.F32, Dst: v, A: v, B: target.V(low), Rep: reps(lanes, 64)})
		counts := []int{lanes}
		for n := lanes; n > 1; {
			n = cd(n, 64)
			counts = append(counts, n)
		}
		for i, n := range counts[:len(counts)-1] {
			to := [2]int{most, spare}[(len(counts)-i)%2] // the last goes to most
			c.emit(&target.VRed{Op: target.RedMax, Whole: true, Type: target.F32, Dst: target.At(target.UB, to), A: v, Rep: reps(n, 64)})
			v = target.V(to)
		}
		return
	}
	wide, r, all, add := 64, target.Rep{Repeat: rows}, target.V(f).Strides(1, lanes/8), target.V(low).Strides(1, 0)
	if most, _ := k.desc.Limit("vec.rep"); lanes <= most {
		wide, r, all, add = 8, reps(8*rows, 64), target.V(f).Strides(lanes/8, lanes), target.V(low).Strides(0, 0)
	}
	for at := 0; at < lanes; at += wide {
		part := all.Plus(4 * at)
		c.emit(&target.VBin{Op: target.VAdd, Type: target.F32, Dst: part, A: part, B: add.Plus(4 * at), Rep: r})
		if at > 0 {
			c.emit(&target.VBin{Op: target.VMax, Type: target.F32, Dst: all, A: all, B: part, Rep: r})
		}
	}
	c.emit(&target.VRed{Op: target.RedMax, Whole: wide == 64, Type: target.F32, Dst: target.At(target.UB, most), A: all, Rep: r})
}
