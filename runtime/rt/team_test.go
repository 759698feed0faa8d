// SPDX-License-Identifier: MIT-0

package rt

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestTeam holds that every call reaches every worker once, close together and far apart, and that a
// barrier holds all back.
func TestTeam(t *testing.T) {
	for n := 1; n <= 4; n++ {
		team := NewTeam(n, 0)
		for i := range 300 {
			var before, after atomic.Int32
			team.Do(func(w *Worker) {
				before.Add(1)
				w.Wait()
				if before.Load() != int32(n) {
					t.Errorf("call %d: a worker passes the barrier before all have come", i)
				}
				after.Add(1)
			})
			if after.Load() != int32(n) {
				t.Fatalf("call %d: %d of %d workers", i, after.Load(), n)
			}
			if i%100 == 0 {
				time.Sleep(2 * time.Millisecond)
			}
		}
		team.Close()
		team.Close()
	}
}

// TestShare holds that shares cover everything once.
func TestShare(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for items := range 40 {
			for _, unit := range []int{1, 3, 16} {
				next := 0
				for id := range n {
					w := Worker{id: id, n: n}
					lo, hi := w.share(items, unit)
					if lo != next || hi < lo {
						t.Fatalf("%d items, units of %d, worker %d of %d: [%d, %d) after %d", items, unit, id, n, lo, hi, next)
					}
					next = hi
				}
				if next != items {
					t.Fatalf("%d items, units of %d, %d workers: %d done", items, unit, n, next)
				}
			}
		}
	}
}
