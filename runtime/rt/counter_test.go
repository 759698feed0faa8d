package rt_test

import (
	"math"
	"testing"

	"github.com/amctc/amctc/runtime/rt"
)

// TestCounter counts on one goroutine and on three.
func TestCounter(t *testing.T) {
	numbers, codes := make([]float32, 1000), make([]uint8, 1000)
	for i := range numbers {
		numbers[i], codes[i] = float32(i)/100, uint8(i)
	}
	numbers[7], numbers[8], numbers[9] = float32(math.NaN()), float32(math.Inf(1)), -1
	for _, threads := range []int{1, 3} {
		team := rt.NewTeam(threads, 0)
		defer team.Close()
		x, both, none := rt.Counter{Lo: 0, Hi: 9}, rt.Counter{Low: 0, High: 255}, rt.Counter{Low: -1, High: -1}
		for range 2 {
			team.Do(func(w *rt.Worker) {
				x.Numbers(w, numbers)
				both.Codes(w, codes)
				none.Codes(w, codes)
			})
		}
		for _, c := range []struct {
			name            string
			counter         *rt.Counter
			values, outside uint64
		}{{"numbers", &x, 2000, 2 * (99 + 3)}, {"codes", &both, 2000, 2 * (4 + 3)}, {"no end", &none, 2000, 0}} {
			if v, o := c.counter.Counts(); v != c.values || o != c.outside {
				t.Errorf("%d threads, %s: %d of %d, want %d of %d", threads, c.name, o, v, c.outside, c.values)
			}
			if c.counter.Reset(); true {
				if v, o := c.counter.Counts(); v != 0 || o != 0 {
					t.Errorf("after a reset %d of %d", o, v)
				}
			}
		}
	}
}
