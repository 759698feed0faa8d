package sim

import (
	"math"

	"github.com/amctc/amctc/target"
)

// probe compiles a probe: what the scalar unit would read, at no cost.
func (r *resolver) probe(o *op, x *target.Probe) {
	o.pipe = target.PipeS
	size := x.Type.Size()
	n := x.Layout.Bytes(x.Type, x.Dims)
	total := 1
	for _, d := range x.Dims {
		if d < 1 || total > min(math.MaxInt, 1<<40)/d {
			fail(o, BadProbe, "dimensions %v of %q", x.Dims, x.Name)
		}
		total *= d
	}
	if size == 0 || n == 0 || x.Layout > target.NZ || x.Layout == target.FracZ {
		fail(o, BadProbe, "%q: no probe of %v in layout %v with %d dimensions", x.Name, x.Type, x.Layout, len(x.Dims))
	}
	mem := r.at(o, x.Src, target.GM)
	o.run = func(e *entry, p *pipe) cost {
		at := o.align(mem, e.off[0], size)
		mem.touch(o, p, at, at+n)
		out := make([]byte, total*size)
		offset := func(i int) int { return i * size }
		d := x.Dims
		c0 := x.Type.C0()
		switch x.Layout {
		case target.NC1HWC0:
			c1 := (d[1] + c0 - 1) / c0
			plane := d[2] * d[3]
			offset = func(i int) int {
				n, c, hw := i/(d[1]*plane), i/plane%d[1], i%plane
				return (((n*c1+c/c0)*plane+hw)*c0 + c%c0) * size
			}
		case target.NZ:
			rows := (d[0] + 15) / 16 * 16
			offset = func(i int) int {
				row, col := i/d[1], i%d[1]
				return ((col/c0*rows+row)*c0 + col%c0) * size
			}
		}
		if x.Layout == target.ND {
			mem.defined(o, at, at+n)
			copy(out, mem.data[at:at+n])
		} else if whole := mem.init == nil || mem.init.all(at, at+n); whole && size == 1 && x.Layout == target.NC1HWC0 {
			unblock(out, mem.data[at:at+n], d)
		} else {
			for i := range total {
				s := at + offset(i)
				if !whole {
					mem.defined(o, s, s+size)
				}
				copy(out[i*size:], mem.data[s:s+size])
			}
		}
		if f := r.m.opt.Probe; f != nil {
			f(x.Name, x.Type, append([]int(nil), d...), out)
		}
		return cost{}
	}
}

// unblock turns an NC1HWC0 image of bytes into NCHW.
func unblock(out, in []byte, d []int) {
	plane, c1 := d[2]*d[3], (d[1]+31)/32
	for n := range d[0] {
		for c := range d[1] {
			src := in[(n*c1+c/32)*plane*32+c%32:]
			dst := out[(n*d[1]+c)*plane:][:plane]
			for i := range dst {
				dst[i] = src[32*i]
			}
		}
	}
}
