package passes

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// A crew lets watchers see tensors on goroutines of their own while the engine goes on. All
// tensors of one value, and of values with a common watcher, go to one goroutine, in order, so that
// what the watchers find does not depend on how many goroutines there are. At most a few tensors are
// on their way.
type crew struct {
	watch  *watchers
	seat   map[*ir.Value]chan sight
	seats  []chan sight
	free   chan []float32
	wg     sync.WaitGroup
	sent   int
	failed atomic.Bool
	mu     sync.Mutex
	first  int // number of the sight that err is about
	err    error
}

// A sight is a copy of one tensor, and where in the sweep it was seen.
type sight struct {
	number  int
	samples int // before the batch
	value   *ir.Value
	data    []float32
}

func newCrew(watch *watchers) *crew {
	n := max(1, min(runtime.GOMAXPROCS(0), len(watch.byValue)))
	c := &crew{watch: watch, seat: make(map[*ir.Value]chan sight), free: make(chan []float32, 3*n)}
	for range n {
		s := make(chan sight, 1)
		c.seats = append(c.seats, s)
		c.wg.Add(1)
		go c.work(s)
	}
	return c
}

// see copies t for the watchers of v. samples were seen before the batch of t.
func (c *crew) see(v *ir.Value, t *tensor.Tensor, samples int) {
	if c.failed.Load() || !c.wanted(v) {
		return
	}
	home := c.watch.home[v]
	if home == nil {
		home = v
	}
	s := c.seat[home]
	if s == nil {
		s = c.seats[len(c.seat)%len(c.seats)]
		c.seat[home] = s
	}
	var to []float32
	select {
	case to = <-c.free:
	default:
	}
	s <- sight{number: c.sent, samples: samples, value: v, data: append(to[:0], t.F32...)}
	c.sent++
}

func (c *crew) wanted(v *ir.Value) bool {
	for _, w := range c.watch.byValue[v] {
		if !w.done {
			return true
		}
	}
	return false
}

func (c *crew) work(in <-chan sight) {
	defer c.wg.Done()
	for s := range in {
		for _, w := range c.watch.byValue[s.value] {
			if w.done {
				continue
			}
			if err := w.obs.Add(s.data); err != nil {
				c.fail(s, diag.Errorf("Q030", diag.Span{}, "", "calibration: layer %q (%%%s), samples from %d: %v", w.keys[0], s.value.Name, s.samples, err))
				break
			}
		}
		select {
		case c.free <- s.data:
		default:
		}
	}
}

// fail keeps the error of the earliest sight: every sight before a failed one was sent before the
// failure was known, so the earliest does not depend on timing.
func (c *crew) fail(s sight, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || s.number < c.first {
		c.first, c.err = s.number, err
	}
	c.failed.Store(true)
}

// wait ends the crew once everything sent has been seen.
func (c *crew) wait() error {
	for _, s := range c.seats {
		close(s)
	}
	c.wg.Wait()
	return c.err
}
