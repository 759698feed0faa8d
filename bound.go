package amctc

// What bound decides by. The sizes and speeds of memories are typical ones of a core, not this machine's.
const (
	callSeconds = 1e-6
	nearPeak    = 0.6
	thinMACs    = 2.   // on a byte
	thinFlow    = 0.25 // what is asked of the flow where there are fewer
)

// levels are the memories, the nearest first: how many bytes have room in one, and what it must at
// least deliver to a core in a second to be what the core waits for.
var levels = []struct {
	name       string
	size, flow float64
}{
	{"L1", 32e3, 40e9},
	{"L2", 1e6, 20e9},
	{"memory", 1e300, 8e9}, // the last cache included
}

// bound names what holds a step up that takes seconds, reaches ofPeak of the peak of its multiply-adds
// (0 when there is none), does macs and moves so many bytes on so many cores. The first that is true:
//
//	call            it takes less than a microsecond, so that calling and dividing the work count
//	multiply-adds   it reaches 60 % of the peak
//	L1, L2, memory  a core moves more than 40, 20, 8 GB/s, or a quarter of that where fewer than 2
//	                multiply-adds fall on a byte: the nearest memory in which all the bytes have room
//	kernel          none of these: what the kernel does beside its multiply-adds
func bound(seconds, ofPeak float64, macs, moved int64, threads int) string {
	switch {
	case seconds < callSeconds:
		return "call"
	case ofPeak >= nearPeak:
		return "multiply-adds"
	}
	bytes := float64(moved) / float64(threads)
	at := 0
	for bytes > levels[at].size {
		at++
	}
	flow := levels[at].flow
	if float64(macs) < thinMACs*float64(moved) {
		flow = float64(flow * thinFlow)
	}
	if bytes > flow*seconds {
		return levels[at].name
	}
	return "kernel"
}
