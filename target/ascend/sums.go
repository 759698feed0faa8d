package ascend

import "github.com/amctc/amctc/target"

// scaleSums writes float32(float32(sum)*scale[column]) of a rows x len(scale) matrix of int32 sums.
func (k *kernel) scaleSums(sums, out string, rows int, scale []float32) {
	const widest = 8128 // elements of a tile; a multiple of 64
	cols := len(scale)
	for from := 0; from < cols; from += widest {
		width := min(widest, cols-from)
		deep := 1 // rows of a tile; several only where they are contiguous
		if width == cols {
			deep = max(1, min(rows, widest/cols))
		}
		part := k.data("d", target.F32, target.ND, []int{deep * width}, bytesF32(repeat(scale[from:from+width], deep)))
		n := deep * width
		k.free()
		factors := k.take(target.UB, 4*n)
		var in, res [2]int
		for b := range 2 {
			in[b], res[b] = k.take(target.UB, 4*n), k.take(target.UB, 4*n)
		}
		c := k.vector
		c.emit(&target.PadCopy{Dst: target.At(target.UB, factors), Src: target.In(part, 0), Type: target.F32, Count: 1, Len: 4 * n})
		block := func(first, tiles, n int) {
			at := 4 * (first*deep*cols + from)
			k.pipeline(c, tiles,
				func(c *code, b int, i index) {
					c.emit(&target.PadCopy{Dst: target.At(target.UB, in[b]), Src: i.at(target.In(sums, at), 4*deep*cols), Type: target.F32, Count: 1, Len: 4 * n})
				},
				func(c *code, b int, _ index) {
					r := reps(n, 64)
					c.emit(
						&target.VCast{To: target.F32, From: target.S32, Round: target.RoundRint, Dst: target.V(res[b]), A: target.V(in[b]), Rep: r},
						&target.VBin{Op: target.VMul, Type: target.F32, Dst: target.V(res[b]), A: target.V(res[b]), B: target.V(factors), Rep: r})
				},
				func(c *code, b int, i index) {
					c.emit(&target.PadCopy{Dst: i.at(target.In(out, at), 4*deep*cols), Src: target.At(target.UB, res[b]), Type: target.F32, Count: 1, Len: 4 * n})
				})
		}
		block(0, rows/deep, n)
		if rest := rows % deep; rest > 0 {
			block(rows/deep, 1, rest*cols)
		}
	}
}

func repeat[T any](v []T, n int) []T {
	out := make([]T, 0, n*len(v))
	for range n {
		out = append(out, v...)
	}
	return out
}
