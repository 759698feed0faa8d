package sim

import (
	"math"

	"github.com/amctc/amctc/target"
)

// resolver turns a stream's instructions into ops: symbols to memories, loop variables to slots, and every check that
// needs no address done once.
type resolver struct {
	m     *machine
	core  *core
	lines []int32
	next  int
	slots int
	loops []*target.Loop // enclosing
	slot  []int          // their slots
}

func (r *resolver) body(list []target.Instr) []node {
	out := make([]node, 0, len(list))
	for _, in := range list {
		o := &op{in: in, core: r.core, index: r.next, line: int(r.lines[r.next])}
		r.next++
		l, ok := in.(*target.Loop)
		if !ok {
			r.resolve(o)
			out = append(out, node{op: o})
			continue
		}
		for _, e := range r.loops {
			if e.Var == l.Var {
				fail(o, UnknownVariable, "%%%s is the variable of an enclosing loop already", l.Var)
			}
		}
		if len(r.loops) == target.MaxNesting || l.From < math.MinInt32 || l.To > math.MaxInt32+1 {
			fail(o, FieldRange, "loops nest at most %d deep and count within 32 bits", target.MaxNesting)
		}
		// A loop without any instruction is left out, so that every round of a loop issues something.
		n := &loopNode{slot: r.slots, from: l.From, to: l.To}
		r.slots++
		r.loops, r.slot = append(r.loops, l), append(r.slot, n.slot)
		n.body = r.body(l.Body)
		r.loops, r.slot = r.loops[:len(r.loops)-1], r.slot[:len(r.slot)-1]
		if n.from < n.to && len(n.body) > 0 {
			out = append(out, node{loop: n})
		}
	}
	return out
}

// affine resolves an offset.
func (r *resolver) affine(o *op, a target.Affine) place {
	const limit = 1 << 50
	p := place{base: a.Base}
	reach := math.Abs(float64(a.Base))
	for _, t := range a.Terms {
		found := false
		for i, l := range r.loops {
			if l.Var == t.Var {
				found = true
				p.terms = append(p.terms, term{r.slot[i], t.Coef})
				reach += float64(math.Abs(float64(t.Coef)) * max(math.Abs(float64(l.From)), math.Abs(float64(l.To))))
			}
		}
		if !found {
			fail(o, UnknownVariable, "%%%s is the variable of no enclosing loop", t.Var)
		}
	}
	if reach > limit {
		fail(o, UnknownVariable, "the offset can pass 2^50")
	}
	return p
}

// at adds an address operand of the op and returns its memory. The operand's offset is entry.off of its position.
func (r *resolver) at(o *op, a target.Addr, spaces ...target.Space) *memory {
	ok := false
	for _, s := range spaces {
		ok = ok || s == a.Space
	}
	if !ok {
		fail(o, NotOnSoC, "no path with an operand in %v here", a.Space)
	}
	p := r.affine(o, a.Off)
	if a.Space == target.GM {
		i, ok := r.m.byName[a.Sym]
		if !ok {
			fail(o, UnknownSymbol, "no symbol @%s", a.Sym)
		}
		p.mem = r.m.symbols[i]
	} else if p.mem = r.core.mem[a.Space]; p.mem == nil {
		fail(o, NotOnSoC, "%s of %s has no %v", r.core.name, r.m.desc.Name, a.Space)
	}
	o.addr = append(o.addr, p)
	return p.mem
}

// field adds an affine field; its value is entry.off of its position.
func (r *resolver) field(o *op, a target.Affine) { o.addr = append(o.addr, r.affine(o, a)) }

// need checks that the core has the pipe.
func (r *resolver) need(o *op, p target.Pipe) {
	if p >= target.NumPipes || r.core.pipe[p] == nil {
		fail(o, WrongPipe, "stream %s has no pipe %v", r.core.name, p)
	}
}

func (r *resolver) resolve(o *op) {
	o.pipe = o.in.Pipe()
	switch x := o.in.(type) {
	case *target.SetFlag:
		r.flag(o, x.Src, x.Dst, x.ID)
	case *target.WaitFlag:
		r.flag(o, x.Src, x.Dst, x.ID)
	case *target.PipeBarrier:
		if x.On == target.PipeAll {
			o.pipe = target.PipeS
		} else if r.need(o, x.On); x.On == target.PipeS {
			fail(o, WrongPipe, "the scalar pipe has no barrier of its own: use ALL")
		}
	case *target.CrossSet:
		r.need(o, x.On)
		r.counter(o, x.ID)
		for _, c := range r.m.cores {
			if c.name == x.To && !c.host {
				o.to = c
			}
		}
		if o.to == nil || r.core.host {
			fail(o, BadStream, "no cross-core flag from %s to %q", r.core.name, x.To)
		}
	case *target.CrossWait:
		r.need(o, x.On)
		r.counter(o, x.ID)
	case *target.SyncAll:
	case *target.Probe:
		r.probe(o, x)
	case *target.Host:
		if !r.core.host {
			fail(o, WrongPipe, "host steps belong to the stream host")
		}
		o.pipe = target.PipeS
		r.host(o, x)
	default:
		r.need(o, o.pipe)
		r.compile(o)
	}
}

func (r *resolver) flag(o *op, src, dst target.Pipe, id int) {
	r.need(o, src)
	r.need(o, dst)
	if src == dst {
		fail(o, WrongPipe, "a flag orders two different pipes")
	}
	o.within("flag id", id, 0, r.m.desc.Flags-1)
}

func (r *resolver) counter(o *op, id int) {
	if r.m.desc.CrossFlags == 0 {
		fail(o, NotOnSoC, "%s has no cross-core flags", r.m.desc.Name)
	}
	o.within("counter", id, 0, r.m.desc.CrossFlags-1)
}

// compile gives an op that runs on a pipe its checks and its function.
func (r *resolver) compile(o *op) {
	switch x := o.in.(type) {
	case *target.DataCopy:
		r.dataCopy(o, x)
	case *target.PadCopy:
		r.padCopy(o, x)
	case *target.Nd2Nz:
		r.nd2nz(o, x)
	case *target.Load2D:
		r.load2d(o, x)
	case *target.Load3D:
		r.load3d(o, x)
	case *target.Mmad:
		r.mmad(o, x)
	case *target.Fixpipe:
		r.fixpipe(o, x)
	default:
		r.vector(o)
	}
}

// align checks a start address.
func (o *op) align(mem *memory, off int64, n int) int {
	if off%int64(n) != 0 {
		fail(o, Misaligned, "byte %d of %s isn't a multiple of %d", off, mem.name, n)
	}
	if off < 0 || off > int64(len(mem.data)) {
		fail(o, Overrun, "byte %d of %s, which has %d", off, mem.name, len(mem.data))
	}
	return int(off)
}

// alignOf is the alignment of start addresses in an on-chip buffer.
func (r *resolver) alignOf(s target.Space) int {
	if b := r.m.desc.Buffer(s); b != nil {
		return b.Align
	}
	return 1
}
