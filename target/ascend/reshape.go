package ascend

import "github.com/amctc/amctc/target"

// lowerReshape gives codes another shape: only the way between NC1HWC0 and row-major moves bytes.
func lowerReshape(k *kernel) {
	x, y := k.in(0), k.out()
	switch {
	case x.Layout == target.ND && y.Layout == target.ND:
		if !k.shares(x) {
			k.move(box{y.Sym, 0, []int{1}}, box{x.Sym, 0, []int{1}}, []int{y.Elems()})
		}
	case y.Layout == target.ND:
		k.toND(x, y.Sym)
	case x.Layout == target.ND:
		k.fromND(x.Sym, y)
	default:
		nd := k.scratch("nd", target.S8, target.ND, x.Dims...)
		k.toND(x, nd)
		k.phase()
		k.fromND(nd, y)
	}
}
