// SPDX-License-Identifier: MIT-0

package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A Team is a fixed number of workers. The first works on the goroutine that calls Do, the others on
// goroutines of their own, which sleep between calls and end after Close.
type Team struct {
	workers []Worker
	start   []chan func(*Worker)
	arrived atomic.Int32
	turn    atomic.Uint32
	closed  sync.Once
}

// NewTeam makes n workers, each with local bytes of memory.
func NewTeam(n, local int) *Team {
	n = max(n, 1)
	t := &Team{workers: make([]Worker, n), start: make([]chan func(*Worker), n)}
	for i := range t.workers {
		t.workers[i] = Worker{id: i, n: n, local: NewMem(local).block, team: t}
		if i > 0 {
			t.start[i] = make(chan func(*Worker))
			go serve(&t.workers[i], t.start[i])
		}
	}
	return t
}

func serve(w *Worker, start <-chan func(*Worker)) {
	for task := range start {
		task(w)
		w.wait()
	}
}

// Do calls task once for every worker, at the same time, and returns when all calls have. It is not
// for several goroutines at once.
func (t *Team) Do(task func(*Worker)) {
	for _, c := range t.start[1:] {
		c <- task
	}
	task(&t.workers[0])
	t.workers[0].wait()
}

// Close ends the goroutines. The team must be idle and is of no use afterwards. Another call does
// nothing.
func (t *Team) Close() {
	t.closed.Do(func() {
		for _, c := range t.start[1:] {
			close(c)
		}
	})
}

// spins is how often a waiting worker looks before it lets other goroutines run.
const spins = 2000

// wait is a barrier: the last worker to arrive starts the next turn.
func (t *Team) wait() {
	turn := t.turn.Load()
	if t.arrived.Add(1) == int32(len(t.workers)) {
		t.arrived.Store(0)
		t.turn.Add(1)
		return
	}
	for i := 0; t.turn.Load() == turn; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
}
