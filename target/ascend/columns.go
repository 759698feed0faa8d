package ascend

import "github.com/amctc/amctc/target"

// A columnPass takes matrices of numbers of 4 bytes, element by element and with constants for each column, to a matrix of results. The cores divide the rows.
type columnPass struct {
	rows, cols int
	from       []string // symbols of the matrices
	constants  []columnConstants
	out        string // symbol of the results
	size       int    // bytes of one
	work       int    // numbers of 4 bytes for each element that compute has for itself

	// compute finds n results on pipe V. The numbers of each matrix, its constants and its own numbers lie in UB.
	compute func(c *code, n int, in []int, with []target.VAddr, out int, work []int)
}

// columnConstants are constants of 4 bytes, one for each column; bytes are those of a run of columns, all of it so many times.
type columnConstants struct {
	name  string
	typ   target.Type
	bytes func(first, end, times int) []byte
}

func floatsOfColumns(name string, v []float32) columnConstants {
	return columnConstants{name, target.F32, func(first, end, times int) []byte { return bytesF32(repeat(v[first:end], times)) }}
}

func intsOfColumns(name string, v []int32) columnConstants {
	return columnConstants{name, target.S32, func(first, end, times int) []byte { return bytesS32(repeat(v[first:end], times)) }}
}

// widestPass is the most elements of a tile; a multiple of 64.
const widestPass = 8128

// columns runs the pass.
func (k *kernel) columns(p *columnPass) {
	perElem := 4*len(p.constants) + 2*4*len(p.from) + 2*p.size + 4*p.work
	buffers := len(p.constants) + 2*len(p.from) + 2 + p.work
	widest := min(widestPass, (k.room(target.UB)-32*buffers)/perElem/64*64)
	unit := blockUnit(p.cols * p.size) // rows
	for first := 0; first < p.cols; first += widest {
		width := min(widest, p.cols-first)
		deep := 1 // rows of a tile; several only where they are contiguous
		if width == p.cols {
			deep = max(1, min(p.rows, widest/p.cols))
		}
		if share := up(cd(p.rows, len(k.vectors)), unit); deep > share && share*width >= leastTile {
			deep = share
		}
		if deep > unit {
			deep -= deep % unit
		} else {
			for unit%deep != 0 { // a power of two
				deep--
			}
		}
		k.free()
		k.columnTiles(p, first, width, deep, max(1, unit/deep))
	}
}

// columnTiles runs the pass over width columns from first on, tiles of deep rows; a core takes a multiple of together tiles, whose results are whole blocks.
func (k *kernel) columnTiles(p *columnPass, first, width, deep, together int) {
	n := deep * width
	type held struct {
		sym string
		at  int
	}
	var constants []held
	var with []target.VAddr
	for _, x := range p.constants {
		h := held{k.data(x.name, x.typ, target.ND, []int{n}, x.bytes(first, first+width, deep)), k.take(target.UB, 4*n)}
		constants, with = append(constants, h), append(with, target.V(h.at))
	}
	var in [2][]int
	var res [2]int
	for b := range 2 {
		for range p.from {
			in[b] = append(in[b], k.take(target.UB, 4*n))
		}
		res[b] = k.take(target.UB, p.size*n)
	}
	var work []int
	for range p.work {
		work = append(work, k.take(target.UB, 4*n))
	}
	tiles := func(c *code, from, count, n int) {
		at := from*deep*p.cols + first
		k.pipeline(c, count,
			func(c *code, b int, i index) {
				for j, sym := range p.from {
					c.emit(&target.PadCopy{Dst: target.At(target.UB, in[b][j]), Src: i.at(target.In(sym, 4*at), 4*deep*p.cols), Type: target.F32, Count: 1, Len: 4 * n})
				}
			},
			func(c *code, b int, _ index) { p.compute(c, n, in[b], with, res[b], work) },
			func(c *code, b int, i index) {
				c.emit(&target.PadCopy{Dst: i.at(target.In(p.out, p.size*at), p.size*deep*p.cols), Src: target.At(target.UB, res[b]), Type: target.S8, Count: 1, Len: p.size * n})
			})
	}
	all, whole := cd(p.rows, deep), p.rows/deep
	divide(cd(all, together), len(k.vectors), func(core, group, groups int) {
		c, from := k.vectors[core], group*together
		count := min(groups*together, all-from)
		for _, h := range constants {
			c.emit(&target.PadCopy{Dst: target.At(target.UB, h.at), Src: target.In(h.sym, 0), Type: target.F32, Count: 1, Len: 4 * n})
		}
		tiles(c, from, min(count, whole-from), n)
		if from+count > whole {
			tiles(c, whole, 1, p.rows%deep*p.cols)
		}
	})
}

func repeat[T any](v []T, n int) []T {
	out := make([]T, 0, n*len(v))
	for range n {
		out = append(out, v...)
	}
	return out
}
