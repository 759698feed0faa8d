package ascend

import "github.com/amctc/amctc/target"

// A strip is a run of elements in global memory, side by side.
type strip struct {
	Addr target.Addr
	Size int // bytes of an element
}

// all is a tensor's whole image as a strip: the elements beyond the channels of an NC1HWC0 image included.
func (t tensorGM) strip() strip { return strip{target.In(t.Sym, 0), t.Type.Size()} }

// length is the number of elements of the image, those beyond the channels included.
func (t tensorGM) length() int { return t.Bytes() / t.Type.Size() }

// maxTile is the most elements of a tile: whole repeats of 16- and 32-bit lanes, so that one instruction covers it.
const maxTile = 255 * 64 / 128 * 128

// leastTile is the fewest elements that are worth another core.
const leastTile = 1024

// elementwise runs compute over n elements of the inputs, tile by tile, through the unified buffer, with two buffers for every input and the output: while
// the vector unit works on one tile, the next comes in and the last goes out. compute gets the number of elements of a tile, where the inputs' elements lie in
// UB, where to put the results, and work bytes of its own per element (32 B aligned). It runs on pipe V only; before it, the inputs are there; instructions
// of pipe V follow each other in order.
func (k *kernel) elementwise(n int, ins []strip, out strip, work int, compute func(c *code, n int, in []int, out, work int)) {
	k.pattern()
	perElem := work + 2*out.Size
	for _, s := range ins {
		perElem += 2 * s.Size
	}
	slack := 32 * (2*len(ins) + 3)
	tile := min(maxTile, (k.room(target.UB)-slack)/perElem/128*128)
	if tile < 128 {
		k.fail(codeBuffer, "128 elements need %d bytes of UB, %d are left", 128*perElem+slack, k.room(target.UB))
	}
	cores := len(k.vectors)
	if a := out.Addr.Off; a.Base%32 != 0 || len(a.Terms) > 0 { // a block of 32 bytes is one core's
		cores = 1
	}
	if cores > 1 {
		tile = min(tile, max(leastTile, up(cd(n, cores), 128)))
	}
	tile = min(tile, up(n, 128))
	var in [2][]int
	var res [2]int
	for b := range 2 {
		for _, s := range ins {
			in[b] = append(in[b], k.take(target.UB, up(tile*s.Size, 32)))
		}
		res[b] = k.take(target.UB, up(tile*out.Size, 32))
	}
	own := k.take(target.UB, up(tile*work, 32))
	part := func(c *code, first, tiles, m int) {
		k.pipeline(c, tiles,
			func(c *code, b int, i index) {
				for j, s := range ins {
					c.emit(&target.PadCopy{Dst: target.At(target.UB, in[b][j]), Src: i.at(s.Addr.Plus(first*s.Size), m*s.Size), Type: target.S8, Count: 1, Len: m * s.Size})
				}
			},
			func(c *code, b int, _ index) { compute(c, m, in[b], res[b], own) },
			func(c *code, b int, i index) {
				c.emit(&target.PadCopy{Dst: i.at(out.Addr.Plus(first*out.Size), m*out.Size), Src: target.At(target.UB, res[b]), Type: target.S8, Count: 1, Len: m * out.Size})
			})
	}
	whole := n / tile
	divide(cd(n, tile), cores, func(core, first, count int) {
		c := k.vectors[core]
		if k.before != nil {
			k.before(c)
		}
		part(c, first*tile, min(count, whole-first), tile)
		if rest := n % tile; rest > 0 && first+count > whole {
			part(c, whole*tile, 1, rest)
		}
	})
}

// pipeline runs n tiles through load (MTE2), compute (V) and store (MTE3) with two buffers: tile i uses buffer i mod 2. A stage may touch its
// buffer of the two, and global memory that no other tile writes. The stages get the buffer and the number of the tile.
// It uses flags 0 and 1 of the pairs MTE2-V, V-MTE2, V-MTE3 and MTE3-V and leaves all clear and the core drained.
func (k *kernel) pipeline(c *code, n int, load, compute, store func(c *code, buf int, i index)) {
	const mte2, v, mte3 = target.PipeMTE2, target.PipeV, target.PipeMTE3
	alternate(c, n, [][2]target.Pipe{{v, mte2}, {mte3, v}}, func(c *code, b int, i index) {
		c.wait(v, mte2, b)
		load(c, b, i)
		c.then(mte2, v, b)
		c.wait(mte3, v, b)
		compute(c, b, i)
		c.set(v, mte2, b)
		c.then(v, mte3, b)
		store(c, b, i)
		c.set(mte3, v, b)
	})
}

// alternate runs n tiles with buffers 0 and 1 in turn. Flag b of each pair in free says that buffer b is free again: it is set before the first tile and
// consumed after the last; a tile waits for it and sets it. The core is drained at the end, so that the flags may be set again.
func alternate(c *code, n int, free [][2]target.Pipe, tile func(c *code, b int, i index)) {
	if n < 1 {
		return
	}
	buffers := min(2, n)
	for b := range buffers {
		for _, p := range free {
			c.set(p[0], p[1], b)
		}
	}
	c.loop(n/2, func(c *code, i index) {
		tile(c, 0, i.times(2))
		tile(c, 1, i.times(2).plus(1))
	})
	if n%2 == 1 {
		tile(c, 0, number(n-1))
	}
	for b := range buffers {
		for _, p := range free {
			c.wait(p[0], p[1], b)
		}
	}
	c.emit(&target.PipeBarrier{On: target.PipeAll})
}
