package ascend

import (
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
)

// A table for each channel: the tables of 32 channels lie in UB as float16, one after the other, and the element of lane l adds l tables to
// its offset. So the channels must lie side by side: as they do in the blocks of an image, and in the rows of a matrix. Other tensors become images.

// A laneRows is codes in rows of at most 32 channels side by side: a row is a pixel of an image in a block of its channels, or what a
// row of a matrix has in 32 of its columns. Row r of block b of sample s begins at byte s*sampleStep + b*blockStep + r*rowStep.
type laneRows struct {
	samples, blocks, rows          int
	sampleStep, blockStep, rowStep int
	last                           int  // codes of a row of the last block; the others have 32
	unit                           int  // rows that end where a block of 32 bytes does
	whole                          bool // blocks of channels share no block of 32 bytes
}

// tables looks the codes of each channel up in a table of its own.
func (k *kernel) tables(x, y tensorGM) {
	from, to, dims := x.Sym, y.Sym, x.Dims
	switch {
	case x.Layout == target.NC1HWC0:
		k.lookUpLanes(imageRows(x), from, to)
	case len(dims) == 2:
		k.lookUpLanes(matrixRows(dims[0], dims[1]), from, to)
	default:
		image := tensorGM{Type: target.S8, Layout: target.NC1HWC0, Dims: []int{dims[0], dims[1], 1, tensor.Elems(dims[2:])}}
		image.Sym = k.scratch("x.image", image.Type, image.Layout, image.Dims...)
		k.fromND(from, image)
		k.phase()
		rows, found := imageRows(image), image
		found.Sym = k.scratch("image", image.Type, image.Layout, image.Dims...)
		k.lookUpLanes(rows, image.Sym, found.Sym)
		k.phase()
		k.toND(found, to)
	}
}

func imageRows(t tensorGM) laneRows {
	return laneRows{samples: t.Dims[0], blocks: t.C1(), rows: t.Dims[2] * t.Dims[3],
		sampleStep: t.C1() * t.Plane(), blockStep: t.Plane(), rowStep: 32, last: 32, unit: 1, whole: true}
}

func matrixRows(rows, columns int) laneRows {
	l := laneRows{samples: 1, blocks: cd(columns, 32), rows: rows, blockStep: 32, rowStep: columns, unit: blockUnit(columns)}
	l.last = columns - 32*(l.blocks-1)
	l.whole = l.unit == 1 || rows == 1
	return l
}

// The cycles that a table and a row cost, as far as the division among cores goes by them: the way of 32 tables to UB and their conversion;
// the gather of 32 elements and the passes around it.
const (
	cyclesOfTables = 350
	cyclesOfRow    = 10
)

// lookUpLanes looks the codes of l in symbol from up and writes them to symbol to, where they lie in the same way.
func (k *kernel) lookUpLanes(l laneRows, from, to string) {
	const bytesOfTables = 32 * codesOfTable
	sym := k.data("table", target.S8, target.ND, []int{32 * l.blocks, codesOfTable}, k.node.Operands[1].Const.Data.Bytes())
	offsets := make([]int32, 64)
	for i := range offsets {
		offsets[i] = int32(i % 32 * codesOfTable * 2)
	}
	steps := k.data("lanes", target.S32, target.ND, []int{len(offsets)}, bytesS32(offsets))
	lanes := target.V(k.take(target.UB, 4*len(offsets)))
	halves := k.take(target.UB, 2*bytesOfTables)
	var codes, in, out [2]int
	for b := range codes {
		codes[b] = k.take(target.UB, bytesOfTables)
	}
	tile := min(maxTile, (k.room(target.UB)-5*32)/(4+lookUpRoom)/128*128, up(32*l.rows, 128))
	if tile < 128 {
		k.fail(codeBuffer, "128 elements need %d bytes of UB, %d are left", 128*(4+lookUpRoom)+5*32, k.room(target.UB))
	}
	for b := range in {
		in[b], out[b] = k.take(target.UB, tile), k.take(target.UB, tile)
	}
	work := k.take(target.UB, tile*lookUpRoom)

	loadTables := func(c *code, b int, block index) {
		c.emit(&target.DataCopy{Dst: target.At(target.UB, codes[b]), Src: block.at(target.In(sym, 0), bytesOfTables), Count: 1, Len: bytesOfTables / 32})
	}
	widen := func(c *code, b int) {
		c.emit(&target.VCast{To: target.F16, From: target.S8, Dst: target.V(halves), A: target.V(codes[b]).Strides(1, 4), Rep: reps(bytesOfTables, 128)})
	}
	place := func(sym string, sample, block, row index) target.Addr {
		return row.at(block.at(sample.at(target.In(sym, 0), l.sampleStep), l.blockStep), l.rowStep)
	}
	load := func(c *code, b int, sample, block, row index, n, wide int) {
		p := &target.PadCopy{Dst: target.At(target.UB, in[b]), Src: place(from, sample, block, row), Type: target.S8, Count: n, Len: wide, SrcGap: l.rowStep - wide}
		if l.rowStep == 32 {
			p.Count, p.Len, p.SrcGap = 1, 32*n, 0
		}
		c.emit(p)
	}
	store := func(c *code, b int, sample, block, row index, n, wide int) {
		p := &target.PadCopy{Dst: place(to, sample, block, row), Src: target.At(target.UB, out[b]), Type: target.S8, Count: n, Len: wide, DstGap: l.rowStep - wide}
		if l.rowStep == 32 {
			p.Count, p.Len, p.DstGap = 1, 32*n, 0
		}
		c.emit(p)
	}
	find := func(c *code, b, n int) { k.lookUp(c, 32*n, in[b], out[b], work, halves, &lanes) }
	deep := tile / 32
	run := func(c *code, first, blocks, sample, samples, row, rows, wide int) {
		if samples == 1 && rows <= deep { // blocks are tiles
			k.pipeline(c, blocks,
				func(c *code, b int, i index) {
					loadTables(c, b, i.plus(first))
					load(c, b, number(sample), i.plus(first), number(row), rows, wide)
				},
				func(c *code, b int, _ index) {
					widen(c, b)
					find(c, b, rows)
				},
				func(c *code, b int, i index) { store(c, b, number(sample), i.plus(first), number(row), rows, wide) })
			return
		}
		c.loop(blocks, func(c *code, block index) {
			block = block.plus(first)
			loadTables(c, 0, block)
			c.then(target.PipeMTE2, target.PipeV, 0)
			widen(c, 0)
			c.loop(samples, func(c *code, s index) {
				s = s.plus(sample)
				part := func(row, n, tiles int) {
					k.pipeline(c, tiles,
						func(c *code, b int, i index) { load(c, b, s, block, i.times(n).plus(row), n, wide) },
						func(c *code, b int, _ index) { find(c, b, n) },
						func(c *code, b int, i index) { store(c, b, s, block, i.times(n).plus(row), n, wide) })
				}
				part(row, deep, rows/deep)
				if rest := rows % deep; rest > 0 {
					part(row+rows-rest, rest, 1)
				}
			})
		})
	}
	full := l.blocks
	if l.last < 32 {
		full--
	}
	blocks := l.blocks
	if !l.whole {
		blocks = 1 // of all blocks
	}
	each := l.blocks / blocks
	k.divide3([3]int{blocks, l.samples, cd(l.rows, l.unit)}, func(most [3]int) int {
		return most[0] * each * (cyclesOfTables + most[1]*min(most[2]*l.unit, l.rows)*cyclesOfRow)
	}, func(c *code, first, count [3]int) {
		block, row := first[0]*each, first[2]*l.unit
		blocks, rows := count[0]*each, min(count[2]*l.unit, l.rows-row)
		c.emit(&target.DataCopy{Dst: lanes.Addr, Src: target.In(steps, 0), Count: 1, Len: 4 * len(offsets) / 32})
		run(c, block, min(blocks, full-block), first[1], count[1], row, rows, 32)
		if block+blocks > full {
			run(c, full, 1, first[1], count[1], row, rows, l.last)
		}
	})
}
