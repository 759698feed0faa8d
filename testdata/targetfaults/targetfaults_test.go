package targetfaults

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/amctc/amctc/target/sim"
)

var every = flag.Int("targetfaults.every", 7, "of all flags, drop each so many-th")

// socs are where faults are planted.
var socs = []struct {
	model, soc string
	cores      int
	faults     []fault
	drop       []string // flags and synchronizations that are dropped one at a time
}{
	{"lenet", "ascend910b3", 1, cube, []string{"set_flag", "wait_flag", "sync_all", "pipe_barrier M"}},
	{"residual", "ascend310", 1, fused, []string{"set_flag", "wait_flag", "sync_all", "pipe_barrier M"}},
	{"residual", "ascend910b3", 4, several, []string{"sync_all"}},
}

// TestPlanted plants every fault, and wants the simulator to name the rule, the instruction and the buffer.
func TestPlanted(t *testing.T) {
	caught, all := 0, 0
	rules := make(map[string]bool)
	flags, unordered := 0, 0
	for _, s := range socs {
		l := lower(t, s.model, s.soc, s.cores)
		if err := l.run(l.lines); err != nil {
			t.Fatalf("%s for %s, as it is: %v", s.model, s.soc, err)
		}
		for _, f := range s.faults {
			all++
			t.Run(strings.ReplaceAll(f.what, " ", "-"), func(t *testing.T) {
				err := l.run(f.plant(t, l))
				var e *sim.Error
				if !errors.As(err, &e) {
					t.Fatalf("not caught: %v", err)
				}
				if (e.Code == sim.Race || e.Code == sim.CoreRace) && e.Other == 0 {
					t.Errorf("a race names one instruction: %v", err)
				}
				if rule, _, _ := strings.Cut(e.Code.String(), " "); rule != f.rule || f.at != "" && (e.Mnemonic != f.at || e.Line == 0) || !strings.Contains(e.Msg, f.where) {
					t.Errorf("want %s at %q, naming %s; got %v", f.rule, f.at, f.where, err)
					return
				}
				t.Log(err)
				caught++
				rules[f.rule] = true
			})
		}
		n, missed := sweep(t, l, s.drop)
		flags, unordered = flags+n, unordered+missed
	}
	if unordered > 0 {
		t.Errorf("%d of %d flags and synchronizations can be dropped and nobody sees it", unordered, flags)
	}
	t.Logf("planted target faults: %d of %d caught, rule, instruction and buffer named; by %d rules; of %d flags and synchronizations dropped one at a time %d are missed",
		caught, all, len(rules), flags, unordered)
}

// sweep drops flags and synchronizations one at a time: none of them is there for nothing.
func sweep(t *testing.T, l *lowered, drop []string) (n, missed int) {
	for _, words := range drop {
		for k, i := range l.find("", words) {
			if k%*every > 0 {
				continue
			}
			n++
			var e *sim.Error
			if err := l.run(l.without(i)); !errors.As(err, &e) {
				missed++
				t.Errorf("without line %d, %q: %v", i+1, l.lines[i], err)
			}
		}
	}
	return n, missed
}
