package contender

import (
	"fmt"
	"strconv"
	"strings"
)

// A Request asks for one measurement. On the wire it is a line: NAME SECONDS THREADS.
type Request struct {
	Name    string  // of the network, without spaces
	Seconds float64 // at least so long
	Threads int     // that work on one call
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s %d", r.Name, strconv.FormatFloat(r.Seconds, 'g', -1, 64), r.Threads)
}

// ParseRequest reads a request's line.
func ParseRequest(line string) (Request, error) {
	f := strings.Fields(line)
	if len(f) != 3 {
		return Request{}, fmt.Errorf("request %q: want NAME SECONDS THREADS", line)
	}
	seconds, err := strconv.ParseFloat(f[1], 64)
	if err != nil || !(seconds >= 0 && seconds <= 600) {
		return Request{}, fmt.Errorf("request %q: %q are no seconds of 0 to 600", line, f[1])
	}
	threads, err := strconv.Atoi(f[2])
	if err != nil || threads < 1 {
		return Request{}, fmt.Errorf("request %q: %q is no number of threads", line, f[2])
	}
	return Request{Name: f[0], Seconds: seconds, Threads: threads}, nil
}

// A Reply is what a measurement gave. On the wire it is a line: NAME CALLS NANOSECONDS ALLOCATIONS, or
// for a measurement that failed: NAME failed REASON.
type Reply struct {
	Name   string
	Calls  int
	Median float64 // nanoseconds of a call
	Allocs float64 // of the Go heap, for each call
	Failed string  // why there is no measurement
}

func (r Reply) String() string {
	if r.Failed != "" {
		return fmt.Sprintf("%s failed %s", r.Name, strings.Join(strings.Fields(r.Failed), " "))
	}
	return fmt.Sprintf("%s %d %s %s", r.Name, r.Calls, strconv.FormatFloat(r.Median, 'g', -1, 64), strconv.FormatFloat(r.Allocs, 'g', -1, 64))
}

// ParseReply reads a reply's line.
func ParseReply(line string) (Reply, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if reason, ok := strings.CutPrefix(rest, "failed "); ok {
		return Reply{Name: name, Failed: reason}, nil
	}
	f := strings.Fields(rest)
	if len(f) != 3 {
		return Reply{}, fmt.Errorf("reply %q: want NAME CALLS NANOSECONDS ALLOCATIONS", line)
	}
	calls, err := strconv.Atoi(f[0])
	if err != nil || calls < 1 {
		return Reply{}, fmt.Errorf("reply %q: %q is no number of calls", line, f[0])
	}
	r := Reply{Name: name, Calls: calls}
	for i, to := range []*float64{&r.Median, &r.Allocs} {
		if *to, err = strconv.ParseFloat(f[1+i], 64); err != nil || !(*to >= 0) {
			return Reply{}, fmt.Errorf("reply %q: %q is no number", line, f[1+i])
		}
	}
	return r, nil
}
