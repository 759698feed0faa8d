package miscompiles

import (
	"errors"
	"strings"
	"testing"

	"github.com/amctc/amctc/passes"
)

// TestClean holds that the network goes through every way without a difference, and that a bound is known for
// every value.
func TestClean(t *testing.T) {
	for _, w := range ways {
		x := w.make(t)
		if err := x.run(); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if v := x.c.Validate; v.Passes != len(x.list) || v.Values == 0 || v.Unbounded > 0 {
			t.Errorf("%s: %d of %d passes and %d values compared, %d without a bound", w.name, v.Passes, len(x.list), v.Values, v.Unbounded)
		}
	}
}

// TestPlanted plants every mistake, and wants validation to name the pass and the value.
func TestPlanted(t *testing.T) {
	caught := 0
	by := make(map[string]int)
	for _, p := range passes.Named() {
		by[p.Name] = 0
	}
	for _, k := range mistakes {
		t.Run(k.pass+"/"+strings.ReplaceAll(k.what, " ", "-"), func(t *testing.T) {
			var x *chain
			for _, w := range ways {
				if w.name == k.way {
					x = w.make(t)
				}
			}
			list, found, value := wrapped(x.list, k.pass, k.spoil)
			if !found {
				t.Fatalf("%s has no pass %s", k.way, k.pass)
			}
			x.list = list
			err := x.run()
			var bug *passes.Bug
			var miss *passes.Miscompiled
			if !errors.As(err, &bug) || !errors.As(err, &miss) {
				t.Fatalf("not caught: %v", err)
			}
			if bug.Pass != k.pass || miss.Value != *value {
				t.Errorf("named pass %s and value %s, want %s and %s: %v", bug.Pass, miss.Value, k.pass, *value, err)
				return
			}
			t.Log(err)
			caught++
			by[k.pass]++
		})
	}
	without := 0
	for name, n := range by {
		if n == 0 {
			without++
			t.Errorf("no mistake of %s was caught", name)
		}
	}
	t.Logf("planted miscompiles: %d of %d caught, pass and value named; %d of %d passes have one", caught, len(mistakes), len(by)-without, len(by))
}
