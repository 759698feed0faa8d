package sim

import (
	"fmt"

	"github.com/amctc/amctc/target"
)

// run executes all streams. The order in which queues are served doesn't matter: an instruction runs when what it waits for has run, and
// everything else that could influence it is a race, which is refused. So results and times are deterministic.
func (m *machine) run() error {
	for {
		progress, done := false, true
		for _, c := range m.cores {
			if c.advance() {
				progress = true
			}
			done = done && c.done
		}
		if m.release() {
			progress = true
		}
		if done {
			break
		}
		if !progress {
			m.deadlock()
		}
		if err := m.ctx.Err(); err != nil {
			return fmt.Errorf("sim: stopped: %w", err)
		}
	}
	for _, c := range m.cores {
		for s := range c.flags {
			for d := range c.flags[s] {
				for id, f := range c.flags[s][d] {
					if f.set {
						fail(f.by, FlagLeft, "flag %d from %v to %v is never waited for", id, target.Pipe(s), target.Pipe(d))
					}
				}
			}
		}
		for id, n := range c.cross {
			if n.set > n.waited {
				fail(n.sets[n.waited%m.desc.Counter].by, FlagLeft, "counter %d of %s is set %d times and waited for %d times", id, c.name, n.set, n.waited)
			}
		}
	}
	return nil
}

// advance issues and executes what it can on one core; it reports whether there was anything. Instructions run as soon as they are issued,
// the oldest first among those that nothing holds, so that a missing flag shows as a race and not as what it leads to.
func (c *core) advance() bool {
	any := false
	c.epoch++
	for range 1 << 14 {
		progress := c.issue()
		idle := true
		for {
			var next *pipe
			for _, p := range c.list {
				if p.count == 0 {
					continue
				}
				idle = false
				if p.blocked != c.epoch && (next == nil || p.queue[p.head].seq < next.queue[next.head].seq) {
					next = p
				}
			}
			if next == nil {
				break
			}
			if idle = true; next.step() {
				progress = true
			} else {
				next.blocked = c.epoch
			}
		}
		if !progress {
			c.done = idle && c.held == nil && len(c.frames) == 0
			return any
		}
		any = true
	}
	return any
}

// fetch returns the next instruction of the stream, nil at its end.
func (c *core) fetch() *op {
	for len(c.frames) > 0 {
		f := &c.frames[len(c.frames)-1]
		if f.next == len(f.body) {
			if f.slot >= 0 {
				if c.vars[f.slot]++; c.vars[f.slot] < f.to && len(f.body) > 0 {
					f.next = 0
					continue
				}
			}
			c.frames = c.frames[:len(c.frames)-1]
			continue
		}
		n := f.body[f.next]
		f.next++
		if n.op != nil {
			return n.op
		}
		if l := n.loop; l.from < l.to {
			c.vars[l.slot] = l.from
			c.frames = append(c.frames, frame{l.body, 0, l.slot, l.to})
		}
	}
	return nil
}

// issue takes one instruction from the stream to its queue; false when it can't.
func (c *core) issue() bool {
	o := c.held
	if o == nil {
		if o = c.fetch(); o == nil {
			return false
		}
		if c.m.steps++; c.m.steps > c.m.opt.MaxSteps {
			fail(o, TooLarge, "more than %d instructions", c.m.opt.MaxSteps)
		}
		c.held = o
	}
	if o.pipe == target.PipeS {
		if !c.scalar(o) {
			return false
		}
	} else {
		p := c.pipe[o.pipe]
		if p.count == len(p.queue) {
			return false
		}
		c.now++
		if depth := int64(len(p.queue)); p.issued >= depth {
			c.now = max(c.now, p.start[p.issued%depth])
		}
		e := &p.queue[(p.head+p.count)%len(p.queue)]
		c.seq++
		e.op, e.at, e.clock, e.version, e.seq = o, c.now, c.shared, c.version, c.seq
		for i := range o.addr {
			e.off[i] = o.addr[i].eval(c.vars)
		}
		p.count++
		p.issued++
	}
	c.held = nil
	return true
}

// scalar executes an instruction on the scalar unit; false when it must wait.
func (c *core) scalar(o *op) bool {
	s := c.pipe[target.PipeS]
	switch x := o.in.(type) {
	case *target.PipeBarrier: // ALL
		for _, p := range c.pipe {
			if p != nil && p.count > 0 {
				return false
			}
		}
		c.now++
		c.join()
	case *target.SyncAll:
		for _, p := range c.pipe {
			if p != nil && p.count > 0 {
				return false
			}
		}
		if !c.atSync {
			c.now++
			c.join()
			c.atSync = true
			return false
		}
		if c.syncs == c.m.released {
			return false
		}
		c.syncs++
		c.atSync = false
		return true
	case *target.SetFlag:
		c.now++
		s.set(o, x, c.now)
		return true
	case *target.WaitFlag:
		f := &c.flags[x.Src][x.Dst][x.ID]
		if !f.set {
			return false
		}
		c.now = max(c.now+1, f.at)
		s.take(f)
	case *target.CrossSet:
		c.now++
		s.crossSet(o, x, c.now)
		return true
	case *target.CrossWait:
		at, ok := s.crossWait(x)
		if !ok {
			return false
		}
		c.now = max(c.now+1, at)
	default: // probe, host
		s.clock[s.id]++
		s.past.note(s.clock[s.id], o)
		var e entry
		e.op = o
		for i := range o.addr {
			e.off[i] = o.addr[i].eval(c.vars)
		}
		o.run(&e, s)
	}
	c.share()
	return true
}

// share makes the scalar unit's clock what the next entries carry.
func (c *core) share() {
	c.shared = append([]uint32(nil), c.pipe[target.PipeS].clock...)
	c.version++
}

// join orders all pipes of the core before the scalar unit.
func (c *core) join() {
	s := c.pipe[target.PipeS]
	for _, p := range c.pipe {
		if p != nil {
			merge(s.clock, p.clock)
			c.now = max(c.now, p.end, p.free)
			p.drain = true
			p.acc = mmadBlock{}
		}
	}
	c.share()
}

func merge(dst, src []uint32) {
	for i, v := range src {
		dst[i] = max(dst[i], v)
	}
}

// release lets the cores go on when all have reached the same SyncAll.
func (m *machine) release() bool {
	for _, c := range m.cores {
		if !c.atSync || c.syncs != m.released {
			return false
		}
	}
	if len(m.cores) == 0 {
		return false
	}
	now, all := int64(0), make([]uint32, len(m.pipes))
	for _, c := range m.cores {
		now = max(now, c.now)
		merge(all, c.pipe[target.PipeS].clock)
	}
	for _, c := range m.cores {
		c.now = now
		merge(c.pipe[target.PipeS].clock, all)
		c.share()
	}
	m.shared.meet()
	m.released++
	return true
}

// step executes the instruction at the head of the queue; false when it must wait.
func (p *pipe) step() bool {
	e := &p.queue[p.head]
	if e.version != p.version {
		merge(p.clock, e.clock)
		p.version = e.version
	}
	at := max(e.at, p.free)
	switch x := e.op.in.(type) {
	case *target.SetFlag:
		p.set(e.op, x, at)
	case *target.WaitFlag:
		f := &p.core.flags[x.Src][x.Dst][x.ID]
		if !f.set {
			return false
		}
		at = max(at, f.at)
		p.take(f)
		p.free = at
	case *target.CrossSet:
		p.crossSet(e.op, x, at)
	case *target.CrossWait:
		t, ok := p.crossWait(x)
		if !ok {
			return false
		}
		at = max(at, t)
		p.free = at
	case *target.PipeBarrier:
		p.drain = true
		p.acc = mmadBlock{}
	default:
		p.clock[p.id]++
		p.past.note(p.clock[p.id], e.op)
		c := e.op.run(e, p)
		dur := c.work
		if at > p.end || p.drain || c.path != p.path {
			dur += c.head
		}
		if g := p.core.m.shared; g != nil && c.gm > 0 {
			dur += g.move(e.op, at+dur-c.work, c.gm, c.rate) - c.work
		}
		p.path, p.drain = c.path, false
		p.end = at + dur
		p.free = p.end
		p.busy += dur
		p.runs++
		if e.op.assum {
			p.core.m.res.Assumed[e.op.in.Mnemonic()]++
		}
		if p.core.m.opt.Trace {
			p.core.m.record(p, e.op, at, dur)
		}
	}
	depth := int64(len(p.queue))
	p.start[(p.issued-int64(p.count))%depth] = at
	p.head = (p.head + 1) % len(p.queue)
	p.count--
	return true
}

// set sets a flag at the given time.
func (p *pipe) set(o *op, x *target.SetFlag, at int64) {
	f := &p.core.flags[x.Src][x.Dst][x.ID]
	waiter := p.core.pipe[x.Dst].id
	if f.set || p.clock[waiter] < f.used {
		fail(o, FlagSetTwice, "flag %d from %v to %v may still be set: no wait for it is ordered before", x.ID, x.Src, x.Dst)
	}
	p.core.epoch++
	f.set, f.at, f.by = true, at, o
	f.clock = append(f.clock[:0], p.clock...)
}

// take clears a flag for the waiting pipe p.
func (p *pipe) take(f *flag) {
	f.set = false
	merge(p.clock, f.clock)
	p.clock[p.id]++
	f.used = p.clock[p.id]
}

func (p *pipe) crossSet(o *op, x *target.CrossSet, at int64) {
	n, most := &o.to.cross[x.ID], p.core.m.desc.Counter
	if k := n.set - most; k >= 0 {
		if k >= n.waited || p.clock[n.waits[k%most].pipe] < n.waits[k%most].tick {
			fail(o, CounterFull, "counter %d of %s may pass %d: no wait for it is ordered before", x.ID, x.To, most)
		}
		s := &n.sets[n.set%most]
		s.at, s.clock, s.by = at, append(s.clock[:0], p.clock...), o
	} else {
		n.sets = append(n.sets, crossSet{at, append([]uint32(nil), p.clock...), o})
	}
	n.set++
}

func (p *pipe) crossWait(x *target.CrossWait) (at int64, ok bool) {
	n := &p.core.cross[x.ID]
	if n.waited == n.set {
		return 0, false
	}
	most := p.core.m.desc.Counter
	s := &n.sets[n.waited%most]
	merge(p.clock, s.clock)
	p.clock[p.id]++
	w := crossWait{p.id, p.clock[p.id]}
	if n.waited < most {
		n.waits = append(n.waits, w)
	} else {
		n.waits[n.waited%most] = w
	}
	n.waited++
	return s.at, true
}

// deadlock reports what waits for ever: of the instructions at the heads of a core's queues the one that was issued first.
// The others wait for what is behind it: were the set of its flag in a queue, it would stand behind an instruction issued
// before.
func (m *machine) deadlock() {
	for _, c := range m.cores {
		var first *entry
		for _, p := range c.list {
			if p.count > 0 && (first == nil || p.queue[p.head].seq < first.seq) {
				first = &p.queue[p.head]
			}
		}
		if first != nil {
			m.stuck(first.op)
		}
		if c.held != nil && !c.atSync {
			m.stuck(c.held)
		}
	}
	for _, c := range m.cores {
		if c.held != nil {
			for _, d := range m.cores {
				if d.done {
					fail(c.held, Deadlock, "stream %s ends after %d sync_all; %s waits in number %d", d.name, d.syncs, c.name, c.syncs+1)
				}
			}
			m.stuck(c.held)
		}
	}
	panic("sim: no progress, yet nothing waits")
}

func (m *machine) stuck(o *op) {
	switch x := o.in.(type) {
	case *target.WaitFlag:
		fail(o, Deadlock, "flag %d from %v to %v is never set", x.ID, x.Src, x.Dst)
	case *target.CrossWait:
		fail(o, Deadlock, "counter %d of %s is never set", x.ID, o.core.name)
	}
	fail(o, Deadlock, "nothing lets it go on")
}
