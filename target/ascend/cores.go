package ascend

import (
	"fmt"
	"math"
	"strconv"

	"github.com/amctc/amctc/target"
)

// A program for several AI cores has the streams of one core for each of them, and the work of every operator is divided: elements and planes evenly, products
// by turns, rows and columns, and batches of products among groups of cores. Cores share nothing within an operator: each writes blocks of 32 bytes of its own. All streams meet after each operator, as
// those of one core do. Host steps, and what is not worth dividing, are core 0's.

// addCores makes the streams of n AI cores.
func (f *frame) addCores(n int) {
	for range n {
		f.cubes = append(f.cubes, newCode())
	}
	f.vectors = f.cubes
	if f.desc.Split {
		f.vectors = nil
		for range n * f.desc.VectorsPerCube() {
			f.vectors = append(f.vectors, newCode())
		}
	}
	f.cube, f.vector = f.cubes[0], f.vectors[0]
}

// streams are those of the host, of all cubes, and of the vector cores that are cores of their own.
func (f *frame) streams() []target.Stream {
	out := []target.Stream{{Name: hostStream, Body: *f.host.body}}
	for i, c := range f.cubes {
		out = append(out, target.Stream{Name: "aic" + strconv.Itoa(i), Body: *c.body})
	}
	if f.desc.Split {
		per := f.desc.VectorsPerCube()
		for i, c := range f.vectors {
			out = append(out, target.Stream{Name: fmt.Sprintf("aiv%d.%d", i/per, i%per), Body: *c.body})
		}
	}
	return out
}

// divide gives each core a run of n things, from first on, as equal as possible; cores without any are left out.
func divide(n, cores int, each func(core, first, count int)) {
	cores = min(cores, n)
	for i := range cores {
		first := n * i / cores
		each(i, first, n*(i+1)/cores-first)
	}
}

// divide3 divides three kinds of things, n of each, all of whose combinations are work, among the vector cores: each into as many parts as make the estimate
// of the slowest core, given the most things of each kind that one has, least; of equal ones into the fewest.
func (f *frame) divide3(n [3]int, cost func(most [3]int) int, each func(c *code, first, count [3]int)) {
	cores := len(f.vectors)
	var parts [3]int
	least, used := math.MaxInt, 0
	for a := 1; a <= min(n[0], cores); a++ {
		for b := 1; b <= min(n[1], cores/a); b++ {
			for c := 1; c <= min(n[2], cores/a/b); c++ {
				t := cost([3]int{cd(n[0], a), cd(n[1], b), cd(n[2], c)})
				if t < least || t == least && a*b*c < used {
					least, used, parts = t, a*b*c, [3]int{a, b, c}
				}
			}
		}
	}
	core := 0
	divide(n[0], parts[0], func(_, first0, count0 int) {
		divide(n[1], parts[1], func(_, first1, count1 int) {
			divide(n[2], parts[2], func(_, first2, count2 int) {
				each(f.vectors[core], [3]int{first0, first1, first2}, [3]int{count0, count1, count2})
				core++
			})
		})
	})
}

// blockUnit is how many pieces of so many bytes, one after the other, end where a block of 32 bytes does.
func blockUnit(bytes int) int {
	unit := 1
	for unit*bytes%32 != 0 {
		unit *= 2
	}
	return unit
}

// A split is how many parts the turns, the rows and the columns of a product are divided into; their product is the number of cores that work.
type split struct{ turns, rows, columns int }

// run emits the product on the cubes' streams, divided as the estimate finds fastest.
func (p *product) run() {
	p.once = map[constantOf]string{}
	p.on(p.cubes, p.fastest(len(p.cubes), 1))
}

// on emits the product on the streams of some cubes.
func (p *product) on(cubes []*code, s split) {
	for i, q := range p.divided(s) {
		q.emit(cubes[i])
	}
}

// together is how many turns one core does: as many as end where a block of 32 bytes of a row-major result does.
func (p *product) together() int {
	if p.size == 0 || p.batch == 1 {
		return 1
	}
	return blockUnit(p.total * p.acc.outs * p.size)
}

// divided are the products of each core.
func (p *product) divided(s split) (out []*product) {
	columns := p.columns
	if s.columns > 1 {
		columns = p.tiles(up(cd(p.acc.outs, s.columns), 32))
	}
	units := cd(p.lines, p.unit)
	together := p.together()
	divide(cd(p.batch, together), s.turns, func(_, group, groups int) {
		turn := group * together
		divide(units, s.rows, func(_, unit, count int) {
			divide(len(columns), s.columns, func(_, column, n int) {
				q := *p
				q.turn, q.batch = turn, min(groups*together, p.batch-turn)
				if s.rows > 1 {
					from, to := unit*p.unit, min((unit+count)*p.unit, p.lines)
					q.cut = func(bytes, rows int) []piece { return p.cutLines(from, to, bytes, rows) }
				}
				q.sections = sections(columns[column : column+n])
				out = append(out, &q)
			})
		})
	})
	return out
}

// fastest is the division among at most so many cores that the estimate of cycles likes best while so many such products run beside each other; of equal ones
// that with the fewest cores.
func (p *product) fastest(cores, beside int) split {
	best, least := split{1, 1, 1}, int64(math.MaxInt64)
	if cores == 1 {
		return best
	}
	try := func(s split) {
		t, ok := p.estimate(p.divided(s), beside)
		used := func(s split) int { return s.turns * s.rows * s.columns }
		if ok && (t < least || t == least && used(s) < used(best)) {
			best, least = s, t
		}
	}
	turns, rows, columns := cd(p.batch, p.together()), cd(p.lines, p.unit), cd(p.acc.outs, 32)
	if p.size > 0 { // row-major: a row of columns, and rows that cores divide, must end where a block of 32 bytes does
		if p.acc.outs*p.size%32 != 0 && p.batch*p.total > 1 {
			columns = 1
		}
		if p.together() > 1 {
			rows = 1
		}
		if p.at*p.size%32 != 0 {
			return best
		}
	}
	for _, t := range []int{1, min(turns, cores)} {
		for r := 1; r <= min(rows, cores/t); r++ {
			most := min(columns, cores/t/r)
			for c := 1; c <= most; c++ {
				if c < most && cd(columns, c) == cd(columns, c+1) {
					continue
				}
				try(split{t, r, c})
			}
		}
	}
	return best
}

// estimate is the cycles of the slowest of the cores' products, or of moving what all of them, and as many of each of the products beside, move together;
// false where one has no plan. A core takes what its busiest pipe takes, after the first weights and the first piece of the operand have come in.
func (p *product) estimate(all []*product, beside int) (int64, bool) {
	slowest, moved := int64(0), 0
	for _, q := range all {
		t, bytes, ok := q.cycles()
		if !ok {
			return 0, false
		}
		slowest, moved = max(slowest, t), moved+bytes
	}
	return max(slowest, int64(cd(moved*beside, p.desc.SharedRate()))), true
}

// cycles estimates the product on one core, and the bytes that it moves from and to global memory.
func (p *product) cycles() (total int64, moved int, ok bool) {
	size := max(p.size, 1)
	for _, s := range p.sections {
		p.free()
		p.reserve(s)
		pl, ok := p.plan(s)
		p.free()
		if !ok {
			return 0, 0, false
		}
		var rows, bytes, tiles int
		for _, x := range pl.pieces {
			rows, bytes, tiles = rows+x.rows, bytes+x.bytes*s.planes, tiles+cd(x.rows, pl.rows)
		}
		rows, bytes, tiles = rows*p.batch, bytes*p.batch, tiles*p.batch
		in := pl.weights + 12*s.n
		switch {
		case pl.chunk < s.planes: // both anew for every sub-tile of rows
			in = 12*s.n + tiles*(pl.weights+bytes/max(1, len(pl.pieces)*p.batch))
		case !pl.keepX:
			in += bytes
		}
		in *= s.count
		if pl.keepX {
			in += bytes
		}
		steps := tiles * cd(pl.depth, pl.step)
		cube := s.count * (steps*p.desc.Cube.Head + cd(rows, 16)*(s.n/16)*(pl.depth/32))
		loads := s.count * (steps*p.desc.Load3D.Latency + rows*pl.depth/max(1, p.desc.Load3D.Base/(2+3)))
		if !pl.stays {
			loads += s.count * tiles * pl.weights / p.rate("l1-l0b")
		} else {
			loads += s.count * pl.weights / p.rate("l1-l0b")
		}
		out := s.count * rows * s.n * size
		drained := s.count*tiles*20 + s.count*rows*s.n/64
		if !p.fixpipe() { // some ten passes of the vector unit over 64 sums
			drained = s.count*(tiles*200+rows*s.n*12/64) + out/p.rate("ub-gm")
		}
		first := (pl.weights + bytes/max(1, len(pl.pieces)*p.batch)) / p.rate("gm-l1")
		total += int64(first + max(in/p.rate("gm-l1"), cube, loads, drained))
		moved += in + out
	}
	return total, moved, true
}

// rate is the bytes per cycle of a path; 1 where the part has none.
func (f *frame) rate(path string) int {
	if p := f.desc.Path(path); p != nil {
		return p.Rate
	}
	return 1
}

// constantOf names a constant of a section.
type constantOf struct {
	name string
	i    int
	s    section
}

// shared is a constant that all cores with the same section use: made for the first one.
func (p *product) shared(name string, i int, s section, build func() string) string {
	key := constantOf{name, i, s}
	if sym, ok := p.once[key]; ok {
		return sym
	}
	sym := build()
	p.once[key] = sym
	return sym
}
