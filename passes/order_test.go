package passes

import (
	"slices"
	"testing"
)

// TestOrder holds the reasons for the order against the tables: every pass named exists and comes
// in the stated order, names are unique, and each pass starts in the stage where the one before ended.
func TestOrder(t *testing.T) {
	all := All()
	at := func(name string) int { return slices.IndexFunc(all, func(p Pass) bool { return p.Name == name }) }
	for _, o := range order {
		i, j := at(o.first), at(o.then)
		if i < 0 || j < 0 {
			t.Errorf("%s before %s: no such pass", o.first, o.then)
		} else if i >= j {
			t.Errorf("%s must run before %s: %s", o.first, o.then, o.why)
		}
	}
	for i, p := range all {
		if at(p.Name) != i {
			t.Errorf("two passes are called %s", p.Name)
		}
		if p.Doc == "" {
			t.Errorf("%s has no summary", p.Name)
		}
		if i > 0 && p.In != all[i-1].Out {
			t.Errorf("%s starts in stage %v, %s ended in %v", p.Name, p.In, all[i-1].Name, all[i-1].Out)
		}
	}
}
