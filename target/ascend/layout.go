package ascend

import "github.com/amctc/amctc/target"

// squareTile is the most pixels of a tile that is transposed: 32 rows of that many bytes, in and out, twice, fit any UB; a multiple of 32, and at most 255 squares.
const squareTile = 1408

// fromND writes an NC1HWC0 tensor from the symbol that has its row-major bytes: 32 channels of a strip of pixels at a time become
// pixels of 32 channels by transposing squares. Channels beyond the last become zero.
func (k *kernel) fromND(sym string, y tensorGM) {
	k.transposed(y, 1, true, func(c *code, n, block, pixel index, channels, count, ub, pitch int) {
		plane := y.Dims[2] * y.Dims[3]
		from := pixel.at(block.at(n.at(target.In(sym, 0), y.Dims[1]*plane), 32*plane), 1)
		c.emit(&target.PadCopy{Dst: target.At(target.UB, ub), Src: from, Type: target.S8, Count: channels, Len: count, SrcGap: plane - count})
	}, func(c *code, channels, count, pitch, in, out int) {
		if channels < 32 {
			k.clear(c, in+channels*pitch, (32-channels)*pitch)
		}
		c.emit(&target.VTrans{Type: target.S8, Dst: target.V(out).Strides(1, 32), A: target.V(in).Strides(pitch/32, 1), Repeat: pitch / 32})
	}, func(c *code, n, block, pixel index, channels, count, ub, pitch int) {
		c.emit(&target.DataCopy{Dst: pixel.at(block.at(n.at(target.In(y.Sym, 0), y.C1()*y.Plane()), y.Plane()), 32), Src: target.At(target.UB, ub), Count: 1, Len: count})
	})
}

// toND writes the row-major bytes of an NC1HWC0 tensor to a symbol of as many elements.
func (k *kernel) toND(x tensorGM, sym string) {
	plane, together := x.Dims[2]*x.Dims[3], 1
	if x.Dims[0] > 1 {
		together = blockUnit(x.Dims[1] * plane)
	}
	k.transposed(x, together, plane%32 == 0, func(c *code, n, block, pixel index, channels, count, ub, pitch int) {
		c.emit(&target.DataCopy{Dst: target.At(target.UB, ub), Src: pixel.at(block.at(n.at(target.In(x.Sym, 0), x.C1()*x.Plane()), x.Plane()), 32), Count: 1, Len: count})
	}, func(c *code, channels, count, pitch, in, out int) {
		if count < pitch {
			k.clear(c, in+32*count, 32*(pitch-count))
		}
		c.emit(&target.VTrans{Type: target.S8, Dst: target.V(out).Strides(pitch/32, 1), A: target.V(in).Strides(1, 32), Repeat: pitch / 32})
	}, func(c *code, n, block, pixel index, channels, count, ub, pitch int) {
		plane := x.Dims[2] * x.Dims[3]
		to := pixel.at(block.at(n.at(target.In(sym, 0), x.Dims[1]*plane), 32*plane), 1)
		c.emit(&target.PadCopy{Dst: to, Src: target.At(target.UB, ub), Type: target.S8, Count: channels, Len: count, DstGap: plane - count})
	})
}

// transposed walks an image by samples, strips of pixels and blocks of 32 channels. A strip has count pixels, in rows of pitch bytes. The cores divide the
// samples, so many together as end at a block of 32 bytes of the result, the blocks of channels where each sample ends at one, and with byStrips the
// strips, which are shorter where cores would be idle.
func (k *kernel) transposed(t tensorGM, together int, byStrips bool, load func(c *code, n, block, pixel index, channels, count, ub, pitch int), turn func(c *code, channels, count, pitch, in, out int),
	store func(c *code, n, block, pixel index, channels, count, ub, pitch int)) {
	plane := t.Dims[2] * t.Dims[3]
	strip := squareTile
	blocks, whole := cd(t.Dims[1], 32), t.Dims[1]/32
	if idle := len(k.vectors) / (t.Dims[0] * blocks); byStrips && idle > 1 {
		strip = min(strip, max(leastTile/32, up(cd(plane, idle), 32)))
	}
	size := 32 * up(min(plane, strip), 32)
	var in, out [2]int
	for b := range 2 {
		in[b], out[b] = k.take(target.UB, size), k.take(target.UB, size)
	}
	strips, full := cd(plane, strip), plane/strip
	walk := func(c *code, sample, samples, s0, s1, b0, b1 int) {
		turned := func(c *code, n, pixel index, count int) {
			pitch := up(count, 32)
			part := func(first, blocks, channels int) {
				k.pipeline(c, blocks,
					func(c *code, b int, i index) { load(c, n, i.plus(first), pixel, channels, count, in[b], pitch) },
					func(c *code, b int, _ index) { turn(c, channels, count, pitch, in[b], out[b]) },
					func(c *code, b int, i index) { store(c, n, i.plus(first), pixel, channels, count, out[b], pitch) })
			}
			part(b0, min(b1, whole)-b0, 32)
			if rest := t.Dims[1] % 32; rest > 0 && b1 > whole {
				part(whole, 1, rest)
			}
		}
		c.loop(samples, func(c *code, n index) {
			n = n.plus(sample)
			c.loop(min(s1, full)-s0, func(c *code, i index) { turned(c, n, i.plus(s0).times(strip), strip) })
			if rest := plane % strip; rest > 0 && s1 > full {
				turned(c, n, number(full*strip), rest)
			}
		})
	}
	things := [3]int{cd(t.Dims[0], together), blocks, strips}
	if together > 1 {
		things[1] = 1
	}
	if together > 1 || !byStrips {
		things[2] = 1
	}
	eachBlock, eachStrip := blocks/things[1], strips/things[2]
	k.divide3(things, func(most [3]int) int { return most[0] * most[1] * most[2] }, func(c *code, first, count [3]int) {
		sample := first[0] * together
		walk(c, sample, min(count[0]*together, t.Dims[0]-sample), first[2]*eachStrip, (first[2]+count[2])*eachStrip, first[1]*eachBlock, (first[1]+count[1])*eachBlock)
	})
}

// clear zeroes n bytes of UB, a multiple of 32.
func (k *kernel) clear(c *code, at, n int) {
	for n > 0 {
		part := min(n, 255*256)
		c.emit(&target.VDup{Type: target.S16, Dst: target.V(at), Rep: reps(part/2, 128)})
		at, n = at+part, n-part
	}
}
