// SPDX-License-Identifier: MIT-0

package rt

import "sync/atomic"

// A Worker is one of the goroutines that run a network together. All of them call every kernel, each
// does its share, and a kernel returns when the whole result is there.
type Worker struct {
	id, n   int
	local   []uint8             // memory of this worker's own
	team    *Team               // nil for a worker that is alone
	offs    [chunk]int32        // of the pixels of a tile
	outs    [chunk]int32        // and of their results
	scratch [scratchBytes]uint8 // of matrix kernels
	asleep  atomic.Bool         // waits for wake
	wake    chan struct{}       // of one place
	_       [64]uint8           // workers lie apart
}

// scratchBytes is the memory that matrix kernels work in which cannot keep all sums in registers: taps
// of six pixels, and two sums for each of 64 channels of each.
const scratchBytes = 6*(1024+64) + 6*64*2*4

// share is this worker's part [lo, hi) of n items that are cut at multiples of unit.
func (w *Worker) share(n, unit int) (lo, hi int) {
	if w.n == 1 {
		return 0, n
	}
	units := (n + unit - 1) / unit
	return min(n, units*w.id/w.n*unit), min(n, units*(w.id+1)/w.n*unit)
}

// chunk is the greatest number of pixels that the matrix kernels get at once: a multiple of the blocks
// that they compute together.
const chunk = 60

// ID is the worker's number in its team, from 0.
func (w *Worker) ID() int { return w.id }

// First says whether this is the worker that speaks for the team.
func (w *Worker) First() bool { return w.id == 0 }

// Wait returns when every worker of the team has called it.
func (w *Worker) Wait() { w.wait() }

// alone says whether this worker does what is not shared.
func (w *Worker) alone() bool { return w.id == 0 }

// wait returns when every worker of the team has called it.
func (w *Worker) wait() {
	if w.n > 1 {
		w.team.wait()
	}
}

// Alone is a worker that has no others beside it, with local bytes of memory.
func Alone(local int) *Worker { return &Worker{n: 1, local: NewMem(local).block} }
