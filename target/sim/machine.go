package sim

import (
	"context"
	"strings"

	"github.com/amctc/amctc/target"
)

// machine is a chip during a run.
type machine struct {
	desc     *target.Description
	opt      Options
	ctx      context.Context
	res      *Result
	symbols  []*memory
	symInfo  []target.Symbol
	byName   map[string]int
	cores    []*core
	pipes    []*pipe // of all cores; a pipe's id is its index
	steps    int64
	pairs    []int64 // scratch of mmad: packed rows
	sums     []int64 // and sums
	words    []word  // scratch of fixpipe
	released int     // SyncAll that every core has reached
	shared   *sharedGM
}

// core is one stream with its buffers, pipes and flags.
type core struct {
	m      *machine
	name   string
	host   bool
	number int                    // of the AI core: 3 of aic3 and of aiv3.1; 0 of the host
	pipe   [target.NumPipes]*pipe // nil: the core has none
	mem    [target.NumSpaces]*memory
	flags  [target.NumPipes][target.NumPipes][]flag
	cross  []counter
	bytes  [numPaths]int64 // moved, by path
	gmOut  int64           // of these, by Fixpipe to global memory
	macs   int64

	// The scalar unit: where it is in the program, and when.
	frames []frame
	vars   []int64
	now    int64
	syncs  int  // SyncAll reached
	atSync bool // waiting in one
	done   bool
	held   *op // instruction that can't be issued yet

	list    []*pipe  // the pipes that have a queue
	epoch   int      // counts what may end a wait
	seq     int64    // instructions issued
	shared  []uint32 // copy of the scalar unit's clock for the entries being issued
	version int      // of shared
}

// frame is a position in a loop's body.
type frame struct {
	body []node
	next int
	slot int // of the loop variable; -1 at the top
	to   int64
}

// flag is one event flag.
type flag struct {
	set   bool
	at    int64
	clock []uint32 // of the setter
	used  uint32   // the waiting pipe's clock at its last wait
	by    *op      // that set it last
}

// counter is one cross-core counter: how many sets and waits there were, and the last ones as rings of the counter's maximum.
type counter struct {
	set, waited int
	sets        []crossSet
	waits       []crossWait
}

type crossSet struct {
	at    int64
	clock []uint32
	by    *op
}

type crossWait struct {
	pipe int
	tick uint32
}

// pipe is an in-order queue of a core.
type pipe struct {
	id    int
	core  *core
	kind  target.Pipe
	name  string
	clock []uint32 // per pipe of the machine: how many of its instructions are ordered before the next one here

	queue  []entry // ring, of the description's depth
	head   int
	count  int
	issued int64
	start  []int64 // ring: when the last instructions left the queue

	end   int64 // of the last instruction
	free  int64 // when the next may start; later than end after a wait
	path  int   // of the last instruction
	drain bool  // a barrier stands before the next instruction
	busy  int64
	runs  int64

	blocked int       // the core's epoch when the next instruction was found waiting
	version int       // of the scalar clock joined last
	acc     mmadBlock // what the last Mmad wrote, until a barrier
	past    past
}

// entry is an instruction in a queue, with its addresses.
type entry struct {
	op      *op
	at      int64 // issue time
	seq     int64 // order of issue
	off     [4]int64
	clock   []uint32 // the scalar unit's at issue; shared, not written
	version int      // of clock
}

// op is an instruction resolved for one core.
type op struct {
	in    target.Instr
	core  *core
	index int
	line  int
	pipe  target.Pipe
	addr  []place
	run   func(e *entry, p *pipe) cost // nil for synchronisation
	to    *core                        // CrossSet
	assum bool
}

// place is a resolved address or affine field.
type place struct {
	mem   *memory // nil for an affine field
	base  int64
	terms []term
}

type term struct {
	slot int
	coef int64
}

func (p *place) eval(vars []int64) int64 {
	v := p.base
	for _, t := range p.terms {
		v += t.coef * vars[t.slot]
	}
	return v
}

// cost is how long an instruction occupies its pipe: head only when the pipe was idle or on another path.
type cost struct {
	path int
	head int64
	work int64
	gm   int64 // bytes from or to global memory, which take work cycles at rate bytes a cycle
	rate int64
}

// node is an instruction or a loop.
type node struct {
	op   *op
	loop *loopNode
}

type loopNode struct {
	slot     int
	from, to int64
	body     []node
}

// maxStreams bounds the streams of a program: the host, and of 40 AI cores the cube and both vector cores.
const maxStreams = 121

// tracking is the bytes that a symbol's access records take for every pipe.
const tracking = 56

// build makes the memories and cores and resolves every instruction.
func (m *machine) build(prog *target.Program) {
	m.byName = map[string]int{}
	m.symInfo = prog.Symbols
	if len(prog.Streams) > maxStreams {
		fail(nil, BadStream, "%d streams, at most %d are simulated", len(prog.Streams), maxStreams)
	}
	total := int64(0)
	take := func(n int64) {
		if total += n; n < 0 || total > m.opt.MaxBytes {
			fail(nil, TooLarge, "the program needs more than %d bytes of memory", m.opt.MaxBytes)
		}
	}
	for i := range prog.Streams {
		m.addCore(prog.Streams[i].Name, take)
	}
	for i := range prog.Symbols {
		s := &prog.Symbols[i]
		if _, ok := m.byName[s.Name]; ok {
			fail(nil, UnknownSymbol, "two symbols named %s", s.Name)
		}
		m.byName[s.Name] = i
		take(s.Bytes)
		take(tracking * int64(len(m.pipes)))
		mem := newMemory("@"+s.Name, 0, 5)
		mem.track(len(m.pipes))
		mem.gm = true
		if s.Kind == target.Output || s.Kind == target.Scratch {
			mem.data, mem.init = make([]byte, s.Bytes), newBitset(int(s.Bytes))
		}
		m.symbols = append(m.symbols, mem)
	}
	for _, p := range m.pipes {
		p.clock = make([]uint32, len(m.pipes))
	}
	for _, c := range m.cores {
		c.shared = make([]uint32, len(m.pipes))
		for _, mem := range c.mem {
			if mem != nil {
				mem.track(len(m.pipes))
			}
		}
	}
	m.shared = newSharedGM(m.desc, m.cores)
	lines := prog.Lines()
	for i, c := range m.cores {
		r := resolver{m: m, core: c, lines: lines[i]}
		body := r.body(prog.Streams[i].Body)
		c.vars = make([]int64, r.slots)
		c.frames = []frame{{body: body, slot: -1}}
	}
}

// addCore adds the core that a stream names.
func (m *machine) addCore(name string, take func(int64)) {
	c := &core{m: m, name: name}
	kinds, side := m.desc.AICPipes, "aic"
	n, sub := 0, 0
	switch {
	case name == "host":
		c.host = true
		kinds, side = []target.Pipe{target.PipeS}, "host"
	case parseCore(name, "aic", &n, nil) && n < m.desc.AIC:
	case parseCore(name, "aiv", &n, &sub) && n < m.desc.AIC && sub < 2 && len(m.desc.AIVPipes) > 0:
		kinds, side = m.desc.AIVPipes, "aiv"
	default:
		fail(nil, BadStream, "%s has no core for stream %q", m.desc.Name, name)
	}
	c.number = n
	for _, k := range kinds {
		p := &pipe{id: len(m.pipes), core: c, kind: k, name: k.String(), path: -1, queue: make([]entry, m.desc.Queue), start: make([]int64, m.desc.Queue)}
		if c.pipe[k] != nil {
			fail(nil, BadStream, "%s lists pipe %v twice", m.desc.Name, k)
		}
		c.pipe[k] = p
		if k != target.PipeS {
			c.list = append(c.list, p)
		}
		m.pipes = append(m.pipes, p)
	}
	for _, b := range m.desc.Buffers {
		if b.Core == side {
			take(int64(b.Size))
			shift := uint(5)
			if b.Align >= 512 {
				shift = 9
			}
			c.mem[b.Space] = newMemory(b.Space.String(), b.Size, shift)
		}
	}
	for s := range c.flags {
		for d := range c.flags[s] {
			c.flags[s][d] = make([]flag, m.desc.Flags)
		}
	}
	c.cross = make([]counter, m.desc.CrossFlags)
	m.cores = append(m.cores, c)
}

// parseCore reads aic3 or aiv3.1.
func parseCore(s, prefix string, n, sub *int) bool {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return false
	}
	if sub != nil {
		head, tail, ok := strings.Cut(s, ".")
		return ok && digits(head, n) && digits(tail, sub)
	}
	return digits(s, n)
}

func digits(s string, n *int) bool {
	if s == "" || len(s) > 4 || len(s) > 1 && s[0] == '0' {
		return false
	}
	*n = 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		*n = *n*10 + int(s[i]-'0')
	}
	return true
}
