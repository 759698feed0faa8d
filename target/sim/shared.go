package sim

import "github.com/amctc/amctc/target"

// A sharedGM is the bandwidth of global memory that the AI cores of a program share.
//
// Time is cut into slots of slotCycles cycles. All transfers from and to global memory together (gm-l1, gm-ub, ub-gm, and what Fixpipe writes there) move at most
// Description.SharedRate bytes a cycle times slotCycles in each slot, reads and writes counted alike. A transfer takes in every slot, from the cycle after its head
// on, what its own path can move and what the slot has left; it is through when its last byte is. Where the slots have enough left it takes bytes/rate cycles,
// rounded up, as alone.
//
// Who comes first in the order of execution takes first. That order is fixed by the program: streams in their order, each as far as it gets. So between two
// sync_all the first cores are favoured; the time at which all have arrived is that of a fair division, up to a slot, where memory is the bound.
//
// The transfers of one AI core alone are never held back: the streams of a core have rates of their own.
type sharedGM struct {
	rate int64           // bytes a cycle of the chip
	used map[int64]int64 // bytes moved, by slot; those since the last sync_all
	held int64           // cycles that transfers took longer than alone
}

// slotCycles is the length of a slot.
const slotCycles = 64

// maxSlots bounds the memory of a run whose streams do not meet for long.
const maxSlots = 1 << 22

// newSharedGM is the memory's bandwidth for the cores; nil when they belong to one AI core.
func newSharedGM(d *target.Description, cores []*core) *sharedGM {
	first := -1
	for _, c := range cores {
		if c.host || c.number == first {
			continue
		}
		if first >= 0 {
			return &sharedGM{rate: int64(d.SharedRate()), used: map[int64]int64{}}
		}
		first = c.number
	}
	return nil
}

// move is the cycles that a transfer of so many bytes takes which begins at a cycle and moves at most rate bytes a cycle.
func (g *sharedGM) move(o *op, at, bytes, rate int64) int64 {
	begin, left := at, bytes
	for left > 0 {
		slot := at / slotCycles
		used := g.used[slot]
		room := g.rate*slotCycles - used
		here := min(left, rate*((slot+1)*slotCycles-at), room)
		if here > 0 {
			if used == 0 && len(g.used) == maxSlots {
				fail(o, TooLarge, "transfers of more than %d cycles between two sync_all", int64(maxSlots*slotCycles))
			}
			g.used[slot] = used + here
			left -= here
		}
		if left == 0 {
			at += (here + rate - 1) / rate
			break
		}
		at = (slot + 1) * slotCycles
	}
	took := at - begin
	g.held += took - (bytes+rate-1)/rate
	return took
}

// meet forgets the slots before a sync_all: nothing moves in them any more.
func (g *sharedGM) meet() {
	if g != nil {
		clear(g.used)
	}
}
