package contender

import (
	"runtime"
	"slices"
	"time"
)

// window is how long calls go on between two looks at the clock, which costs tens of nanoseconds.
const window = 100 * time.Microsecond

// measure calls run for at least d and gives the median of a call over all windows.
func measure(name string, run func() error, d time.Duration) (Reply, error) {
	windows := make([]float64, 0, int(d/window)+1) // all there will be: nothing is allocated below
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batch, calls := 1, 0
	for began := time.Now(); len(windows) == 0 || time.Since(began) < d; {
		took, err := timed(run, batch)
		if err != nil {
			return Reply{}, err
		}
		calls += batch
		if len(windows) == 0 && took < window {
			batch *= 2 // until that many calls fill a window
			continue
		}
		if len(windows) == cap(windows) {
			break
		}
		windows = append(windows, float64(took)/float64(batch))
	}
	runtime.ReadMemStats(&after)
	return Reply{Name: name, Calls: calls, Median: Median(windows), Allocs: float64(after.Mallocs-before.Mallocs) / float64(calls)}, nil
}

func timed(run func() error, calls int) (time.Duration, error) {
	began := time.Now()
	for range calls {
		if err := run(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// Median is the middle of v, or the mean of the two middle ones. v is not empty; it is sorted.
func Median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
