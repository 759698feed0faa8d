package sim

import "fmt"

// past is what a pipe ran last, by the tick of its clock: a ring, so that a fault can name an earlier instruction.
type past struct{ ring []pastOp }

type pastOp struct {
	tick uint32
	op   *op
}

// maxPast is how many instructions of a pipe are remembered.
const maxPast = 1 << 14

// note remembers that the instruction ran at the tick. Ticks grow.
func (h *past) note(tick uint32, o *op) {
	if n := len(h.ring); n == 0 || n < maxPast && int(tick) >= n {
		ring := make([]pastOp, min(maxPast, max(64, 2*n)))
		for _, e := range h.ring { // empty ones all fall on the first, where no tick is yet
			ring[int(e.tick)%len(ring)] = e
		}
		h.ring = ring
	}
	h.ring[int(tick)%len(h.ring)] = pastOp{tick, o}
}

// at is the instruction that ran at the tick; nil when that is longer ago than is remembered.
func (h *past) at(tick uint32) *op {
	if len(h.ring) == 0 {
		return nil
	}
	if e := h.ring[int(tick)%len(h.ring)]; e.tick == tick {
		return e.op
	}
	return nil
}

// text names an instruction of the past: datacopy in line 12.
func (o *op) text() string {
	if o == nil {
		return "an instruction long before"
	}
	return fmt.Sprintf("%s in line %d", o.in.Mnemonic(), o.line)
}
