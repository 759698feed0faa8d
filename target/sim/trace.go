package sim

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/amctc/amctc/target"
)

// event is one instruction on the time line.
type event struct {
	stream string
	pid    int
	pipe   target.Pipe
	name   string
	line   int
	at     int64
	dur    int64
}

// maxEvents bounds the memory of a trace; later instructions are left out.
const maxEvents = 1 << 21

func (m *machine) record(p *pipe, o *op, at, dur int64) {
	if len(m.res.events) == maxEvents {
		m.res.lost++
		return
	}
	pid := 0
	for i, c := range m.cores {
		if c == p.core {
			pid = i
		}
	}
	m.res.events = append(m.res.events, event{p.core.name, pid, p.kind, o.in.Mnemonic(), o.line, at, dur})
}

// writeTrace writes Chrome's trace format: a process per stream, a thread per pipe.
func writeTrace(w io.Writer, events []event, lost int64) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, `{"displayTimeUnit":"ms","traceEvents":[`)
	type track struct {
		pid  int
		pipe target.Pipe
	}
	named, sep := map[track]bool{}, "\n"
	for _, e := range events {
		t := track{e.pid, e.pipe}
		if !named[t] {
			if !named[track{e.pid, target.PipeAll}] {
				named[track{e.pid, target.PipeAll}] = true
				fmt.Fprintf(b, `%s{"ph":"M","pid":%d,"tid":0,"name":"process_name","args":{"name":%s}}`, sep, e.pid, strconv.Quote(e.stream))
				sep = ",\n"
			}
			named[t] = true
			fmt.Fprintf(b, `%s{"ph":"M","pid":%d,"tid":%d,"name":"thread_name","args":{"name":%q}}`, sep, e.pid, e.pipe, e.pipe)
		}
		fmt.Fprintf(b, `%s{"ph":"X","pid":%d,"tid":%d,"name":%q,"ts":%d,"dur":%d,"args":{"line":%d}}`, sep, e.pid, e.pipe, e.name, e.at, e.dur, e.line)
	}
	fmt.Fprintf(b, "\n],\"otherData\":{\"instructions left out\":%d}}\n", lost)
	return b.Flush()
}
