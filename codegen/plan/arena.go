package plan

import "slices"

// align is the alignment of every buffer in bytes.
const align = 64

// live finds the first and last step that touches each buffer. A value that is only traced lives
// until it has been seen.
func (p *Plan) live() {
	for i := range p.Buffers {
		p.Buffers[i].First, p.Buffers[i].Last = len(p.Steps), -1
	}
	touch := func(s Slot, at int) {
		if s.In == Arena {
			b := &p.Buffers[s.Index]
			b.First, b.Last = min(b.First, at), max(b.Last, at)
		}
	}
	for i, s := range p.Steps {
		for _, slot := range s.Slots {
			touch(slot, i)
		}
	}
	for _, t := range p.Traces {
		touch(t.From, max(t.After-1, 0))
	}
}

// allocate gives every buffer an offset such that buffers that live at the same time don't overlap,
// the largest first, each at the lowest place that is free, and returns the size of the arena.
// The result is within the usual bounds of greedy placement by size (Pisarchyk and Lee, 2020).
func (p *Plan) allocate() int {
	byBytes := make([]int, len(p.Buffers))
	for i := range byBytes {
		byBytes[i] = i
	}
	slices.SortStableFunc(byBytes, func(i, j int) int { return p.Buffers[j].Bytes() - p.Buffers[i].Bytes() })
	var placed []int // by offset
	total := 0
	for _, i := range byBytes {
		b := &p.Buffers[i]
		at := 0
		for _, j := range placed {
			c := &p.Buffers[j]
			if c.Last < b.First || b.Last < c.First {
				continue
			}
			if at+b.Bytes() <= c.Offset {
				break
			}
			at = max(at, (c.Offset+c.Bytes()+align-1)/align*align)
		}
		b.Offset = at
		total = max(total, at+b.Bytes())
		k, _ := slices.BinarySearchFunc(placed, at, func(j, at int) int { return p.Buffers[j].Offset - at })
		placed = slices.Insert(placed, k, i)
	}
	return (total + align - 1) / align * align
}
