package sim_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// legalPrograms are the programs of the test data that run.
func legalPrograms(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../testdata/target/legal/*.ascend")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	m := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m[strings.TrimSuffix(filepath.Base(f), ".ascend")] = string(b)
	}
	return m
}

func TestLegalPrograms(t *testing.T) {
	for name, text := range legalPrograms(t) {
		if _, err := runText(t, text, "ascend910b3", sim.Options{Trace: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bounded runs a text with small limits: whatever it is, it ends soon, with a result or an error.
func bounded(t *testing.T, d *target.Description, text string) error {
	t.Helper()
	p, err := target.ParseProgram([]byte(text))
	if err != nil {
		return err
	}
	in, total := map[string][]byte{}, int64(0)
	for _, s := range p.Symbols {
		if total += s.Bytes; s.Kind == target.Input && total < 1<<24 {
			in[s.Name] = make([]byte, s.Bytes)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	_, err = sim.Run(ctx, p, nil, d, in, sim.Options{MaxBytes: 1 << 24, MaxSteps: 1 << 12})
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("doesn't end: %v in\n%s", err, text)
	}
	return err
}

var number = regexp.MustCompile(`[0-9]+`)

// A legal program with a number or a line changed never makes the simulator panic or hang.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 4))
	d := describe(t, "ascend910b3")
	odd := []string{"0", "1", "2", "3", "7", "15", "16", "17", "31", "32", "33", "63", "64", "127", "255", "256", "512", "1024", "4095", "4096", "32767", "65535", "65536", "131072", "1048576", "2147483647", "4294967295"}
	names := []string{"product", "conv", "vector", "host"}
	all := legalPrograms(t)
	refusals := map[sim.Code]int{}
	for range 1500 {
		text := all[names[r.IntN(len(names))]]
		head, body, _ := strings.Cut(text, "name ")
		for range 1 + r.IntN(2) {
			switch r.IntN(4) {
			case 0: // without a line
				lines := strings.Split(body, "\n")
				k := 1 + r.IntN(len(lines)-2)
				body = strings.Join(append(lines[:k:k], lines[k+1:]...), "\n")
			case 1: // two lines exchanged
				lines := strings.Split(body, "\n")
				i, j := 1+r.IntN(len(lines)-2), 1+r.IntN(len(lines)-2)
				lines[i], lines[j] = lines[j], lines[i]
				body = strings.Join(lines, "\n")
			default:
				at := number.FindAllStringIndex(body, -1)
				k := at[r.IntN(len(at))]
				body = body[:k[0]] + odd[r.IntN(len(odd))] + body[k[1]:]
			}
		}
		var e *sim.Error
		if errors.As(bounded(t, d, head+"name "+body), &e) {
			refusals[e.Code]++
		}
	}
	if len(refusals) < 12 {
		t.Errorf("the changes broke only the rules %v", refusals)
	}
}

// FuzzRun: no program makes the simulator panic or hang.
func FuzzRun(f *testing.F) {
	for _, text := range legalPrograms(f) {
		f.Add(text)
	}
	for _, x := range illegalPrograms(f) {
		f.Add(x.text)
	}
	d := describe(f, "ascend910b3")
	f.Fuzz(func(t *testing.T, text string) { _ = bounded(t, d, text) })
}
