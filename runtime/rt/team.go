// SPDX-License-Identifier: MIT-0

package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A Team is a fixed number of workers. The first works on the goroutine that calls Do, the others on
// goroutines of their own, which sleep when calls are far apart and end after Close.
type Team struct {
	workers []Worker
	task    func(*Worker) // nil to end
	calls   atomic.Uint32
	_       [64]uint8 // what workers wait for lies apart
	arrived atomic.Int32
	_       [64]uint8
	turn    atomic.Uint32
	closed  sync.Once
}

// NewTeam makes n workers, each with local bytes of memory.
func NewTeam(n, local int) *Team {
	t := &Team{workers: make([]Worker, max(n, 1))}
	for i := range t.workers {
		w := &t.workers[i]
		*w = Worker{id: i, n: len(t.workers), local: NewMem(local).block, team: t, wake: make(chan struct{}, 1)}
		if i > 0 {
			go w.serve()
		}
	}
	return t
}

// spins is how often a worker looks for what it waits for before it lets others use its processor:
// some ten microseconds.
const spins = 20000

// serve works on every call until the team is closed.
func (w *Worker) serve() {
	t := w.team
	for seen := uint32(0); ; {
		for i := 0; t.calls.Load() == seen && i < spins; i++ {
		}
		if t.calls.Load() == seen {
			w.asleep.Store(true)
			if t.calls.Load() == seen || !w.asleep.CompareAndSwap(true, false) {
				<-w.wake // Do saw that this worker sleeps, or will
			}
		}
		seen++
		if t.task == nil {
			return
		}
		t.task(w)
		w.wait()
	}
}

// Do calls task once for every worker, at the same time, and returns when all calls have. It is not
// for several goroutines at once.
func (t *Team) Do(task func(*Worker)) {
	if len(t.workers) > 1 {
		t.call(task)
	}
	task(&t.workers[0])
	t.workers[0].wait()
}

func (t *Team) call(task func(*Worker)) {
	t.task = task
	t.calls.Add(1)
	for i := range t.workers[1:] {
		if w := &t.workers[1+i]; w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

// Close ends the goroutines. The team must be idle and is of no use afterwards. Another call does
// nothing.
func (t *Team) Close() { t.closed.Do(func() { t.call(nil) }) }

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
