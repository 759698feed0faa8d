package plan

import (
	"fmt"
	"strings"
)

// String lists the buffers and the steps, one line each.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan of @%s, batch %d: %d steps, arena %d bytes\n", p.Func.Name, p.Batch, len(p.Steps), p.arena)
	for i, x := range p.Inputs {
		fmt.Fprintf(&b, "  in%d   %s\n", i, x.Type)
	}
	for i, x := range p.Outputs {
		fmt.Fprintf(&b, "  out%d  %s\n", i, x.Type)
	}
	for i := range p.Buffers {
		x := &p.Buffers[i]
		fmt.Fprintf(&b, "  b%-4d %8d bytes at %8d, steps %d to %d, %d %s\n", i, x.Bytes(), x.Offset, x.First, x.Last, x.Len, x.Kind)
	}
	for i, s := range p.Steps {
		var slots []string
		for _, x := range s.Slots {
			slots = append(slots, x.String())
		}
		fmt.Fprintf(&b, "  %4d  %-16s %s", i, s.Kernel, strings.Join(slots, " "))
		if s.Node != nil {
			fmt.Fprintf(&b, "  // %s", s.Node.Subject())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// String is the slot's name in listings.
func (s Slot) String() string {
	return [...]string{"b", "in", "out", "c", "tap"}[s.In] + fmt.Sprint(s.Index)
}
