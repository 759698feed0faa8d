package ascend

import "github.com/amctc/amctc/target"

// lowerClip clamps codes between the ends of attribute clip.
func lowerClip(k *kernel) {
	x, y := k.in(0), k.out()
	k.clipCodes(x.length(), x.strip(), y.strip(), k.node.Ints("clip"))
}

// clipCodes clamps n codes.
func (k *kernel) clipCodes(n int, x, y strip, clip []int) {
	k.elementwise(n, []strip{x}, y, 2, func(c *code, n int, in []int, out, work int) {
		half := target.V(work)
		r := reps(n, 128)
		c.emit(&target.VCast{To: target.F16, From: target.S8, Dst: half, A: target.V(in[0]).Strides(1, 4), Rep: r})
		k.least(c, target.F16, half, target.ImmF16(float32(clip[0])), r)
		k.most(c, target.F16, half, target.ImmF16(float32(clip[1])), r)
		c.emit(&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: half, Rep: r})
	})
}
