package sim

import "math/bits"

// memory is one buffer of a core or one GM symbol: bytes, which of them are written, and who touched them last.
type memory struct {
	name  string
	data  []byte
	init  bitset // nil: every byte is defined
	ro    bool
	shift uint // log2 of the bytes that share an access record
	gm    bool

	// For every pipe of the machine that touched the memory: the pipe's clock at its last write and read of each granule,
	// and the largest of those.
	w, r       [][]uint32
	wmax, rmax []uint32
}

func newMemory(name string, size int, shift uint) *memory {
	return &memory{name: name, data: make([]byte, size), init: newBitset(size), shift: shift}
}

// track makes room for the access records of that many pipes.
func (m *memory) track(pipes int) {
	m.w, m.r = make([][]uint32, pipes), make([][]uint32, pipes)
	m.wmax, m.rmax = make([]uint32, pipes), make([]uint32, pipes)
}

// order checks an access of pipe p against the others' accesses that its clock doesn't cover, and records it.
func (m *memory) order(o *op, p *pipe, lo, hi int, write bool) {
	g0, g1 := lo>>m.shift, (hi-1)>>m.shift+1
	for q := range m.w {
		if q == p.id {
			continue
		}
		seen := p.clock[q]
		if m.wmax[q] > seen {
			for g, t := range m.w[q][g0:g1] {
				if t > seen {
					m.race(o, p, q, (g0+g)<<m.shift, "written", write)
				}
			}
		}
		if write && m.rmax[q] > seen {
			for g, t := range m.r[q][g0:g1] {
				if t > seen {
					m.race(o, p, q, (g0+g)<<m.shift, "read", write)
				}
			}
		}
	}
	t := p.clock[p.id]
	if write {
		fill(&m.w[p.id], &m.wmax[p.id], len(m.data)>>m.shift+1, g0, g1, t)
	} else {
		fill(&m.r[p.id], &m.rmax[p.id], len(m.data)>>m.shift+1, g0, g1, t)
	}
}

func fill(table *[]uint32, top *uint32, n, g0, g1 int, t uint32) {
	if *table == nil {
		*table = make([]uint32, n)
	}
	*top = t
	s := (*table)[g0:g1]
	for i := range s {
		s[i] = t
	}
}

func (m *memory) race(o *op, p *pipe, q int, at int, done string, write bool) {
	verb := "reads"
	if write {
		verb = "writes"
	}
	other := p.core.m.pipes[q]
	tick := m.r[q]
	if done == "written" {
		tick = m.w[q]
	}
	first := other.past.at(tick[at>>m.shift])
	code, where, means := Race, "", "flag orders the two"
	if a, b := p.core, other.core; !a.host && !b.host && a.number != b.number {
		code, where, means = CoreRace, " of "+a.name, "sync_all or counter orders the two cores"
	}
	failAfter(o, first, code, "%s byte %d: pipe %s%s %s what %s (pipe %s of %s) has %s, and no %s", m.name, at, p.name, where, verb, first.text(), other.name, other.core.name, done, means)
}

// read declares that the instruction reads [lo, hi) and needs every byte defined.
func (m *memory) read(o *op, p *pipe, lo, hi int) {
	m.touch(o, p, lo, hi)
	m.defined(o, lo, hi)
}

// touch declares that the instruction reads [lo, hi), whatever is there.
func (m *memory) touch(o *op, p *pipe, lo, hi int) {
	if lo < hi {
		m.bounds(o, lo, hi)
		m.order(o, p, lo, hi, false)
	}
}

func (m *memory) defined(o *op, lo, hi int) {
	if m.init != nil && !m.init.all(lo, hi) {
		at := lo
		for m.init.get(at) {
			at++
		}
		fail(o, Uninitialised, "reads byte %d of %s, which nothing has written before", at, m.name)
	}
}

// write declares that the instruction writes [lo, hi).
func (m *memory) write(o *op, p *pipe, lo, hi int) {
	if lo < hi {
		m.claim(o, p, lo, hi)
		m.init.set(lo, hi)
	}
}

// claim is write without defining the bytes.
func (m *memory) claim(o *op, p *pipe, lo, hi int) {
	m.bounds(o, lo, hi)
	if m.ro {
		fail(o, ReadOnly, "writes %s", m.name)
	}
	m.order(o, p, lo, hi, true)
}

func (m *memory) bounds(o *op, lo, hi int) {
	if lo < 0 || hi > len(m.data) || hi < lo {
		fail(o, Overrun, "bytes %d..%d of %s, which has %d", lo, hi, m.name, len(m.data))
	}
}

// copyInit gives n bytes of dst from d the definedness of those of src from s.
func copyInit(dst *memory, d int, src *memory, s, n int) {
	if src.init == nil || src.init.all(s, s+n) {
		dst.init.set(d, d+n)
		return
	}
	for i := range n {
		if src.init.get(s + i) {
			dst.init.set(d+i, d+i+1)
		} else {
			dst.init.clear(d + i)
		}
	}
}

// bitset has one bit per byte of a memory.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) get(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b bitset) clear(i int)    { b[i>>6] &^= 1 << (i & 63) }

// set sets the bits lo..hi-1; lo < hi.
func (b bitset) set(lo, hi int) {
	i, j := lo>>6, (hi-1)>>6
	first, last := ^uint64(0)<<(lo&63), ^uint64(0)>>(63-(hi-1)&63)
	if i == j {
		b[i] |= first & last
		return
	}
	b[i] |= first
	for k := i + 1; k < j; k++ {
		b[k] = ^uint64(0)
	}
	b[j] |= last
}

// all reports whether the bits lo..hi-1 are set.
func (b bitset) all(lo, hi int) bool {
	if lo >= hi {
		return true
	}
	i, j := lo>>6, (hi-1)>>6
	first, last := ^uint64(0)<<(lo&63), ^uint64(0)>>(63-(hi-1)&63)
	if i == j {
		return b[i]&(first&last) == first&last
	}
	if b[i]&first != first || b[j]&last != last {
		return false
	}
	for k := i + 1; k < j; k++ {
		if b[k] != ^uint64(0) {
			return false
		}
	}
	return true
}

// firstClear is the first clear bit below n, n if there is none.
func (b bitset) firstClear(n int) int {
	for i, w := range b {
		if w != ^uint64(0) {
			return min(n, i*64+bits.TrailingZeros64(^w))
		}
	}
	return n
}
