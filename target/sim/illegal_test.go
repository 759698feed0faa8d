package sim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

const illegalDir = "../../testdata/target/illegal"

// illegal is a program with the refusal its first line names: "# refused: T014 race line 7 after line 5", the second being the
// instruction that it races with.
type illegal struct {
	name, text, rule string
	line             int // 0: of the program as a whole
	other            int // 0: no other instruction is named
}

func illegalPrograms(t testing.TB) []illegal {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(illegalDir, "*.ascend"))
	if err != nil {
		t.Fatal(err)
	}
	var list []illegal
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(b), "\n")
		rule, ok := strings.CutPrefix(first, "# refused: ")
		if !ok {
			t.Fatalf("%s: the first line must name the refusal", f)
		}
		x := illegal{name: filepath.Base(f), text: string(b), rule: rule}
		if r, after, ok := strings.Cut(rule, " after line "); ok {
			if x.other, err = strconv.Atoi(after); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			rule, x.rule = r, r
		}
		if r, at, ok := strings.Cut(rule, " line "); ok {
			if x.line, err = strconv.Atoi(at); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			x.rule = r
		}
		list = append(list, x)
	}
	return list
}

// runText runs a program on zero inputs.
func runText(t testing.TB, text, soc string, opt sim.Options) (*sim.Result, error) {
	t.Helper()
	p, err := target.ParseProgram([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := map[string][]byte{}
	for _, s := range p.Symbols {
		if s.Kind == target.Input {
			in[s.Name] = make([]byte, s.Bytes)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	return sim.Run(ctx, p, nil, describe(t, soc), in, opt)
}

// Every illegal program is refused by the rule and at the line that it says, and every rule has such a program.
func TestIllegalPrograms(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range illegalPrograms(t) {
		t.Run(x.name, func(t *testing.T) {
			_, err := runText(t, x.text, "ascend910b3", sim.Options{})
			var e *sim.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want %s", err, x.rule)
			}
			if e.Other != x.other || x.other > 0 && !strings.Contains(err.Error(), "in line "+strconv.Itoa(x.other)+" ") {
				t.Errorf("got %v, with line %d, want line %d", err, e.Other, x.other)
			}
			if e.Code.String() != x.rule || e.Stream != "" && e.Line != x.line || e.Stream == "" && x.line != 0 {
				t.Errorf("got %v, want %s at line %d", err, x.rule, x.line)
			}
		})
		seen[x.rule] = true
	}
	for c := sim.UnknownSymbol; c <= sim.TooLarge; c++ {
		if !seen[c.String()] {
			t.Errorf("no program breaks %v", c)
		}
	}
}

// A refusal doesn't depend on the order in which the simulator serves pipes: it is the same on every run.
func TestRefusalIsStable(t *testing.T) {
	for _, x := range illegalPrograms(t) {
		_, a := runText(t, x.text, "ascend910b3", sim.Options{})
		_, b := runText(t, x.text, "ascend910b3", sim.Options{Trace: true})
		if a == nil || b == nil || a.Error() != b.Error() {
			t.Errorf("%s: %v, then %v", x.name, a, b)
		}
	}
}
