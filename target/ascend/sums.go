package ascend

import "github.com/amctc/amctc/target"

// scaleSums writes float32(float32(sum)*scale[column]) of a rows x len(scale) matrix of int32 sums.
func (k *kernel) scaleSums(sums, out string, rows int, scale []float32) {
	k.columns(&columnPass{rows: rows, cols: len(scale), from: []string{sums}, constants: []columnConstants{floatsOfColumns("d", scale)}, out: out, size: 4,
		compute: func(c *code, n int, in []int, with []target.VAddr, out int, _ []int) {
			scaled(c, n, in[0], out, with[0])
		}})
}

// scaled writes float32(float32(sum)*factor) of n int32 sums at x to the place to.
func scaled(c *code, n, x, to int, factor target.VAddr) {
	r := reps(n, 64)
	c.emit(
		&target.VCast{To: target.F32, From: target.S32, Round: target.RoundRint, Dst: target.V(to), A: target.V(x), Rep: r},
		&target.VBin{Op: target.VMul, Type: target.F32, Dst: target.V(to), A: target.V(to), B: factor, Rep: r})
}
