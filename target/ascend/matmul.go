package ascend

import (
	"math"

	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// lowerMatMul is the integer product of two computed matrices. The vector unit turns each second matrix into planes of 32 rows, as an image whose channels
// are its rows is blocked: the form in which weights go to L0B. The cubes divide the products.
func lowerMatMul(k *kernel) {
	x, w, y := k.in(0), k.in(1), k.out()
	last := len(y.Dims) - 2
	rows, inner, outs := y.Dims[last], x.Dims[len(x.Dims)-1], y.Dims[last+1]
	a := &accumulation{outs: outs, per: inner, zero: true, same: true, bound: int64(inner) << 14}
	if y.Type == target.F32 {
		a.scale = repeat([]float32{op.AccScale(x.Scale(), w.Scale())}, outs)
	} else {
		m := op.Multiplier(x.Scale(), w.Scale(), y.Scale())
		a.word, a.factor = []uint64{target.QuantWord(m, int(y.Offset()), true)}, []float32{m}
		k.leave(a, y)
	}
	from := k.rowMajor(x, "x")
	number := w.Elems() / (inner * outs)
	blocked := tensorGM{Type: target.S8, Layout: target.NC1HWC0, Dims: []int{number, inner, 1, outs}}
	// The last column tile reads columns beyond the last.
	size := blocked.Bytes() + 32*31
	blocked.Sym = k.scratch("planes", target.S8, target.ND, size)
	k.fill(blocked.Sym, 0, size)
	k.phase()
	k.fromND(k.rowMajor(w, "w"), blocked)
	k.phase()
	each := func(sym string, size int) {
		var all []*product
		lead := y.Dims[:last]
		walk(lead, matrixStrides(x.Dims, lead), matrixStrides(w.Dims, lead), func(i, ix, iw int) {
			p := k.denseProduct(from, rows, inner, a)
			p.from = ix * rows * inner
			p.moving = &movingWeights{blocked.Sym, iw * blocked.C1() * blocked.Plane(), outs}
			p.at = i * rows * outs
			p.rowsInto(sym, size)
			all = append(all, p)
		})
		runAll(all)
	}
	total := y.Elems()
	if y.Type == target.F32 && !k.fixpipe() {
		each(y.Sym, 4) // scaled on the way out
		return
	}
	if y.Type == target.F32 {
		sums := k.scratch("acc", target.S32, target.ND, total/outs, outs)
		each(sums, 4)
		k.phase()
		k.scaleSums(sums, y.Sym, total/outs, a.scale)
		return
	}
	k.fromRowMajor(func(sym string) {
		if a.clip == nil {
			each(sym, 1)
			return
		}
		raw := k.scratch("raw", target.S8, target.ND, total)
		each(raw, 1)
		k.phase()
		k.clipCodes(total, strip{target.In(raw, 0), 1}, strip{target.In(sym, 0), 1}, a.clip)
	})
}

// matrixStrides are the distances, in matrices, along the dimensions lead of a product for an operand of the given dims; 0 where it is repeated.
func matrixStrides(dims, lead []int) []int {
	out := make([]int, len(lead))
	n := 1
	for i := len(dims) - 3; i >= 0; i-- {
		if dims[i] != 1 {
			out[len(lead)-(len(dims)-2)+i] = n
		}
		n *= dims[i]
	}
	return out
}

// walk calls f for every index of dims with its number and the offsets under two lists of strides.
func walk(dims, sa, sb []int, f func(i, a, b int)) {
	total := 1
	for _, d := range dims {
		total *= d
	}
	for i := range total {
		rest, a, b := i, 0, 0
		for d := len(dims) - 1; d >= 0; d-- {
			at := rest % dims[d]
			rest /= dims[d]
			a, b = a+at*sa[d], b+at*sb[d]
		}
		f(i, a, b)
	}
}

// runAll emits products of one shape, whose results follow each other, on the cubes' streams: so many beside each other, each divided among as many cores,
// as the estimate finds fastest.
func runAll(all []*product) {
	p := all[0]
	cubes, once := len(p.cubes), map[constantOf]string{}
	// Products whose results share a block of 32 bytes are one core's.
	unit := blockUnit(p.total * p.acc.outs * p.size)
	groups, beside, best, least := cd(len(all), unit), 1, split{}, int64(math.MaxInt64)
	for n := min(groups, cubes); n >= 1; n-- {
		cores := cubes / n
		if unit > 1 && len(all) > 1 {
			cores = 1
		}
		s := p.fastest(cores, n)
		t, ok := p.estimate(p.divided(s), n)
		if t *= int64(unit * cd(groups, n)); ok && t < least {
			beside, best, least = n, s, t
		}
	}
	if least == math.MaxInt64 { // no plan: emitting says why
		best = split{1, 1, 1}
	}
	divide(groups, beside, func(lane, first, count int) {
		cores := p.cubes[lane*(cubes/beside):][:cubes/beside]
		for i, q := range all[first*unit : min((first+count)*unit, len(all))] {
			if i > 0 { // the next product lays out the buffers anew
				for _, c := range cores {
					c.emit(&target.PipeBarrier{On: target.PipeAll})
				}
			}
			q.once = once
			q.on(cores, best)
		}
	})
}
