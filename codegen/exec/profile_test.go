package exec_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
)

// TestProfile only asks for what holds on every machine: each step takes time, and a profile is cut
// short when its context ends.
func TestProfile(t *testing.T) {
	m := block(t, rand.New(rand.NewPCG(5, 6)))
	p, err := plan.Build(m, m.Main(), plan.Options{Near: 1})
	if err != nil {
		t.Fatal(err)
	}
	for threads := 1; threads <= 2; threads++ {
		times, err := exec.Profile(t.Context(), p, threads, 5*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if len(times.Steps) != len(p.Steps) || times.Runs < 1 || times.Total <= 0 {
			t.Fatalf("%d threads, %d steps: %+v", threads, len(p.Steps), times)
		}
		for i, d := range times.Steps {
			if d < 0 {
				t.Errorf("%d threads: step %d took %v", threads, i, d)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := exec.Profile(ctx, p, 1, time.Minute); err != context.Canceled {
		t.Errorf("error %v after cancelling", err)
	}
}
