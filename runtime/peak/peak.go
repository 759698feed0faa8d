// Package peak measures what a core can multiply and add in a second when nothing else holds it up:
// loops of register instructions that touch no memory. Figures of kernels are given in percent of it.
package peak

import (
	"slices"
	"time"
)

// A loop does macs multiply-adds, each n times.
type loop struct {
	macs int
	run  func(n int)
}

// Int8 is the rate at which exact sums of products of codes can be added up with the instruction set
// isa (the names of rt.ISA), in multiply-adds per second; the machine must have it. It is 0 where no
// loop is written for the set.
func Int8(isa string, d time.Duration) float64 { return measure(int8Loops[isa], d) }

// Float is the rate of products of float32 rounded before they are added, likewise.
func Float(isa string, d time.Duration) float64 { return measure(floatLoops[isa], d) }

// Share is what part of Int8 work reaches that does macs multiply-adds. Short runs of the loop and of
// work take turns during d; each run of work is held against the runs of the loop before and after it,
// and the median of these ratios is the result, so that a core that slows down for a while slows both.
func Share(isa string, macs int, work func(), d time.Duration) float64 {
	l := int8Loops[isa]
	if l.run == nil {
		return 0
	}
	const slice = 200 * time.Microsecond
	n, times := l.count(slice), 1
	var ratios []float64
	before := l.rate(n)
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		for range times {
			work()
		}
		took := time.Since(start)
		after := l.rate(n)
		ratios = append(ratios, float64(times*macs)/took.Seconds()/((before+after)/2))
		if before = after; took < slice/2 {
			times *= 2
			ratios = ratios[:0]
		}
	}
	return median(ratios)
}

// count is how often a loop runs in about d.
func (l loop) count(d time.Duration) int {
	const n = 10000
	return max(1, int(l.rate(n)*d.Seconds()/float64(l.macs)))
}

// rate is the multiply-adds per second of one run.
func (l loop) rate(n int) float64 {
	start := time.Now()
	l.run(n)
	return float64(n*l.macs) / time.Since(start).Seconds()
}

// measure gives the median of short runs during d.
func measure(l loop, d time.Duration) float64 {
	if l.run == nil {
		return 0
	}
	n := l.count(time.Millisecond)
	rates := []float64{l.rate(n)}
	for end := time.Now().Add(d); time.Now().Before(end); {
		rates = append(rates, l.rate(n))
	}
	return median(rates)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}
